"""One picture by a model and by JPEG, whose files are equally large, to look at."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from rnn_codec.baselines import equal_bytes
from rnn_codec.comparison.tables import Column, Table, arrange
from rnn_codec.compression.model import Model
from rnn_codec.compression.rate_control import BitsPerPixel
from rnn_codec.errors import UserError
from rnn_codec.evaluation.measurement import MeasuredFile, measure_file
from rnn_codec.files import atomic_path, write_json
from rnn_codec.metrics.scores import Score, in_documents

Pixels = NDArray[np.uint8]

INCHES = 4.6
"""Width of a picture."""


@dataclass(frozen=True)
class CodedPicture:
    """The file of a codec that may have so many bits per pixel."""

    bits_per_pixel: float
    codec: str
    file: MeasuredFile


Pair = tuple[CodedPicture, CodedPicture]
"""Two files of one picture: a model's, and JPEG's, which is not the larger one."""


def code_with_jpeg(model: Model, pixels: Pixels, bits_per_pixel: float) -> Pair:
    """Code a picture (H, W, 3) with a model, and as the best JPEG 4:2:0 that is not larger.

    Raises:
        UserError: even the smallest JPEG is larger.
    """
    data = model.compress(pixels, BitsPerPixel(bits_per_pixel))
    files = equal_bytes.every_quality(pixels)
    quality = equal_bytes.best_within(files, len(data))
    if quality is None:
        raise UserError(
            f"no JPEG file of the picture has as few as {len(data)} bytes: choose larger rates"
        )
    jpeg = files[quality]
    own = measure_file(len(data), model.decompress(data), pixels)
    other = measure_file(len(jpeg), equal_bytes.CODEC.decode(jpeg), pixels)
    return (
        CodedPicture(bits_per_pixel, model.path.name, own),
        CodedPicture(bits_per_pixel, f"JPEG, quality {quality}", other),
    )


def write_jpeg_comparison(
    folder: Path, pixels: Pixels, pairs: Sequence[Pair], about: Mapping[str, object]
) -> None:
    """Write beside_jpeg.json and beside_jpeg.png."""
    folder.mkdir(parents=True, exist_ok=True)
    found = [
        {
            "bits_per_pixel": own.bits_per_pixel,
            "model": _figures(own.file),
            "jpeg_420": _figures(jpeg.file),
        }
        for own, jpeg in pairs
    ]
    write_json(folder / "beside_jpeg.json", {**about, "pairs": found})
    with atomic_path(folder / "beside_jpeg.png") as partial:
        draw_pairs(partial, pixels, pairs)


def _figures(file: MeasuredFile) -> dict[str, float]:
    return {"file_bytes": file.file_bytes, **file.scores}


def draw_pairs(path: Path, pixels: Pixels, pairs: Sequence[Pair]) -> None:
    """A line for each pair: the original, the model's picture, JPEG's."""
    height, width = pixels.shape[:2]
    size = (3 * INCHES, (INCHES * height / width + 0.35) * len(pairs))
    figure = Figure(figsize=size, layout="constrained", dpi=110)
    rows = figure.subplots(len(pairs), 3, squeeze=False)
    for axes, pair in zip(rows, pairs, strict=True):
        axes[0].imshow(pixels)
        axes[0].set_title("original", fontsize=10)
        for place, coded in zip(axes[1:], pair, strict=True):
            file_bytes, scores = coded.file.file_bytes, coded.file.scores
            quality = f"{scores['psnr']:.2f} dB, MS-SSIM {scores['ms_ssim']:.4f}"
            place.imshow(coded.file.pixels)
            place.set_title(f"{coded.codec}: {file_bytes:,} bytes, {quality}", fontsize=10)
        for place in axes:
            place.set_axis_off()
    figure.savefig(path, format="png")


def pairs_table(pairs: Sequence[Pair]) -> Table:
    """The files."""
    columns: list[Column[CodedPicture]] = [
        Column("bits_per_pixel", "bpp", lambda coded: coded.bits_per_pixel, digits=2),
        Column("codec", "codec", lambda coded: coded.codec, numeric=False),
        Column("file_bytes", "bytes", lambda coded: coded.file.file_bytes, digits=0),
        *(_score(metric, score) for metric, score in in_documents().items()),
    ]
    coded = [coded for pair in pairs for coded in pair]
    return arrange("pictures", columns, [("", coded)])


def _score(metric: str, score: Score) -> Column[CodedPicture]:
    return Column(metric, score.title, lambda c: c.file.scores.get(metric), digits=score.digits)
