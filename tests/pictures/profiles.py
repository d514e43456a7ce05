"""Minimal ICC profiles, made by hand [ICC.1:2001-04]."""

import struct

ADOBE_RGB = ((0.60974, 0.31111, 0.01947), (0.20528, 0.62567, 0.06087), (0.14919, 0.06322, 0.74457))
"""XYZ of red, green and blue, adapted to D50."""
D50 = (0.9642, 1.0, 0.8249)


def rgb_profile(
    primaries: tuple[tuple[float, float, float], ...] = ADOBE_RGB, gamma: float = 563 / 256
) -> bytes:
    """An RGB profile of three primaries and an exponent."""
    tags = {
        name: xyz(value) for name, value in zip(("rXYZ", "gXYZ", "bXYZ"), primaries, strict=True)
    }
    curves = {name: curve(gamma) for name in ("rTRC", "gTRC", "bTRC")}
    return profile("mntr", "RGB ", "XYZ ", tags | curves)


def grey_profile(gamma: float) -> bytes:
    """A grey profile of an exponent."""
    return profile("mntr", "GRAY", "XYZ ", {"kTRC": curve(gamma)})


def cmyk_profile() -> bytes:
    """A CMYK profile without colour: each of the four inks takes a quarter of the lightness."""
    straight = bytes(range(256))
    corners = [f"{number:04b}".count("1") for number in range(16)]
    table = b"".join(bytes([round(255 * (4 - inks) / 4), 128, 128]) for inks in corners)
    identity = struct.pack(">9l", *(65536 * (place % 4 == 0) for place in range(9)))
    lut = b"mft1" + bytes(4) + bytes([4, 3, 2, 0]) + identity + 4 * straight + table + 3 * straight
    return profile("prtr", "CMYK", "Lab ", {"A2B0": lut})


def profile(kind: str, colours: str, connection: str, tags: dict[str, bytes]) -> bytes:
    """A profile of version 2."""
    name = b"desc" + bytes(4) + struct.pack(">L", 5) + b"made\0" + bytes(78)
    tags = {"desc": name, "cprt": b"text" + bytes(4) + b"none\0", "wtpt": xyz(D50), **tags}
    start, index, body = 128 + 4 + 12 * len(tags), b"", b""
    for tag, content in tags.items():
        index += tag.encode() + struct.pack(">LL", start + len(body), len(content))
        body += content + bytes(-len(content) % 4)
    header = struct.pack(
        ">L4sL4s4s4s12s4s28s12s48s",
        *(start + len(body), b"none", 0x02100000, kind.encode(), colours.encode()),
        *(connection.encode(), bytes(12), b"acsp", bytes(28), numbers(D50), bytes(48)),
    )
    return header + struct.pack(">L", len(tags)) + index + body


def curve(gamma: float) -> bytes:
    return b"curv" + bytes(4) + struct.pack(">LH", 1, round(256 * gamma))


def xyz(values: tuple[float, ...]) -> bytes:
    return b"XYZ " + bytes(4) + numbers(values)


def numbers(values: tuple[float, ...]) -> bytes:
    return struct.pack(">3l", *(round(65536 * value) for value in values))
