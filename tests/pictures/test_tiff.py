"""TIFF files that are cut off, incomplete or damaged."""

import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnn_codec.pictures.reading import UnreadableImageError
from tests.data.pictures import noise
from tests.pictures.damaged import DAMAGE, Damage, assert_read_or_refused
from tests.pictures.tiffs import from_tags, read, tiff

PIXELS = noise(40, 50)
RGB = {"photometric": "rgb"}
LAYOUTS: list[dict[str, Any]] = [
    {"rowsperstrip": 7},
    {"rowsperstrip": 7, "compression": "zlib"},
    {"tile": (16, 32)},
    {"tile": (16, 32), "compression": "zlib"},
]


@pytest.mark.parametrize("big", [False, True])
@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("layout", LAYOUTS)
def test_big_and_small(tmp_path: Path, layout: dict[str, Any], order: str, big: bool) -> None:
    content = tiff((PIXELS, {**RGB, **layout}), order=order, big=big)
    np.testing.assert_array_equal(read(tmp_path, content), PIXELS)


@pytest.mark.parametrize("planes", [False, True])
@pytest.mark.parametrize("big", [False, True])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_file_that_is_cut_is_refused(
    tmp_path: Path, layout: dict[str, Any], big: bool, planes: bool
) -> None:
    """Missing pixels are not made up, nor taken from other parts of the file."""
    pixels, options = (PIXELS.transpose(2, 0, 1), {"planarconfig": 2}) if planes else (PIXELS, {})
    content = tiff((pixels, {**RGB, **options, **layout}), big=big)
    # Tiles extend below the picture. This padding may be missing unless it is compressed.
    padding = 0 if "rowsperstrip" in layout or "compression" in layout else 8 * 32 * 3
    for lost in (padding + 1, padding + 2, padding + 300, len(content) // 2, len(content) - 20):
        with pytest.raises(UnreadableImageError, match=r"cut off|not a complete"):
            read(tmp_path, content[:-lost])


TAGS = {256: (8,), 257: (6,), 258: (8,), 262: (1,), 277: (1,), 278: (2,)}
GREY = noise(6, 8)[..., 0]


def strips(starts: list[int], lengths: list[int]) -> bytes:
    """Grey in strips of two rows; starts count from 1 at the first pixel, and 0 means none."""
    template = from_tags("<", GREY.tobytes(), TAGS)
    first = len(template) - GREY.size
    shift = 24 + 8 * max(len(starts), 3)
    places = b"".join(struct.pack("<L", start and first + shift + start - 1) for start in starts)
    ends = b"".join(struct.pack("<L", length) for length in lengths)
    content = bytearray(template)
    for index in range(struct.unpack_from("<H", content, 8)[0]):
        line = 10 + 12 * index
        tag = struct.unpack_from("<H", content, line)[0]
        if tag in (273, 279):
            values, at = (starts, first) if tag == 273 else (lengths, first + len(places))
            struct.pack_into("<LL", content, line + 4, len(values), at)
    return bytes(content[:first]) + (places + ends).ljust(shift, b"\0") + GREY.tobytes()


def test_strips_in_any_order(tmp_path: Path) -> None:
    """Their lengths are known without being stated, and a strip too many does no harm."""
    rows = GREY.reshape(3, 2, 8)[[2, 0, 1]].reshape(6, 8)
    for lengths in ([16, 16, 16], [1, 2, 3], [16, 16, 999]):
        found = read(tmp_path, strips([33, 1, 17], lengths))
        np.testing.assert_array_equal(found[..., 0], rows)
    np.testing.assert_array_equal(read(tmp_path, strips([1, 17, 33, 1], [16] * 4))[..., 0], GREY)


@pytest.mark.parametrize(
    ("starts", "sentence"),
    [
        ([1, 17], "does not say where"),
        ([1, 0, 33], "leaves out some of its pixels"),
        ([1, 17, 34], "cut off"),
        ([1, 17, 2**31], "cut off"),
    ],
)
def test_strips_that_are_not_there(tmp_path: Path, starts: list[int], sentence: str) -> None:
    with pytest.raises(UnreadableImageError, match=sentence):
        read(tmp_path, strips(starts, [16] * len(starts)))


FILES = [
    tiff(
        (noise(4, 5), {**RGB, "subifds": 1, "subfiletype": 1}),
        (noise(12, 16), {**RGB, "rowsperstrip": 5, "compression": compression, **options}),
        order=order,
        big=big,
    )
    for order in "<>"
    for big in (False, True)
    for compression in (None, "zlib")
    for options in ({}, {"tile": (16, 16), "extratags": [(274, 3, 1, 6)]})
]


@given(st.sampled_from(FILES), DAMAGE)
def test_damaged_files_are_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, content: bytes, damage: Damage
) -> None:
    path = tmp_path_factory.getbasetemp() / "damaged.tif"
    assert_read_or_refused(content, damage, path)
