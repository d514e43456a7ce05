"""Photographs in one file."""

import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from rnn_codec.accelerated.pack import Pixels, read_pack
from rnn_codec.accelerated.packing import (
    LOSSLESS,
    LOWEST_QUALITY,
    encode_picture,
    write_pack,
)

from rnn_codec.errors import UserError

RNG = np.random.default_rng(0)
PICTURES = [
    RNG.integers(0, 256, (height, width, 3)).astype(np.uint8)
    for height, width in ((40, 60), (33, 17), (64, 64))
]


def readers(pictures: list[Pixels]) -> list[Callable[[], Pixels]]:
    return [lambda picture=picture: picture for picture in pictures]


PARTS = {"training": readers(PICTURES[:2]), "validation": readers(PICTURES[2:])}


def size_with(quality: int, folder: Path) -> int:
    """Of the archive that zipfile itself makes."""
    path = folder / f"{quality}.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for part, reading in PARTS.items():
            for index, read in enumerate(reading):
                name = zipfile.ZipInfo(f"{part}/{index:05d}.webp")
                archive.writestr(name, encode_picture(read(), quality))
    return path.stat().st_size


def test_without_a_tight_limit_nothing_is_lost(tmp_path: Path) -> None:
    path = tmp_path / "pack.zip"
    assert write_pack(path, PARTS, 10**6) == LOSSLESS
    for part, expected in (("training", PICTURES[:2]), ("validation", PICTURES[2:])):
        read = read_pack(path, part)
        assert len(read) == len(expected)
        assert all(np.array_equal(a, b) for a, b in zip(read, expected, strict=True))


@pytest.mark.parametrize("quality", [LOWEST_QUALITY, 75, 99])
def test_the_quality_is_the_highest_that_the_size_allows(quality: int, tmp_path: Path) -> None:
    path, limit = tmp_path / "pack.zip", size_with(quality, tmp_path)
    chosen = write_pack(path, PARTS, limit)
    assert chosen >= quality
    assert path.stat().st_size == size_with(chosen, tmp_path) <= limit
    assert size_with(chosen + 1, tmp_path) > limit


def test_the_same_pictures_make_the_same_file(tmp_path: Path) -> None:
    for name in ("a.zip", "b.zip"):
        write_pack(tmp_path / name, PARTS, 10**6)
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()


def test_a_size_that_cannot_be_reached_is_refused_and_nothing_is_left(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="megabytes"):
        write_pack(tmp_path / "pack.zip", PARTS, 1000)
    assert list(tmp_path.iterdir()) == []


def test_a_missing_pack_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"pack_photographs\.py"):
        read_pack(tmp_path / "nowhere.zip", "training")


def whole() -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("training/00000.webp", encode_picture(PICTURES[1], LOSSLESS))
    return stream.getvalue()


WHOLE = whole()


@settings(max_examples=200)
# The length of a name, the flags and the method of packing: each is refused by another error.
@example(place=29, change=65, cut=False)
@example(place=len(WHOLE) - 79, change=9, cut=False)
@example(place=len(WHOLE) - 77, change=8, cut=False)
@example(place=len(WHOLE) - 76, change=65, cut=False)
@given(st.integers(0, len(WHOLE) - 1), st.integers(1, 255), st.booleans())
def test_damage_is_refused_or_harmless(
    tmp_path_factory: pytest.TempPathFactory, place: int, change: int, cut: bool
) -> None:
    content = bytearray(WHOLE)
    content[place] ^= change
    path = tmp_path_factory.getbasetemp() / "damaged.zip"
    path.write_bytes(bytes(content[:place]) if cut else bytes(content))
    try:
        pictures = read_pack(path, "training")
    except UserError:
        return
    assert all(picture.ndim == 3 and picture.shape[2] == 3 for picture in pictures)
