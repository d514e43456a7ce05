"""Kinds of TIFF, as another library writes them, against pixels worked out by hand."""

import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from rnn_codec.pictures.reading import UnreadableImageError, read_rgb
from tests.data.pictures import noise
from tests.pictures.tiffs import from_tags, read, tiff

LAYOUTS = [
    pytest.param({"rowsperstrip": 7}, id="strips"),
    pytest.param({"rowsperstrip": 7, "compression": "zlib"}, id="strips, compressed"),
    pytest.param({"tile": (16, 32)}, id="tiles"),
    pytest.param({"tile": (16, 32), "compression": "zlib"}, id="tiles, compressed"),
    pytest.param({"rowsperstrip": 9, "compression": "zlib", "predictor": True}, id="differences"),
]
ORDERS = pytest.mark.parametrize("order", "<>")
EVERY_LAYOUT = pytest.mark.parametrize("layout", LAYOUTS)

RAMP = np.linspace(0, 1, 40 * 50).reshape(40, 50)
"""Every level from black to white."""


def triple(grey: NDArray[Any]) -> NDArray[np.uint8]:
    return np.rint(255 * np.stack([grey] * 3, axis=-1)).astype(np.uint8)


def deep(levels: NDArray[np.uint8], seed: int = 1) -> NDArray[np.uint16]:
    """Samples of 16 bits whose upper bytes are these levels."""
    lower = np.random.default_rng(seed).integers(256, size=levels.shape, dtype=np.uint16)
    return (levels.astype(np.uint16) << 8) + lower


@ORDERS
@EVERY_LAYOUT
@pytest.mark.parametrize(
    ("kind", "white", "photometric"),
    [
        ("u1", 255, "minisblack"),
        ("u1", 255, "miniswhite"),
        ("u2", 65535, "minisblack"),
        ("u2", 65535, "miniswhite"),
        ("i4", 65535, "minisblack"),
        ("u4", 65535, "minisblack"),
    ],
)
def test_grey(
    tmp_path: Path, kind: str, white: int, photometric: str, layout: dict[str, Any], order: str
) -> None:
    levels = np.rint(white * RAMP).astype(kind)
    stored = white - levels if photometric == "miniswhite" else levels
    found = read(tmp_path, tiff((stored, {"photometric": photometric, **layout}), order=order))
    np.testing.assert_array_equal(found, triple(levels / white))


@ORDERS
@pytest.mark.parametrize("layout", LAYOUTS[:-1])
@pytest.mark.parametrize("photometric", ["minisblack", "miniswhite"])
def test_grey_in_floating_point(
    tmp_path: Path, photometric: str, layout: dict[str, Any], order: str
) -> None:
    stored = (1 - RAMP if photometric == "miniswhite" else RAMP).astype(np.float32)
    found = read(tmp_path, tiff((stored, {"photometric": photometric, **layout}), order=order))
    np.testing.assert_allclose(found, triple(RAMP), atol=1)


