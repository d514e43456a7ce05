"""Pictures with odd metadata are read, and turned if their orientation can be read."""

import random
import struct
import warnings
import zlib
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, PngImagePlugin

from rnn_codec.pictures.reading import read_rgb
from tests.data.pictures import noise

TURNS = {
    1: lambda a: a,
    2: lambda a: a[:, ::-1],
    3: lambda a: a[::-1, ::-1],
    4: lambda a: a[::-1],
    5: lambda a: a.swapaxes(0, 1),
    6: lambda a: np.rot90(a, -1),
    7: lambda a: np.rot90(a, 2).swapaxes(0, 1),
    8: lambda a: np.rot90(a, 1),
}
"""The turn that each orientation asks for."""

PIXELS = noise(5, 7)
OPTIONS: dict[str, dict] = {
    "PNG": {},
    "TIFF": {},
    "JPEG": {"quality": 100},
    "WEBP": {"lossless": True},
}
KINDS = list(OPTIONS)
ORIENTATION, EXIF_IFD, GPS_IFD = 0x0112, 0x8769, 0x8825

Line = tuple[int, int, int, bytes]
"""Tag, type, count and field of a line of a TIFF directory."""


def directory(order: str, lines: list[Line], tail: bytes = b"", following: int = 0) -> bytes:
    """A TIFF structure of one directory, which begins at byte 8."""
    packed = [struct.pack(order + "HHL4s", *line) for line in sorted(lines)]
    start = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "L", 8)
    end = struct.pack(order + "L", following)
    return start + struct.pack(order + "H", len(lines)) + b"".join(packed) + end + tail


def turned(order: str, orientation: int) -> Line:
    return ORIENTATION, 3, 1, struct.pack(order + "HH", orientation, 0)


def tiff(order: str, lines: list[Line], tail: bytes = b"", following: int = 0) -> bytes:
    """The picture as a TIFF file, compressed, with these lines among its own."""
    pixels = zlib.compress(PIXELS.tobytes())
    height, width, samples = PIXELS.shape
    own = {256: width, 257: height, 258: 8, 259: 8, 262: 2, 277: samples, 278: height}
    own |= {273: 8 + 2 + 12 * (len(lines) + len(own) + 2) + 4, 279: len(pixels)}
    numbers = [(tag, 4, 1, struct.pack(order + "L", number)) for tag, number in own.items()]
    return directory(order, lines + numbers, pixels + tail, following)


def save(folder: Path, kind: str, exif: bytes) -> Path:
    """Write the picture with this EXIF block, which Pillow does not check."""
    path = folder / f"picture.{kind.lower()}"
    prefix = b"" if kind == "PNG" else b"Exif\0\0"
    Image.fromarray(PIXELS).save(path, exif=prefix + exif, **OPTIONS[kind])
    return path


def plain(folder: Path, kind: str) -> NDArray[np.uint8]:
    """The pixels of a file without metadata, as read by Pillow."""
    path = folder / f"plain.{kind.lower()}"
    Image.fromarray(PIXELS).save(path, **OPTIONS[kind])
    return np.asarray(Image.open(path).convert("RGB"))


@pytest.mark.parametrize(
    ("kind", "count", "field", "orientation"),
    [
        (3, 1, struct.pack("<HH", 6, 0), 6),
        (3, 2, struct.pack("<HH", 6, 3), 6),
        (4, 1, struct.pack("<L", 6), 6),
        (1, 1, b"\6\0\0\0", 6),
        (7, 1, b"\6\0\0\0", 6),
        (8, 1, struct.pack("<hh", 6, 0), 6),
        (11, 1, struct.pack("<f", 6), 6),
        (2, 2, b"6\0\0\0", 6),
        # Not valid orientations.
        (2, 4, b"six\0", 1),
        (3, 0, struct.pack("<HH", 6, 0), 1),
        (3, 1, struct.pack("<HH", 9, 0), 1),
        (11, 1, struct.pack("<f", 6.5), 1),
        (11, 1, struct.pack("<f", float("nan")), 1),
        (5, 1, b"\xff\0\0\0", 1),
        (77, 1, struct.pack("<HH", 6, 0), 1),
    ],
)
def test_an_orientation_of_any_type(
    tmp_path: Path, kind: int, count: int, field: bytes, orientation: int
) -> None:
    path = save(tmp_path, "WEBP", directory("<", [(ORIENTATION, kind, count, field)]))
    np.testing.assert_array_equal(read_rgb(path), TURNS[orientation](PIXELS))


