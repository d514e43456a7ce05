"""The pictures of the viewer, coded by models and, at equal bytes, by JPEG."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rnn_codec.errors import InvalidOptionError, UserError
from rnn_codec.metrics.ms_ssim import SHORTEST_SIDE
from rnn_codec.models.protocol import Model, Pixels
from rnn_codec_lab.baselines import JPEG_420, best_within
from rnn_codec_lab.evaluation.measurement import MeasuredFile, measure_file

LARGEST_SIDE = 1024
"""Largest side of a picture on the page, in pixels."""


@dataclass(frozen=True)
class JpegFile:
    """A JPEG file of a picture, kept unchanged, since browsers can show it."""

    data: bytes
    measured: MeasuredFile


@dataclass(frozen=True)
class CodedPicture:
    """A picture with everything that the viewer can show for it."""

    name: str
    original: Pixels
    """The original pixels, (H, W, 3), uint8 RGB."""
    models: list[list[MeasuredFile]]
    """For each model, its files that end after 1, 2, … levels."""
    equal: list[list[int | None]]
    """For each of these files, the quality of the JPEG file at equal bytes, None without one."""
    jpegs: dict[int, JpegFile]
    """The JPEG files by quality."""
    smallest_jpeg: int
    """Size of the smallest JPEG file of the picture, in bytes."""


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


def code_picture(name: str, pixels: Pixels, models: Sequence[Model], levels: int) -> CodedPicture:
    """Code a picture with every model, and with JPEG at the size of each of their files.

    Raises:
        ImageTooSmallError: a side has 160 pixels or less.
    """
    coded = [
        [
            measure_file(level.file_bytes, level.pixels, pixels)
            for level in model.session(pixels).levels(min(levels, model.most_levels))
        ]
        for model in models
    ]
    files = JPEG_420.every_quality(pixels)
    equal = [[best_within(files, step.file_bytes) for step in steps] for steps in coded]
    used = sorted({quality for steps in equal for quality in steps if quality is not None})
    return CodedPicture(
        name=name,
        original=pixels,
        models=coded,
        equal=equal,
        jpegs={
            quality: JpegFile(data, measure_file(len(data), JPEG_420.decode(data), pixels))
            for quality in used
            for data in [files[quality]]
        },
        smallest_jpeg=min(len(data) for data in files.values()),
    )