def test_differences_of_floating_point(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    image = Image.fromarray(RAMP.astype(np.float32))
    image.save(path, compression="tiff_adobe_deflate", tiffinfo={317: 3})
    np.testing.assert_allclose(read_rgb(path), triple(RAMP), atol=1)


def test_no_number_is_black_whatever_zero_is(tmp_path: Path) -> None:
    content = tiff((np.array([[np.nan, 0, 1]], np.float32), {"photometric": "miniswhite"}))
    assert read(tmp_path, content)[0, :, 0].tolist() == [0, 255, 0]


def test_unsigned_levels_above_16_bits_are_white(tmp_path: Path) -> None:
    for order in "<>":
        content = tiff((np.array([[0, 65535, 2**31, 2**32 - 1]], np.uint32), {}), order=order)
        assert read(tmp_path, content)[0, :, 0].tolist() == [0, 255, 255, 255]


@ORDERS
@EVERY_LAYOUT
@pytest.mark.parametrize("planes", [False, True])
@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("opacity", [None, "unassalpha", "unspecified"])
def test_rgb(
    tmp_path: Path, bits: int, planes: bool, opacity: str | None, layout: dict[str, Any], order: str
) -> None:
    colour = noise(40, 50)
    pixels, options = colour, {"photometric": "rgb", **layout}
    expected: NDArray[Any] = colour
    if opacity:
        alpha = noise(40, 50, seed=5)[..., :1]
        pixels, options = (
            np.concatenate([colour, alpha], axis=-1),
            {**options, "extrasamples": [opacity]},
        )
        if opacity == "unassalpha":
            expected = alpha / 255 * colour + (1 - alpha / 255) * 255
    stored = deep(pixels) if bits == 16 else pixels
    if planes:
        stored, options = stored.transpose(2, 0, 1), {**options, "planarconfig": "separate"}
    found = read(tmp_path, tiff((stored, options), order=order))
    np.testing.assert_allclose(found, expected, atol=1 if opacity else 0)


@ORDERS
@EVERY_LAYOUT
@pytest.mark.parametrize("planes", [False, True])
@pytest.mark.parametrize("bits", [8, 16])
def test_cmyk(tmp_path: Path, bits: int, planes: bool, layout: dict[str, Any], order: str) -> None:
    inks = np.concatenate([noise(40, 50), np.zeros((40, 50, 1), np.uint8)], axis=-1)
    stored, options = deep(inks) if bits == 16 else inks, {"photometric": "separated", **layout}
    if planes:
        stored, options = stored.transpose(2, 0, 1), {**options, "planarconfig": "separate"}
    found = read(tmp_path, tiff((stored, options), order=order))
    np.testing.assert_array_equal(found, 255 - inks[..., :3])


@ORDERS
@EVERY_LAYOUT
def test_grey_with_opacity(tmp_path: Path, layout: dict[str, Any], order: str) -> None:
    grey, alpha = noise(40, 50)[..., 0], noise(40, 50, seed=5)[..., 0]
    options = {"photometric": "minisblack", "extrasamples": ["unassalpha"], **layout}
    content = tiff(
        (np.stack([grey, alpha], axis=-1), {"planarconfig": "contig", **options}), order=order
    )
    expected = alpha / 255 * grey + (1 - alpha / 255) * 255
    np.testing.assert_allclose(read(tmp_path, content)[..., 0], expected, atol=1)


def packed(levels: NDArray[Any], bits: int) -> bytes:
    """Rows of samples, the upper bits first, each row padded to whole bytes."""
    unpacked = levels[..., None] >> np.arange(bits)[::-1] & 1
    return np.packbits(unpacked.reshape(len(levels), -1).astype(np.uint8), axis=-1).tobytes()


@ORDERS
@pytest.mark.parametrize("compression", [1, 8])
@pytest.mark.parametrize("white_is_zero", [False, True])
@pytest.mark.parametrize("bits", [1, 2, 4, 12])
def test_grey_of_odd_depths(
    tmp_path: Path, bits: int, white_is_zero: bool, compression: int, order: str
) -> None:
    levels = np.random.default_rng(0).integers(2**bits, size=(5, 13))
    stored = packed(2**bits - 1 - levels if white_is_zero else levels, bits)
    tags = {256: (13,), 257: (5,), 258: (bits,), 259: (compression,)}
    tags |= {262: (0 if white_is_zero else 1,), 277: (1,)}
    content = from_tags(order, zlib.compress(stored) if compression == 8 else stored, tags)
    np.testing.assert_array_equal(read(tmp_path, content), triple(levels / (2**bits - 1)))


@ORDERS
def test_planes_of_one_sample_are_no_planes(tmp_path: Path, order: str) -> None:
    levels = noise(6, 8)[..., 0]
    tags = {256: (8,), 257: (6,), 277: (1,), 284: (2,)}
    deep_levels = (levels.astype(np.uint16) * 257).astype(f"{order}u2")
    for bits, photometric, stored in ((8, 0, 255 - levels), (16, 1, deep_levels)):
        content = from_tags(order, stored.tobytes(), {**tags, 258: (bits,), 262: (photometric,)})
        np.testing.assert_array_equal(read(tmp_path, content), triple(levels / 255))


@ORDERS
@pytest.mark.parametrize("subsampling", [(1, 1), (2, 2), (2, 1), None])
def test_ycbcr_without_compression(
    tmp_path: Path, subsampling: tuple[int, int] | None, order: str
) -> None:
    """Blocks of luma with one chroma sample each; two by two if the file does not say."""
    across, down = subsampling or (2, 2)
    luma = np.arange(60, 108).reshape(6, 8)
    blocks = (
        luma.reshape(6 // down, down, 8 // across, across).swapaxes(1, 2).reshape(-1, across * down)
    )
    stored = np.column_stack([blocks, np.full(len(blocks), 120), np.full(len(blocks), 140)])
    tags = {256: (8,), 257: (6,), 258: (8, 8, 8), 262: (6,), 277: (3,), 278: (6,)}
    tags |= {530: subsampling} if subsampling else {}
    found = read(tmp_path, from_tags(order, stored.astype(np.uint8).tobytes(), tags))
    green = luma - 0.344136 * (120 - 128) - 0.714136 * (140 - 128)
    expected = np.stack([luma + 1.402 * 12, green, luma - 1.772 * 8], axis=-1)
    np.testing.assert_allclose(found, expected, atol=1)


def test_ycbcr_of_another_range(tmp_path: Path) -> None:
    """Black at 16, white at 235, and weights of BT.709."""
    stored = np.full((4, 4, 3), [(16, 128, 128), (235, 128, 128), (63, 102, 240), (16, 128, 128)])
    tags = {256: (4,), 257: (4,), 258: (8, 8, 8), 262: (6,), 277: (3,), 278: (4,), 530: (1, 1)}
    ranges = {532: (16, 235, 128, 240, 128, 240), 529: (0.2126, 0.7152, 0.0722)}
    content = from_tags("<", stored.astype(np.uint8).tobytes(), tags, fractions=ranges)
    expected = np.full((4, 4, 3), [(0, 0, 0), (255, 255, 255), (255, 0, 0), (0, 0, 0)])
    np.testing.assert_allclose(read(tmp_path, content), expected, atol=3)


def test_lab(tmp_path: Path) -> None:
    """L* of 50 is a grey of 119 in sRGB; a* and b* are signed."""
    lab = np.zeros((4, 4, 3), np.uint8)
    lab[..., 0] = 128
    found = read(tmp_path, tiff((lab, {"photometric": "cielab"})))
    np.testing.assert_allclose(found, 119, atol=2)
    lab[..., 1] = 206
    red, green, blue = read(tmp_path, tiff((lab, {"photometric": "cielab"})))[0, 0].tolist()
    assert red < blue < green


def grey(kind: str, **options: Any) -> bytes:
    return tiff((np.ones((4, 5), kind), {"photometric": "minisblack", **options}))


def colours(kind: str, count: int, **options: Any) -> bytes:
    planes = options.get("planarconfig") == "separate"
    return tiff((np.ones((count, 4, 5) if planes else (4, 5, count), kind), options))


PLANES = {"planarconfig": "separate"}


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (grey("i1"), "grey in 8-bit signed integers"),
        (grey("i1", compression="zlib"), "grey in 8-bit signed integers"),
        (grey("i2"), "grey in 16-bit signed integers"),
        (grey("f2"), "grey in 16-bit floating-point numbers"),
        (grey("f8"), "grey in 64-bit floating-point numbers"),
        (grey("u8"), "grey in 64-bit unsigned integers"),
        (grey("c8"), "grey in 64-bit complex floating-point numbers"),
        (grey("u4", photometric="miniswhite"), "white is zero in 32-bit unsigned integers"),
        (colours("f4", 3, photometric="rgb"), "RGB in 32-bit floating-point numbers"),
        (colours("f4", 3, photometric="rgb", **PLANES), "numbers plane by plane"),
        (colours("u4", 3, photometric="rgb"), "RGB in 32-bit unsigned integers"),
        (colours("i1", 3, photometric="rgb"), "RGB in 8-bit signed integers"),
        (
            colours("u2", 2, photometric="minisblack", extrasamples=["unassalpha"], planarconfig=1),
            "grey with alpha in 16-bit unsigned integers",
        ),
        (
            colours("u1", 2, photometric="minisblack", extrasamples=["unassalpha"], **PLANES),
            "grey with alpha in 8-bit unsigned integers of 2 samples plane by plane",
        ),
        (
            colours("u1", 4, photometric="rgb", extrasamples=["assocalpha"], **PLANES),
            "RGB with alpha in 8-bit unsigned integers of 4 samples plane by plane",
        ),
        (colours("u1", 3, photometric="cielab", **PLANES), "CIE L.* plane by plane"),
        (colours("u2", 3, photometric="cielab"), "CIE L.* in 16-bit"),
        (colours("u1", 3, photometric="icclab"), "ICC L"),
        (colours("u1", 3, photometric="logluv"), "LogLuv"),
        (
            from_tags("<", bytes(20), {256: (4,), 257: (5,), 258: (8,), 262: (9999,)}),
            "photometric interpretation 9999",
        ),
        (colours("u1", 5, photometric="separated", extratags=[(332, 3, 1, 2)]), "inks"),
        (
            from_tags("<", bytes(40), {256: (4,), 257: (5,), 258: (5, 6, 5), 262: (2,), 277: (3,)}),
            "RGB in 5-, 6-bit unsigned integers",
        ),
        (from_tags("<", bytes(20), {256: (4,), 257: (5,), 258: (8,)}), "it does not name"),
        (
            from_tags("<", bytes(20), {256: (4,), 257: (5,), 258: (8,), 259: (34712,), 262: (1,)}),
            "compression 34712",
        ),
    ],
)
def test_other_kinds_are_refused_by_name(tmp_path: Path, content: bytes, name: str) -> None:
    with pytest.raises(UnreadableImageError, match=rf"a\.tif cannot .*{name}.*: save it"):
        read(tmp_path, content)
