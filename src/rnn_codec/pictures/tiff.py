"""TIFF files rewritten so that Pillow reads them correctly: one directory of a supported kind.

file ── tiff_directories ──> directory ── tiff_samples ──> samples ──> content for Pillow
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from PIL import Image, TiffImagePlugin, UnidentifiedImageError

from rnn_codec.pictures.metadata import ORIENTATION, XMP
from rnn_codec.pictures.tiff_directories import (
    HEIGHT,
    LONG,
    WIDTH,
    Directory,
    Values,
    numbers,
    picture_and_first,
    with_directory,
)
from rnn_codec.pictures.tiff_samples import (
    OLD_JPEG,
    RAW,
    YCBCR,
    Samples,
    black_at_zero,
    samples_of,
    unpacked_natively,
)

STRIPS, STRIP_LENGTHS, ROWS_PER_STRIP = 273, 279, 278
TILES, TILE_LENGTHS, TILE_WIDTH, TILE_HEIGHT = 324, 325, 322, 323
PROFILE = 34675

NOT_WHOLE = "it is not a complete TIFF file"
NOT_SAID = f"{NOT_WHOLE}: it does not say where all its pixels are"

_AS_THEY_ARE = frozenset(
    [
        # Sides, compression, order of bits, rows of a strip.
        *(WIDTH, HEIGHT, 259, 266, ROWS_PER_STRIP),
        # Fax options, predictor, palette, sides of a tile, inks.
        *(292, 293, 317, 320, TILE_WIDTH, TILE_HEIGHT, 332),
        # Tables of JPEG, old and new; how YCbCr is meant; LERC's parameters.
        *(347, *range(512, 522), *range(529, 533), 50674),
    ]
)
"""Tags that are needed to decode pixels, and are copied unchanged."""


@dataclass(frozen=True)
class TiffPicture:
    """The picture of a TIFF file.

    Attributes:
        content: a file for Pillow, with only the picture's directory.
        exif: an EXIF structure with the tags of the file that state the orientation.
        samples: the samples of a pixel.
    """

    content: bytes = field(repr=False)
    exif: bytes = field(repr=False)
    samples: Samples

    @contextmanager
    def decoder(self) -> Iterator[None]:
        """Make Pillow open the content with the decoder that the samples need.

        It is set by a global variable of Pillow, so only one thread may do this at a time.

        Raises:
            ValueError: Pillow does not support this kind of TIFF.
        """
        pillows_own = TiffImagePlugin.READ_LIBTIFF
        TiffImagePlugin.READ_LIBTIFF = pillows_own or self.samples.wants_libtiff
        try:
            yield
        except UnidentifiedImageError as error:
            raise ValueError(_not_read(self.samples)) from error
        finally:
            TiffImagePlugin.READ_LIBTIFF = pillows_own

    def load(self, image: Image.Image) -> Image.Image:
        """Load the content, which Pillow has opened; returns an image as `read_rgb` needs it."""
        unpacked_natively(image)
        image.load()
        return black_at_zero(image, self.samples)


def tiff_picture(data: bytes) -> TiffPicture:
    """The picture of a TIFF file: the first page in full size; see `picture_and_first`.

    Its orientation and its profile are those of its directory, or else of the first one.

    Args:
        data: a file for which `is_tiff` holds.

    Raises:
        ValueError: the file is of an unsupported kind, or incomplete, or contains no picture.
    """
    directory, first = picture_and_first(data)
    samples = samples_of(directory)
    if samples.colour in RAW:
        raise ValueError(
            "it is a camera's raw picture, and the file's other pictures are previews: develop it, "
            "and save the result as TIFF, PNG or JPEG"
        )
    if not directory.area or not samples.bits:
        raise ValueError(NOT_WHOLE)
    if samples.compression not in TiffImagePlugin.COMPRESSION_INFO:
        raise ValueError(
            f"it is a TIFF of compression {samples.compression}, which is not supported: save it "
            "with another one, or as PNG"
        )
    if not samples.is_read:
        raise ValueError(_not_read(samples))
    order = directory.order if samples.order_matters else "<"
    lines = {tag: directory.classic_values(tag, order) for tag in _AS_THEY_ARE}
    lines |= samples.lines(order) | _places(directory, samples, order)
    lines[PROFILE] = _said(PROFILE, directory, first, order)
    if sum(len(values.raw) for values in lines.values()) > 2 * len(data):
        raise ValueError(NOT_WHOLE)
    about = {tag: _said(tag, directory, first, order) for tag in (ORIENTATION, XMP)}
    return TiffPicture(
        content=with_directory(data, order, lines),
        exif=with_directory(b"", order, about),
        samples=samples,
    )


def _not_read(samples: Samples) -> str:
    return (
        f"it is a TIFF of an unsupported kind, {samples}: save it as RGB or grey in 8- or 16-bit "
        "unsigned integers, or as PNG"
    )


def _said(tag: int, directory: Directory, first: Directory, order: str) -> Values:
    own = directory.classic_values(tag, order)
    return own if own.raw else first.classic_values(tag, order)


def _places(directory: Directory, samples: Samples, order: str) -> dict[int, Values]:
    """The tags with the positions of the pixels, in strips or tiles.

    No pixels may be missing: data that is appended to the file must not be read as pixels.

    Raises:
        ValueError: some of the pixels are not in the file.
    """
    is_tiled = STRIPS not in directory.fields and TILES in directory.fields
    tags = (TILES, TILE_LENGTHS) if is_tiled else (STRIPS, STRIP_LENGTHS)
    if samples.compression == OLD_JPEG:
        # This kind may lack both tags.
        return {tag: directory.classic_values(tag, order) for tag in tags}
    starts, lengths = (np.array(directory.numbers(tag), np.uint64) for tag in tags)
    plain = _plain_lengths(directory, samples, is_tiled, len(starts))
    starts, lengths = starts[: len(plain)], lengths[: len(plain)]
    is_plain = samples.compression == 1 and samples.colour != YCBCR
    if len(lengths) < len(plain) and not is_plain:
        raise ValueError(NOT_SAID)
    needed = plain if is_plain else lengths
    if not (starts.all() and needed.all()):
        raise ValueError("it is a TIFF that leaves out some of its pixels: save it without gaps")
    end = (starts + needed).max()
    if end > len(directory.data):
        raise ValueError("it is cut off: some of its pixels are missing")
    if end >= 2**32:
        raise ValueError("it is a BigTIFF of more than 4 GiB, which is not supported: shrink it")
    lengths = lengths if len(lengths) == len(plain) else plain
    return {tag: numbers(order, LONG, *of) for tag, of in zip(tags, (starts, lengths), strict=True)}


def _plain_lengths(
    directory: Directory, samples: Samples, is_tiled: bool, most: int
) -> NDArray[np.uint64]:
    """Uncompressed bytes of every strip or tile, without rows below the picture.

    Raises:
        ValueError: there would be more of them than `most`.
    """
    width, height = directory.number(WIDTH, 0), directory.number(HEIGHT, 0)
    across, rows = 1, directory.number(ROWS_PER_STRIP, height)
    if is_tiled:
        rows, tile_width = directory.number(TILE_HEIGHT, 0), directory.number(TILE_WIDTH, 0)
        across, width = -(-width // max(tile_width, 1)), tile_width
    rows = max(min(rows, height), 1)
    down, planes = -(-height // rows), len(samples.bits) if samples.are_planes else 1
    if across * down * planes > most:
        raise ValueError(NOT_SAID)
    row_length = -(-width * sum(samples.bits) // (8 * planes))
    heights = np.full(down, rows, np.uint64)
    heights[-1] = height - rows * (down - 1)
    return np.tile((heights * np.uint64(row_length)).repeat(across), planes)