# Tags that pixels are decoded by; tests of metadata do not change them.
PIXEL_TAGS = {*range(254, 280), 284, *range(290, 294), *range(317, 348)} - {269, 270}
OTHER_TAGS = [*({*range(256, 320)} - PIXEL_TAGS), EXIF_IFD, GPS_IFD, 700, 34675]


def odd_lines(rng: random.Random, order: str) -> list[Line]:
    return [
        (
            tag,
            rng.choice([*range(14), 16, 17, 18, 255]),
            rng.choice([0, 1, 1, 1, 2, 3, 9, 2**16, 2**32 - 1]),
            rng.choice(
                [
                    struct.pack(order + "L", rng.choice([8, rng.randrange(90)])),
                    struct.pack(order + "f", rng.choice([float("nan"), float("inf"), 1e30, -1.0])),
                    rng.randbytes(4),
                ]
            ),
        )
        for tag in rng.sample(OTHER_TAGS, 5)
    ]


@pytest.mark.parametrize("kind", KINDS)
def test_hundreds_of_odd_structures(tmp_path: Path, kind: str) -> None:
    rng = random.Random(kind)
    expected = plain(tmp_path, kind)
    path = tmp_path / "a.tif"
    for _ in range(400):
        orientation, order = rng.choice(list(TURNS)), rng.choice("<>")
        lines = [turned(order, orientation), *odd_lines(rng, order)]
        rest = rng.randbytes(rng.choice([0, 8, 60])), rng.choice([0, 8, 7, 2**32 - 1])
        if kind == "TIFF":
            path.write_bytes(tiff(order, lines, *rest))
        else:
            path = save(tmp_path, kind, directory(order, lines, *rest))
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            np.testing.assert_array_equal(read_rgb(path), TURNS[orientation](expected))


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_hundreds_of_damaged_blocks(tmp_path: Path, kind: str) -> None:
    """Cut off, or changed anywhere: the picture is read, in any orientation."""
    rng = random.Random(kind)
    possible = [turn(plain(tmp_path, kind)) for turn in TURNS.values()]
    for _ in range(200):
        exif = bytearray(directory("<", [turned("<", 6), *odd_lines(rng, "<")], bytes(60)))
        del exif[rng.randrange(1, 2 * len(exif)) :]
        for _ in range(rng.randrange(4)):
            exif[rng.randrange(len(exif))] = rng.randrange(256)
        pixels = read_rgb(save(tmp_path, kind, bytes(exif)))
        assert any(np.array_equal(pixels, other) for other in possible)


def test_big_tiff(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    Image.fromarray(PIXELS).save(path, big_tiff=True, tiffinfo={ORIENTATION: 6})
    assert path.read_bytes()[2] == 43
    np.testing.assert_array_equal(read_rgb(path), TURNS[6](PIXELS))


def test_pages_and_strips_of_a_tiff(tmp_path: Path) -> None:
    pages = [Image.fromarray(noise(300, 40, seed)) for seed in range(3)]
    pages[0].save(
        tmp_path / "a.tif", save_all=True, append_images=pages[1:], tiffinfo={278: 7, 700: b"<x/>"}
    )
    np.testing.assert_array_equal(read_rgb(tmp_path / "a.tif"), noise(300, 40))


XMP = b'<rdf:Description tiff:Orientation="8"/>'


@pytest.mark.parametrize("kind", KINDS)
def test_the_orientation_of_xmp(tmp_path: Path, kind: str) -> None:
    path = tmp_path / f"a.{kind.lower()}"
    text = PngImagePlugin.PngInfo()
    text.add_itxt("XML:com.adobe.xmp", XMP.decode(), zip=True)
    where = {"PNG": {"pnginfo": text}, "TIFF": {"tiffinfo": {700: XMP}}}.get(kind, {"xmp": XMP})
    Image.fromarray(PIXELS).save(path, **OPTIONS[kind], **where)
    np.testing.assert_array_equal(read_rgb(path), TURNS[8](plain(tmp_path, kind)))


def test_the_orientation_that_imagemagick_writes(tmp_path: Path) -> None:
    exif = b"Exif\0\0" + directory(">", [turned(">", 3)])
    text = PngImagePlugin.PngInfo()
    text.add_text("Raw profile type exif", f"\nexif\n      {len(exif)}\n{exif.hex()}\n", zip=True)
    Image.fromarray(PIXELS).save(tmp_path / "a.png", pnginfo=text)
    np.testing.assert_array_equal(read_rgb(tmp_path / "a.png"), TURNS[3](PIXELS))


def png_chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">L", len(body)) + kind + body + struct.pack(">L", zlib.crc32(kind + body))


