"""Every kind of picture file, against pixels worked out by hand."""

import warnings
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
import tifffile
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from rnn_codec.pictures.reading import UnreadableImageError, read_rgb
from rnn_codec.rnc.file import MAX_PIXELS
from tests.data.pictures import noise, save
from tests.pictures.damaged import DAMAGE, Damage, assert_read_or_refused

GREY = noise(5, 7)[..., 0]


def triple(grey: np.ndarray) -> np.ndarray:
    return np.stack([grey] * 3, axis=-1)


def test_grey_is_replicated(tmp_path: Path) -> None:
    np.testing.assert_array_equal(read_rgb(save(tmp_path / "a.png", GREY)), triple(GREY))


def test_black_and_white(tmp_path: Path) -> None:
    Image.fromarray(GREY > 99).save(tmp_path / "a.png")
    np.testing.assert_array_equal(read_rgb(tmp_path / "a.png"), triple((GREY > 99) * 255))


def test_palette_is_looked_up(tmp_path: Path) -> None:
    image = Image.fromarray(np.array([[0, 1], [1, 2]], np.uint8), mode="P")
    image.putpalette([10, 20, 30, 40, 50, 60, 70, 80, 90])
    image.save(tmp_path / "a.png")
    expected = [[[10, 20, 30], [40, 50, 60]], [[40, 50, 60], [70, 80, 90]]]
    np.testing.assert_array_equal(read_rgb(tmp_path / "a.png"), expected)


def test_alpha_is_laid_over_white(tmp_path: Path) -> None:
    colour, alpha = noise(6, 8), noise(6, 8, seed=1)[..., :1]
    save(tmp_path / "a.png", np.concatenate([colour, alpha], axis=-1))
    weight = alpha / 255
    expected = weight * colour + (1 - weight) * 255
    np.testing.assert_allclose(read_rgb(tmp_path / "a.png"), expected, atol=1)


def test_transparent_palette_and_grey_entries_become_white(tmp_path: Path) -> None:
    palette = Image.fromarray(np.array([[0, 1]], np.uint8), mode="P")
    palette.putpalette([10, 20, 30, 40, 50, 60])
    palette.save(tmp_path / "p.png", transparency=1)
    np.testing.assert_array_equal(read_rgb(tmp_path / "p.png"), [[[10, 20, 30], [255] * 3]])
    Image.fromarray(np.array([[7, 9]], np.uint8)).save(tmp_path / "l.png", transparency=7)
    np.testing.assert_array_equal(read_rgb(tmp_path / "l.png"), [[[255] * 3, [9] * 3]])


def test_cmyk(tmp_path: Path) -> None:
    Image.new("CMYK", (3, 2), (0, 255, 255, 0)).save(tmp_path / "a.tif")
    np.testing.assert_array_equal(read_rgb(tmp_path / "a.tif"), np.full((2, 3, 3), [255, 0, 0]))


@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_16_bit_grey_is_divided_by_257(tmp_path: Path, suffix: str) -> None:
    levels = np.array([[0, 128, 129, 257 * 100], [257 * 100 + 129, 65406, 65407, 65535]], np.uint16)
    Image.fromarray(levels).save(tmp_path / f"a{suffix}")
    expected = triple(np.array([[0, 0, 1, 100], [101, 254, 255, 255]]))
    np.testing.assert_array_equal(read_rgb(tmp_path / f"a{suffix}"), expected)


def test_32_bit_grey_holds_16_bit_values_and_floats_lie_in_0_to_1(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "i.tif", np.array([[-5, 0, 65535, 70000, 25700]], np.int32))
    np.testing.assert_array_equal(
        read_rgb(tmp_path / "i.tif"), triple(np.array([[0, 0, 255, 255, 100]]))
    )
    floats = np.array([[-1.0, 0.5, 1.0, 9.0, np.nan, np.inf]], np.float32)
    tifffile.imwrite(tmp_path / "f.tif", floats)
    np.testing.assert_array_equal(
        read_rgb(tmp_path / "f.tif"), triple(np.array([[0, 128, 255, 255, 0, 255]]))
    )


def test_what_is_no_picture_is_named(tmp_path: Path) -> None:
    whole = save(tmp_path / "whole.png", noise(40, 40)).read_bytes()
    (tmp_path / "cut.png").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "text.jpg").write_text("no picture")
    (tmp_path / "empty.webp").touch()
    for name in ("cut.png", "text.jpg", "empty.webp", "missing.png"):
        with pytest.raises(UnreadableImageError, match=name):
            read_rgb(tmp_path / name)


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp", ".tif"])
@pytest.mark.parametrize("pillows_limit", [10, 300, None])
def test_one_limit_and_no_warning(
    tmp_path: Path, suffix: str, pillows_limit: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pillow would warn above its limit and refuse above twice that."""
    path = save(tmp_path / f"a{suffix}", noise(20, 20))
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", pillows_limit)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert read_rgb(path, max_pixels=400).shape == (20, 20, 3)
        for least in (399, 200, 100):
            with pytest.raises(UnreadableImageError, match=rf"a\..* limit, {least} pixels"):
                read_rgb(path, max_pixels=least)
    assert pillows_limit == Image.MAX_IMAGE_PIXELS


def test_the_limit_of_a_file_is_that_of_a_picture(tmp_path: Path) -> None:
    """The limit is that of a .rnc file, which is larger than that of Pillow."""
    path = tmp_path / "a.png"
    Image.new("1", (2**14, 2**14 + 1)).save(path)
    with pytest.raises(UnreadableImageError, match=f"the limit, {MAX_PIXELS} pixels"):
        read_rgb(path)


def encoded(kind: str) -> bytes:
    buffer = BytesIO()
    Image.fromarray(noise(12, 12)).save(buffer, kind)
    return buffer.getvalue()


FILES = [encoded(kind) for kind in ("PNG", "JPEG", "WebP", "TIFF")]


@settings(max_examples=400, deadline=None)
@given(st.sampled_from(FILES), DAMAGE)
def test_damaged_files_are_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, content: bytes, damage: Damage
) -> None:
    path = tmp_path_factory.getbasetemp() / "damaged.png"
    assert_read_or_refused(content, damage, path)
