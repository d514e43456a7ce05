"""The pictures of the viewer: files of models and of classic codecs within the same sizes."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from rnn_codec.errors import InvalidOptionError, UserError
from rnn_codec.metrics.ms_ssim import SHORTEST_SIDE
from rnn_codec.models.protocol import BudgetError, Model, Pixels, open_file, truncated
from rnn_codec.rates import BitsPerPixel
from rnn_codec_lab.baselines import ClassicCodec, PictureFiles
from rnn_codec_lab.evaluation.measurement import MeasuredFile, measure_file

LARGEST_SIDE = 1024
"""Largest side of a picture on the page, in pixels."""

SHOWN_BY_BROWSERS = {"AVIF", "JPEG", "WEBP"}
"""Pillow's names of file formats."""

Files = list[MeasuredFile | None]
"""A file for each size; None if nothing of the picture fits."""


@dataclass(frozen=True)
class Way:
    """A way to use a model: how its files come to be within sizes.

    Attributes:
        model: the model.
        remark: a description of the files for the page.
        files: function of the model, a picture and ascending sizes in bytes.
    """

    model: Model
    remark: str
    files: Callable[[Model, Pixels, Sequence[int]], Files]


@dataclass(frozen=True)
class ClassicFile:
    """A file of a classic codec, kept unchanged, since browsers can show it."""

    data: bytes
    measured: MeasuredFile


@dataclass(frozen=True)
class ClassicFiles:
    """The files of a classic codec.

    Attributes:
        codec: the codec.
        qualities: the best quality within each size; None if even the smallest file is larger.
        files: the files by quality.
        smallest: size of the smallest file, in bytes.
    """

    codec: ClassicCodec
    qualities: list[int | None]
    files: Mapping[int, ClassicFile]
    smallest: int


@dataclass(frozen=True)
class CodedPicture:
    """A picture with everything that the viewer can show for it."""

    name: str
    original: Pixels
    """The original pixels, (H, W, 3), uint8 RGB."""
    sizes: list[int]
    """The sizes, in bytes, ascending."""
    models: list[Files]
    """The files of each `Way`."""
    classics: list[ClassicFiles]
    """The files of each classic codec."""


def labels(folders: Sequence[Path]) -> list[str]:
    """Return the names of models: the shortest unique ends of their paths.

    >>> labels([Path("results/a/gru"), Path("results/b/gru"), Path("results/b/lstm")])
    ['a/gru', 'b/gru', 'lstm']
    """
    ends = [["/".join(f.parts[-n:]) for n in range(1, len(f.parts))] for f in folders]
    known = Counter(end for own in ends for end in own)
    return [
        next((end for end in own if known[end] == 1), folder.as_posix())
        for folder, own in zip(folders, ends, strict=True)
    ]


def check_crop(crop: Sequence[int]) -> None:
    """Refuse pictures too small for MS-SSIM, or too large for a page.

    Args:
        crop: width and height in pixels.

    Raises:
        InvalidOptionError: there are not two sides, or one is out of range.
    """
    fits = [isinstance(s, int) and SHORTEST_SIDE <= s <= LARGEST_SIDE for s in crop]
    if fits != [True, True]:
        raise InvalidOptionError(
            f"crop must be two sides of {SHORTEST_SIDE} … {LARGEST_SIDE} pixels, not {list(crop)}"
        )


def check_shown(codecs: Sequence[ClassicCodec]) -> None:
    """Refuse codecs whose files browsers cannot show.

    Raises:
        InvalidOptionError: there is one.
    """
    for codec in codecs:
        if codec.pillow_format not in SHOWN_BY_BROWSERS:
            raise InvalidOptionError(f"beside names {codec.name}, whose files no browser shows")


def chosen_pictures(
    images: Sequence[tuple[str, Pixels]], named: Sequence[str] | None, most: int
) -> list[tuple[str, Pixels]]:
    """Return the named pictures, or the first `most`, with their names.

    Raises:
        UserError: there is no picture of a name, or no picture is chosen.
    """
    known = dict(images)
    names = list(known)[: max(most, 0)] if named is None else named
    if not names:
        raise UserError("the viewer has no picture: set most_pictures= to at least 1")
    for name in names:
        if name not in known:
            raise UserError(f"pictures= names {name}, which is not one of {', '.join(known)}")
    return [(name, known[name]) for name in names]


def ways_of(model: Model) -> list[Way]:
    """Return the ways to use a model: an embedded one has files for a size, and prefixes of one."""
    if model.embedded:
        return [
            Way(model, "one file, cut short", cut_files),
            Way(model, "a file made for this size", made_files),
        ]
    return [Way(model, "as many levels as fit", level_files)]


def cut_files(model: Model, pixels: Pixels, sizes: Sequence[int]) -> Files:
    """Return prefixes of one file, which was made for the largest size."""
    longest = open_file(model.session(pixels).within(sizes[-1]).data)
    found: Files = []
    for size in sizes:
        try:
            data = truncated(longest, size)
            found.append(measure_file(len(data), model.decompress(data), pixels))
        except UserError:
            found.append(None)
    return found


def made_files(model: Model, pixels: Pixels, sizes: Sequence[int]) -> Files:
    """Return a file that was made for each size."""
    session, found = model.session(pixels), Files()
    for size in sizes:
        try:
            data = session.within(size).data
            found.append(measure_file(len(data), model.decompress(data), pixels))
        except BudgetError:
            found.append(None)
    return found


def level_files(model: Model, pixels: Pixels, sizes: Sequence[int]) -> Files:
    """Return, for each size, the file with the most levels, the same everywhere."""
    levels = list(model.session(pixels).levels(model.most_levels))

    @cache
    def measured(index: int) -> MeasuredFile:
        return measure_file(levels[index].file_bytes, levels[index].pixels, pixels)

    fitting = [sum(level.file_bytes <= size for level in levels) for size in sizes]
    return [measured(count - 1) if count else None for count in fitting]


def classic_files(codec: ClassicCodec, pixels: Pixels, sizes: Sequence[int]) -> ClassicFiles:
    """Return the best files of a classic codec within sizes."""
    every = PictureFiles(codec, pixels)
    qualities = [every.best_within(size) for size in sizes]
    files = {
        quality: ClassicFile(data, measure_file(len(data), codec.decode(data), pixels))
        for quality in sorted({quality for quality in qualities if quality is not None})
        for data in [every.at(quality)]
    }
    return ClassicFiles(codec, qualities, files, len(every.at(int(codec.lowest))))


def code_picture(
    name: str,
    pixels: Pixels,
    ways: Sequence[Way],
    codecs: Sequence[ClassicCodec],
    rates: Sequence[float],
) -> CodedPicture:
    """Code a picture in every way, and with classic codecs, within the same sizes.

    Args:
        rates: ascending rates in bits per pixel.

    Raises:
        ImageTooSmallError: a side has 160 pixels or less.
    """
    count = pixels.shape[0] * pixels.shape[1]
    sizes = [BitsPerPixel(rate).bytes_for(count) for rate in rates]
    return CodedPicture(
        name=name,
        original=pixels,
        sizes=sizes,
        models=[way.files(way.model, pixels, sizes) for way in ways],
        classics=[classic_files(codec, pixels, sizes) for codec in codecs],
    )
