"""The picture of a TIFF or DNG is the one in full size, wherever it is."""

import struct
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from rnn_codec.pictures.reading import UnreadableImageError
from tests.data.pictures import noise
from tests.pictures.profiles import rgb_profile
from tests.pictures.tiffs import from_tags, read, tiff

FULL, SMALL, SMALLER = noise(40, 50), noise(8, 10, seed=1), noise(4, 5, seed=2)
REDUCED, PAGE, MASK, DEPTH = 1, 2, 4, 8

Page = tuple[NDArray[Any], dict[str, Any]]


def page(pixels: NDArray[Any] = FULL, **options: Any) -> Page:
    """A page or a sub-directory in RGB."""
    return pixels, {"photometric": "rgb", "rowsperstrip": 7, **options}


PREVIEW = page(SMALL, subfiletype=REDUCED)
OLD_PREVIEW = page(SMALL, extratags=[(255, 3, 1, 2)])
UNMARKED = page(SMALL)
OPACITY = page(np.ones((40, 50), bool), photometric="minisblack", subfiletype=MASK)


def above(picture: Page, count: int = 1) -> Page:
    """The picture with room for sub-directories, which are written next."""
    return picture[0], {**picture[1], "subifds": count}


@pytest.mark.parametrize("big", [False, True])
@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize(
    "pages",
    [
        pytest.param([above(PREVIEW), page()], id="DNG"),
        pytest.param([above(OLD_PREVIEW), page()], id="SubfileType of old"),
        pytest.param([above(UNMARKED), page()], id="a preview that does not say so"),
        pytest.param([above(PREVIEW, 2), page(SMALLER, subfiletype=1), page()], id="two previews"),
        pytest.param([PREVIEW, page()], id="preview first"),
        pytest.param([OLD_PREVIEW, PREVIEW, page(), page(SMALL)], id="previews first"),
        pytest.param([page(), PREVIEW], id="preview last"),
        pytest.param([page(), page(noise(80, 90))], id="pages"),
        pytest.param([page(subfiletype=PAGE), page(SMALL, subfiletype=PAGE)], id="marked pages"),
        pytest.param([above(page()), PREVIEW], id="pyramid"),
        pytest.param([above(page()), UNMARKED], id="pyramid that does not say so"),
        pytest.param([above(page()), page(noise(40, 50, seed=3))], id="of equals the first"),
        pytest.param([above(page()), page(noise(80, 90), subfiletype=DEPTH)], id="depth"),
        pytest.param([OPACITY, page()], id="mask first"),
        pytest.param([page(subfiletype=REDUCED)], id="nothing but a preview"),
    ],
)
def test_the_picture_in_full_size(tmp_path: Path, pages: list[Page], order: str, big: bool) -> None:
    np.testing.assert_array_equal(read(tmp_path, tiff(*pages, order=order, big=big)), FULL)


@pytest.mark.parametrize("followed", [False, True])
def test_the_picture_below_a_sub_directory(tmp_path: Path, followed: bool) -> None:
    """The picture is below it, or after it in a chain of its own."""
    content = tiff(PREVIEW, page()) if followed else tiff(above(PREVIEW), page())
    below = struct.unpack_from("<L", content, 4)
    above_all = struct.pack("<HHHLLHHLLL", 2, 254, 4, 1, 1, 330, 4, 1, *below, 0)
    content = content[:4] + struct.pack("<L", len(content)) + content[8:] + above_all
    np.testing.assert_array_equal(read(tmp_path, content), FULL)


@pytest.mark.parametrize(
    "pages", [[PREVIEW, OLD_PREVIEW], [above(PREVIEW), page(SMALLER, subfiletype=REDUCED)]]
)
def test_previews_alone_are_no_picture(tmp_path: Path, pages: list[Page]) -> None:
    with pytest.raises(UnreadableImageError, match=r"previews .* not the picture in full size"):
        read(tmp_path, tiff(*pages))


@pytest.mark.parametrize("photometric", ["cfa", "linear_raw"])
def test_a_preview_is_not_taken_for_a_raw_picture(tmp_path: Path, photometric: str) -> None:
    samples = np.ones((40, 50) if photometric == "cfa" else (40, 50, 3), np.uint16)
    raw = samples, {"photometric": photometric}
    for pages in ([above(PREVIEW), raw], [above(UNMARKED), raw], [PREVIEW, raw], [raw]):
        with pytest.raises(UnreadableImageError, match=r"a\.tif cannot .* raw picture.*develop it"):
            read(tmp_path, tiff(*pages))


def turned(orientation: int) -> dict[str, Any]:
    return {"extratags": [(274, 3, 1, orientation)]}


@pytest.mark.parametrize("big", [False, True])
@pytest.mark.parametrize("order", "<>")
def test_the_orientation_is_that_of_the_picture_or_of_the_first(
    tmp_path: Path, order: str, big: bool
) -> None:
    preview = page(SMALL, subfiletype=REDUCED, **turned(6))
    own = tiff(above(preview), page(**turned(3)), order=order, big=big)
    np.testing.assert_array_equal(read(tmp_path, own), FULL[::-1, ::-1])
    for pages in ([above(preview), page()], [preview, page()]):
        inherited = tiff(*pages, order=order, big=big)
        np.testing.assert_array_equal(read(tmp_path, inherited), np.rot90(FULL, -1))


def test_so_is_the_profile(tmp_path: Path) -> None:
    wide, narrow = {"iccprofile": rgb_profile()}, {"iccprofile": rgb_profile(gamma=1.0)}
    preview = page(SMALL, subfiletype=REDUCED, **narrow)
    alone = read(tmp_path, tiff(page(**wide)))
    assert not np.array_equal(alone, FULL)
    np.testing.assert_array_equal(read(tmp_path, tiff(above(preview), page(**wide))), alone)
    alone = read(tmp_path, tiff(page(**narrow)))
    np.testing.assert_array_equal(read(tmp_path, tiff(above(preview), page())), alone)


PREVIEW_TAGS = {254: (1,), 256: (10,), 257: (8,), 258: (8, 8, 8), 262: (2,), 277: (3,)}


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("following", [8, 9, 10**6, 2**32 - 1])
@pytest.mark.parametrize("below", [(8,), (8, 8, 2**32 - 1), (10**6,), ()])
def test_chains_that_lead_nowhere(
    tmp_path: Path, order: str, following: int, below: tuple[int, ...]
) -> None:
    """In a circle, or beyond the end of a file that was cut before the picture."""
    tags = PREVIEW_TAGS | ({330: below} if below else {})
    with pytest.raises(UnreadableImageError, match="not the picture in full size"):
        read(tmp_path, from_tags(order, SMALL.tobytes(), tags, following))


def test_many_directories_end(tmp_path: Path) -> None:
    """A chain of 100,000 previews, and one of overlapping directories."""
    line = struct.pack("<HHLL", 254, 4, 1, 1)
    starts = range(8, 8 + 18 * 100_000, 18)
    chain = b"".join(struct.pack("<H12sL", 1, line, end) for _, end in pairwise([*starts, 8]))
    lying_over = b"".join(struct.pack("<HHLL", 330, 4, 2**16, 8 + 2 * i) for i in range(50_000))
    for body in (chain, struct.pack("<H", 50_000) + lying_over):
        began = time.process_time()
        with pytest.raises(UnreadableImageError):
            read(tmp_path, b"II*\0" + struct.pack("<L", 8) + body)
        assert time.process_time() - began < 20
