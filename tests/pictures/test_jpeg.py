"""A JPEG without its end marker is read; one that lacks any of its pixels is not."""

from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from rnn_codec.pictures.jpeg import lacks_end, with_end
from rnn_codec.pictures.reading import UnreadableImageError, read_rgb
from tests.data.pictures import noise


def smooth(height: int, width: int) -> NDArray[np.uint8]:
    y, x = np.mgrid[:height, :width]
    colours = [3 * x + y, 128 + 60 * np.sin(x / 7) + 40 * np.cos(y / 5), x * y / 20]
    return np.stack(colours, axis=-1).astype(np.uint8)


PICTURES = {
    "noise": noise(40, 50),
    "smooth": smooth(61, 77),
    "grey": smooth(50, 50)[..., 1],
    "inks": np.concatenate([noise(33, 33), noise(33, 33)[..., :1]], axis=-1),
    "one block": smooth(3, 3),
}
OPTIONS: list[dict[str, Any]] = [
    {"quality": 60},
    {"quality": 100, "subsampling": 0},
    {"quality": 80, "restart_marker_blocks": 2},
    {"quality": 80, "progressive": True},
    {"quality": 100, "progressive": True, "restart_marker_rows": 1},
]


def jpeg(name: str, **options: Any) -> bytes:
    pixels, stream = PICTURES[name], BytesIO()
    mode = "CMYK" if pixels.shape[2:] == (4,) else None
    Image.fromarray(pixels, mode).save(stream, "JPEG", **options)
    return stream.getvalue()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "a.jpg"


@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize("name", PICTURES)
def test_all_but_the_end(path: Path, name: str, options: dict[str, Any]) -> None:
    content = jpeg(name, **options)
    path.write_bytes(content)
    expected = read_rgb(path)
    # Without the marker, with half of it, or with fill bytes in its place.
    for whole in (content[:-2], content[:-1], content[:-2] + b"\xff\xff"):
        path.write_bytes(whole)
        np.testing.assert_array_equal(read_rgb(path), expected)
    for lost in (*range(3, 20), 50, 100, len(content) // 4, len(content) // 2):
        path.write_bytes(content[:-lost])
        with pytest.raises(UnreadableImageError, match=r"a\.jpg cannot be read"):
            read_rgb(path)


def test_a_preview_has_an_end_of_its_own(path: Path) -> None:
    preview = jpeg("one block")
    exif = Image.Exif()
    exif[270] = preview.hex()
    stream = BytesIO()
    comment = b"\xff\xd9 no end"
    Image.fromarray(noise(40, 50)).save(stream, "JPEG", exif=exif, comment=comment)
    content = stream.getvalue()
    path.write_bytes(content)
    expected = read_rgb(path)
    path.write_bytes(content[:-2])
    np.testing.assert_array_equal(read_rgb(path), expected)


@pytest.mark.parametrize("options", [OPTIONS[2], OPTIONS[4]])
def test_cut_where_a_restart_would_be(path: Path, options: dict[str, Any]) -> None:
    """The file is complete up to a restart marker, but the rest is missing."""
    content = jpeg("noise", **options)
    starts = [
        at
        for at in range(len(content))
        if content[at] == 255 and content[at + 1] in range(0xD0, 0xD8)
    ]
    for start in starts[-9:]:
        for end in (start, start + 1, start + 2):
            path.write_bytes(content[:end])
            with pytest.raises(UnreadableImageError):
                read_rgb(path)


def test_cut_between_scans(path: Path) -> None:
    """Such a file shows the picture, but in less detail."""
    content = jpeg("smooth", quality=90, progressive=True)
    starts = [
        at for at in range(len(content) - 1) if content[at : at + 2] in (b"\xff\xc4", b"\xff\xda")
    ]
    assert len(starts) > 10
    for start in starts:
        for end in (start, start + 2, start + 4):
            path.write_bytes(content[:end])
            with pytest.raises(UnreadableImageError):
                read_rgb(path)


@pytest.mark.parametrize("options", OPTIONS)
def test_no_end_is_put_behind_what_fills_up(options: dict[str, Any]) -> None:
    """Files look like this if they were not completely written."""
    content = jpeg("smooth", **options)
    for lost in (2, 3, 100):
        for more in (b"\0" * 5000, b"\x55" * 5000):
            filled = content[:-lost] + more
            assert with_end(filled) == filled


def test_the_limit_of_pixels_counts_first(path: Path) -> None:
    path.write_bytes(jpeg("noise")[:-2])
    with pytest.raises(UnreadableImageError, match="the limit, 1999 pixels"):
        read_rgb(path, max_pixels=1999)


def test_what_stands_behind_the_end_is_no_hindrance(path: Path) -> None:
    content = jpeg("noise")
    path.write_bytes(content)
    expected = read_rgb(path)
    for more in (b"\0" * 100, content[:-2], b"\xff"):
        assert not lacks_end(content + more)
        path.write_bytes(content + more)
        np.testing.assert_array_equal(read_rgb(path), expected)


FILES = [jpeg("one block", **options) for options in OPTIONS]


@given(
    st.sampled_from(FILES),
    st.lists(st.tuples(st.integers(2, 2000), st.integers(0, 255)), max_size=4),
    st.integers(2, 100),
)
def test_damaged_files_end_or_do_not(
    content: bytes, changes: list[tuple[int, int]], lost: int
) -> None:
    damaged = bytearray(content)
    for position, value in changes:
        damaged[position % len(damaged)] = value
    body = bytes(damaged[:-lost])
    if not lacks_end(body):
        return
    ended = with_end(body)
    assert ended == body or not lacks_end(ended)
