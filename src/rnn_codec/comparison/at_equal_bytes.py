"""Pictures by a model and by classic codecs, whose files are equally large, to look at."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from rnn_codec.baselines import equal_bytes
from rnn_codec.baselines.classic import PillowCodec
from rnn_codec.comparison.tables import Column, Table, arrange
from rnn_codec.errors import UserError
from rnn_codec.evaluation.measurement import MeasuredFile, measure_file
from rnn_codec.families.family import Model
from rnn_codec.files import atomic_path, write_json
from rnn_codec.metrics.scores import Score, in_documents
from rnn_codec.rates import BitsPerPixel

Pixels = NDArray[np.uint8]

DPI = 100
TITLE = 40
"""Height of the lines above a picture, in pixels."""
GAP = 8
"""Pixels between pictures."""
FIGURE_QUALITY = 92
"""Of the figures, WebP: photographs in PNG are ten times as large."""


@dataclass(frozen=True)
class CodedPicture:
    """A codec's file of a picture, where the model's may have so many bits per pixel."""

    picture: str
    bits_per_pixel: float
    codec: str
    title: str
    """What the codec is called, and its quality."""
    file: MeasuredFile


@dataclass(frozen=True)
class Comparison:
    """One picture, coded."""

    picture: str
    pixels: Pixels
    """(H, W, 3), RGB."""
    rates: list[list[CodedPicture]]
    """For each rate the model's file, then those of the classic codecs, none of them larger."""


def compare_at_equal_bytes(
    model: Model,
    codecs: Sequence[PillowCodec],
    picture: str,
    pixels: Pixels,
    rates: Sequence[float],
) -> Comparison:
    """Code a picture (H, W, 3) with a model, and with codecs as well as the same bytes allow.

    Args:
        model: codes at each rate.
        codecs: of `equal_bytes.CODECS`.
        picture: its name.
        pixels: of RGB, uint8.
        rates: in bits per pixel.

    Raises:
        UserError: a codec's smallest file is larger than the model's.
    """
    data = {rate: model.compress(pixels, BitsPerPixel(rate)) for rate in rates}
    files = {codec.name: equal_bytes.every_quality(codec, pixels) for codec in codecs}
    lines = []
    for rate, own in data.items():
        name = model.path.name
        decoded = measure_file(len(own), model.decompress(own), pixels)
        line = [CodedPicture(picture, rate, name, name, decoded)]
        for codec in codecs:
            quality = equal_bytes.best_within(files[codec.name], len(own))
            if quality is None:
                raise UserError(
                    f"no {codec.title} file of {picture} has as few as {len(own)} bytes: choose "
                    "larger rates"
                )
            other = files[codec.name][quality]
            measured = measure_file(len(other), codec.decode(other), pixels)
            title = f"{codec.title}, quality {quality}"
            line.append(CodedPicture(picture, rate, codec.name, title, measured))
        lines.append(line)
    return Comparison(picture, pixels, lines)


def write_comparisons(
    folder: Path, comparisons: Sequence[Comparison], detail: int | None, about: Mapping[str, object]
) -> None:
    """Write equal_bytes.json and for each picture a figure, <name>.webp.

    Args:
        folder: is made if it is not there.
        comparisons: of pictures.
        detail: side of the square of each picture that figures show, in pixels; None for all of it.
        about: what the record says beside.
    """
    folder.mkdir(parents=True, exist_ok=True)
    coded = [
        {
            "picture": coded.picture,
            "bits_per_pixel": coded.bits_per_pixel,
            "codec": coded.codec,
            "file_bytes": coded.file.file_bytes,
            **coded.file.scores,
        }
        for coded in _all(comparisons)
    ]
    write_json(folder / "equal_bytes.json", {**about, "files": coded})
    for comparison in comparisons:
        with atomic_path(folder / f"{Path(comparison.picture).stem}.webp") as partial:
            draw(partial, comparison, detail)


def draw(path: Path, comparison: Comparison, detail: int | None) -> None:
    """A line for each rate: the original, the model's picture, the others; pixel for pixel."""
    original = central(comparison.pixels, detail)
    height, width = original.shape[:2]
    columns, lines = len(comparison.rates[0]) + 1, len(comparison.rates)
    size = columns * (width + GAP) + GAP, lines * (height + TITLE) + GAP
    figure = Figure(figsize=(size[0] / DPI, size[1] / DPI), dpi=DPI)
    for row, line in enumerate(comparison.rates):
        titled = [("original", original)]
        titled += [(_title(coded), central(coded.file.pixels, detail)) for coded in line]
        for column, (title, pixels) in enumerate(titled):
            left = GAP + column * (width + GAP)
            bottom = size[1] - (row + 1) * (height + TITLE)
            place = figure.add_axes(
                (left / size[0], bottom / size[1], width / size[0], height / size[1])
            )
            place.imshow(pixels, interpolation="nearest", aspect="auto")
            place.set_title(title, fontsize=8, pad=4)
            place.set_axis_off()
    figure.savefig(
        path, format="webp", dpi=DPI, pil_kwargs={"quality": FIGURE_QUALITY, "method": 6}
    )


def central(pixels: Pixels, side: int | None) -> Pixels:
    """The square in the middle of a picture, smaller if the picture is; all of it for None."""
    if side is None:
        return pixels
    height, width = pixels.shape[:2]
    top, left = max(0, (height - side) // 2), max(0, (width - side) // 2)
    return pixels[top : top + side, left : left + side]


def _title(coded: CodedPicture) -> str:
    scores = coded.file.scores
    quality = f"{scores['psnr']:.2f} dB, MS-SSIM {scores['ms_ssim']:.4f}"
    return f"{coded.title}: {coded.file.file_bytes:,} bytes\n{quality}"


def comparisons_table(comparisons: Sequence[Comparison]) -> Table:
    """The files."""
    columns: list[Column[CodedPicture]] = [
        Column("picture", "picture", lambda coded: coded.picture, numeric=False),
        Column("bits_per_pixel", "bpp", lambda coded: coded.bits_per_pixel, digits=2),
        Column("codec", "codec", lambda coded: coded.title, numeric=False),
        Column("file_bytes", "bytes", lambda coded: coded.file.file_bytes, digits=0),
        *(_score(metric, score) for metric, score in in_documents().items()),
    ]
    return arrange("pictures", columns, [("", _all(comparisons))])


def _all(comparisons: Sequence[Comparison]) -> list[CodedPicture]:
    return [coded for c in comparisons for line in c.rates for coded in line]


def _score(metric: str, score: Score) -> Column[CodedPicture]:
    return Column(metric, score.title, lambda c: c.file.scores.get(metric), digits=score.digits)