@pytest.mark.parametrize(
    "chunks",
    [
        pytest.param(png_chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(2**21))), id="long"),
        pytest.param(png_chunk(b"iTXt", b"a\0\1\0\0\0" + zlib.compress(bytes(2**21))), id="long-i"),
        pytest.param(png_chunk(b"tEXt", b"a\0" + bytes(2**20)) * 70, id="many"),
        pytest.param(png_chunk(b"zTXt", b"a\0\7what"), id="method"),
        pytest.param(png_chunk(b"iCCP", b"a\0\0" + zlib.compress(bytes(2**21))), id="profile"),
        pytest.param(png_chunk(b"gAMA", b"\0") + png_chunk(b"cHRM", b"\0"), id="colours"),
        pytest.param(png_chunk(b"pHYs", b"\0") + png_chunk(b"sRGB", b""), id="cut"),
        pytest.param(png_chunk(b"acTL", b"\0") + png_chunk(b"fcTL", b""), id="animation"),
        pytest.param(png_chunk(b"tEXt", b"a\0b")[:-1] + b"!", id="check value"),
        pytest.param(png_chunk(b"eXIf", b""), id="empty"),
    ],
)
def test_what_is_said_in_a_png_is_no_hindrance(tmp_path: Path, chunks: bytes) -> None:
    Image.fromarray(PIXELS).save(tmp_path / "a.png")
    file = (tmp_path / "a.png").read_bytes()
    first_chunk = 8 + 25
    (tmp_path / "a.png").write_bytes(file[:first_chunk] + chunks + file[first_chunk:])
    np.testing.assert_array_equal(read_rgb(tmp_path / "a.png"), PIXELS)


def test_segments_of_applications_are_no_hindrance(tmp_path: Path) -> None:
    expected = plain(tmp_path, "JPEG")
    file = (tmp_path / "plain.jpeg").read_bytes()
    segments = b"".join(
        b"\xff" + bytes([marker]) + struct.pack(">H", len(body) + 2) + body
        for marker, body in [
            (0xE1, b"Exif\0\0"),
            (0xE1, b"Exif\0\0MM"),
            (0xE2, b"MPF\0II*\0\x08\0\0\0\xff\xff"),
            (0xE2, b"ICC_PROFILE\0"),
            (0xED, b"Photoshop 3.0\0" + b"8BIM\3"),
            (0xFE, b"a comment"),
        ]
    )
    for gap in (b"", b"\xff\xff"):
        (tmp_path / "a.jpg").write_bytes(file[:2] + segments + gap + file[2:])
        np.testing.assert_array_equal(read_rgb(tmp_path / "a.jpg"), expected)


def test_jpeg_of_cmyk_keeps_the_meaning_of_its_samples(tmp_path: Path) -> None:
    image = Image.new("CMYK", (8, 8), (0, 255, 255, 0))
    image.save(tmp_path / "a.jpg", quality=100)
    red = read_rgb(tmp_path / "a.jpg").astype(int)
    assert np.abs(red - [255, 0, 0]).max() <= 2
