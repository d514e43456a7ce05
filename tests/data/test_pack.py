"""Photographs in one file."""

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from rnn_codec.data.decoding import DecodedImages
from rnn_codec.data.pack import (
    LOSSLESS,
    LOWEST_QUALITY,
    encode_picture,
    extract_pack,
    write_pack,
)
from rnn_codec.data.split import Split
from rnn_codec.errors import UserError
from rnn_codec.pictures.reading import read_rgb
from tests.data.pictures import decoded, noise


@pytest.fixture(scope="module")
def split(tmp_path_factory: pytest.TempPathFactory) -> Split:
    images = decoded(tmp_path_factory.mktemp("pack"), [(40, 60), (33, 17), (64, 64)])
    return Split(images.select([0, 1]), images.select([2]))


def parts(split: Split) -> dict[str, DecodedImages]:
    return {"training": split.training, "validation": split.validation}


def size_with(quality: int, split: Split, folder: Path) -> int:
    """Of the archive that zipfile itself makes."""
    path = folder / f"{quality}.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for part, images in parts(split).items():
            for index in range(len(images)):
                name = zipfile.ZipInfo(f"{part}/{index:05d}.webp")
                archive.writestr(name, encode_picture(images.image(index), quality))
    return path.stat().st_size


def test_without_a_tight_limit_nothing_is_lost(split: Split, tmp_path: Path) -> None:
    assert write_pack(tmp_path / "pack.zip", split, 10**6) == LOSSLESS
    folder = extract_pack(tmp_path / "pack.zip", tmp_path / "cache")
    for part, images in parts(split).items():
        paths = sorted((folder / part).iterdir())
        assert len(paths) == len(images)
        for index, path in enumerate(paths):
            assert np.array_equal(read_rgb(path), images.image(index))
    # The second time it is there.
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    assert extract_pack(tmp_path / "pack.zip", tmp_path / "cache") == folder
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == before


@pytest.mark.parametrize("quality", [LOWEST_QUALITY, 75, 99])
def test_the_quality_is_the_highest_that_the_size_allows(
    quality: int, split: Split, tmp_path: Path
) -> None:
    path, limit = tmp_path / "pack.zip", size_with(quality, split, tmp_path)
    chosen = write_pack(path, split, limit)
    assert chosen >= quality
    assert path.stat().st_size == size_with(chosen, split, tmp_path) <= limit
    assert size_with(chosen + 1, split, tmp_path) > limit


def test_the_same_pictures_make_the_same_file(split: Split, tmp_path: Path) -> None:
    for name in ("a.zip", "b.zip"):
        write_pack(tmp_path / name, split, 10**6)
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()


def test_a_size_that_cannot_be_reached_is_refused_and_nothing_is_left(
    split: Split, tmp_path: Path
) -> None:
    with pytest.raises(UserError, match="megabytes"):
        write_pack(tmp_path / "pack.zip", split, 1000)
    assert list(tmp_path.iterdir()) == []


def test_a_missing_pack_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="rnn-codec pack"):
        extract_pack(tmp_path / "nowhere.zip", tmp_path)


def whole() -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("training/00000.webp", encode_picture(noise(33, 17), LOSSLESS))
    return stream.getvalue()


WHOLE = whole()


@settings(max_examples=100)
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
    folder = tmp_path_factory.mktemp("damaged")
    path = folder / "damaged.zip"
    path.write_bytes(bytes(content[:place]) if cut else bytes(content))
    try:
        extracted = extract_pack(path, folder)
    except UserError:
        assert list(folder.iterdir()) == [path]
        return
    assert extracted.parent == folder
