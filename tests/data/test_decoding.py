"""The cache of decoded pictures."""

import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rnn_codec.data import decoding
from rnn_codec.data.decoding import decode, read_decoded
from rnn_codec.errors import UserError
from tests.data.pictures import decoded, noise, save


def test_pictures_come_back_under_their_names(tmp_path: Path) -> None:
    paths = [save(tmp_path / "a/x.png", noise(5, 9)), save(tmp_path / "b.png", noise(8, 3, 1))]
    images = decode(paths, tmp_path / "cache")
    assert images.names == ("a/x.png", "b.png")
    np.testing.assert_array_equal(images.image(0), noise(5, 9))
    np.testing.assert_array_equal(images.image(1), noise(8, 3, 1))
    np.testing.assert_array_equal(images.select([1]).image(0), noise(8, 3, 1))


def test_second_time_nothing_is_decoded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = decoded(tmp_path, [(5, 9), (8, 3)])
    monkeypatch.delattr(decoding, "read_rgb")
    paths = [tmp_path / "0.png", tmp_path / "1.png"]
    again = decode(paths, tmp_path / "cache")
    np.testing.assert_array_equal(again.pixels, first.pixels)
    assert again.digest == first.digest


def test_pixels_are_mapped_read_only(tmp_path: Path) -> None:
    pixels = decoded(tmp_path, [(5, 9)]).pixels
    assert isinstance(pixels.base, np.memmap)
    assert not pixels.flags.writeable


def test_changed_picture_is_decoded_anew(tmp_path: Path) -> None:
    before = decoded(tmp_path, [(5, 9), (8, 3)])
    path = save(tmp_path / "1.png", noise(8, 3, seed=7))
    os.utime(path, ns=(0, 1))
    after = decode([tmp_path / "0.png", path], tmp_path / "cache")
    np.testing.assert_array_equal(after.image(1), noise(8, 3, seed=7))
    assert after.digest != before.digest


def test_fingerprint_is_of_names_and_pixels_alone(tmp_path: Path) -> None:
    here, there = (
        decoded(tmp_path / "a", [(5, 9), (8, 3)]),
        decoded(tmp_path / "b", [(5, 9), (8, 3)]),
    )
    assert here.digest == there.digest
    assert here.digest != here.select([0]).digest
    # The same bytes in another shape.
    flat = save(tmp_path / "c/0.png", noise(5, 9).reshape(9, 5, 3))
    assert decode([flat], tmp_path).digest != here.select([0]).digest


def test_unreadable_picture_is_left_out_with_a_warning_each_time(tmp_path: Path) -> None:
    good = save(tmp_path / "good.png", noise(4, 4))
    bad = tmp_path / "bad.png"
    bad.write_text("no picture")
    for _ in range(2):
        with pytest.warns(UserWarning, match=r"left out: .*bad\.png"):
            images = decode([bad, good], tmp_path / "cache")
        np.testing.assert_array_equal(images.image(0), noise(4, 4))


@pytest.mark.filterwarnings("ignore:left out")
def test_nothing_readable_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "bad.png").touch()
    with pytest.raises(UserError, match=r"none of the 1 pictures.*bad\.png"):
        decode([tmp_path / "bad.png"], tmp_path / "cache")


def test_interrupted_decoding_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(path: Path) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(decoding, "read_rgb", interrupt)
    with pytest.raises(KeyboardInterrupt):
        decoded(tmp_path, [(5, 9)])
    assert list((tmp_path / "cache").iterdir()) == []


def test_cache_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    path = save(tmp_path / "a.png", noise(4, 4))
    with pytest.raises(UserError, match=r"data\.cache_dir"):
        decode([path], path)


@pytest.mark.parametrize("kind", ["bin", "json"])
def test_damaged_cache_is_named(kind: str, tmp_path: Path) -> None:
    images = decoded(tmp_path, [(5, 9)])
    (cache,) = (tmp_path / "cache").glob(f"*.{kind}")
    cache.write_bytes(cache.read_bytes()[1:])
    with pytest.raises(UserError, match=r"pictures-\w+\.json is damaged: delete it"):
        decode([tmp_path / images.names[0]], tmp_path / "cache")


@settings(max_examples=300, deadline=None)
@given(
    st.one_of(
        st.binary(max_size=40),
        st.tuples(st.integers(0, 300), st.integers(0, 300), st.binary(max_size=4)),
    )
)
def test_damaged_cache_is_refused_or_consistent(
    tmp_path_factory: pytest.TempPathFactory, change: bytes | tuple[int, int, bytes]
) -> None:
    folder = tmp_path_factory.getbasetemp() / "damage"
    if not folder.exists():
        decoded(folder, [(5, 9), (8, 3)])
        (index,) = (folder / "cache").glob("*.json")
        index.with_suffix(".bin").rename(folder / "damaged.bin")
    whole = next((folder / "cache").glob("*.json")).read_bytes()
    damaged = folder / "damaged.json"
    if isinstance(change, bytes):
        damaged.write_bytes(change)
    else:
        start, end, new = change
        damaged.write_bytes(whole[:start] + new + whole[end:])
    try:
        images, _ = read_decoded(damaged)
    except UserError:
        return
    assert sum(images.image(i).size for i in range(len(images))) == images.pixels.size
