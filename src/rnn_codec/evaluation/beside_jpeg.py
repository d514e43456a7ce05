"""One picture by a model and by JPEG, whose files are equally large, to look at."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray
from rich.table import Table

from rnn_codec.baselines import equal_bytes
from rnn_codec.compression.model import Model
from rnn_codec.compression.rate_control import BitsPerPixel
from rnn_codec.errors import UserError
from rnn_codec.files import atomic_path
from rnn_codec.metrics.images import pixels_to_batch
from rnn_codec.metrics.scores import score_pair

Pixels = NDArray[np.uint8]

INCHES = 4.6
"""Width of a picture."""


@dataclass(frozen=True)
class CodedPicture:
    """A file, and what it decodes to."""

    codec: str
    file_bytes: int
    psnr: float
    """dB."""
    ms_ssim: float
    pixels: Pixels
    """(H, W, 3)"""

    def figures(self) -> dict[str, object]:
        """All but the pixels."""
        return {"file_bytes": self.file_bytes, "psnr": self.psnr, "ms_ssim": self.ms_ssim}


@dataclass(frozen=True)
class Pair:
    """Two files of one picture, that of JPEG not the larger one."""

    bits_per_pixel: float
    """That the model's file may have."""
    model: CodedPicture
    jpeg: CodedPicture


def code_beside_jpeg(model: Model, pixels: Pixels, bits_per_pixel: float) -> Pair:
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
    return Pair(
        bits_per_pixel,
        _coded(model.path.name, data, model.decompress(data), pixels),
        _coded(f"JPEG, quality {quality}", jpeg, equal_bytes.CODEC.decode(jpeg), pixels),
    )


def _coded(codec: str, data: bytes, decoded: Pixels, pixels: Pixels) -> CodedPicture:
    scores = score_pair(pixels_to_batch(decoded)[0], pixels_to_batch(pixels)[0])
    return CodedPicture(codec, len(data), scores["psnr"], scores["ms_ssim"], decoded)


def write_beside_jpeg(
    folder: Path, pixels: Pixels, pairs: Sequence[Pair], about: Mapping[str, object]
) -> None:
    """Write beside_jpeg.json and beside_jpeg.png."""
    folder.mkdir(parents=True, exist_ok=True)
    found = [
        {
            "bits_per_pixel": pair.bits_per_pixel,
            "model": pair.model.figures(),
            "jpeg_420": pair.jpeg.figures(),
        }
        for pair in pairs
    ]
    with atomic_path(folder / "beside_jpeg.json") as partial:
        text = json.dumps({**about, "pairs": found}, indent=2)
        partial.write_text(text + "\n", encoding="utf-8")
    with atomic_path(folder / "beside_jpeg.png") as partial:
        draw_pairs(partial, pixels, pairs)


def draw_pairs(path: Path, pixels: Pixels, pairs: Sequence[Pair]) -> None:
    """A line for each pair: the original, the model's picture, JPEG's."""
    height, width = pixels.shape[:2]
    size = (3 * INCHES, (INCHES * height / width + 0.35) * len(pairs))
    figure = Figure(figsize=size, layout="constrained", dpi=110)
    rows = figure.subplots(len(pairs), 3, squeeze=False)
    for axes, pair in zip(rows, pairs, strict=True):
        axes[0].imshow(pixels)
        axes[0].set_title("original", fontsize=10)
        for place, coded in zip(axes[1:], (pair.model, pair.jpeg), strict=True):
            scores = f"{coded.psnr:.2f} dB, MS-SSIM {coded.ms_ssim:.4f}"
            place.imshow(coded.pixels)
            place.set_title(f"{coded.codec}: {coded.file_bytes:,} bytes, {scores}", fontsize=10)
        for place in axes:
            place.set_axis_off()
    figure.savefig(path, format="png")


def pairs_table(pairs: Sequence[Pair]) -> Table:
    """The files, for a terminal."""
    table = Table("bpp", "codec", "bytes", "PSNR", "MS-SSIM")
    for pair in pairs:
        for coded in (pair.model, pair.jpeg):
            figures = (str(coded.file_bytes), f"{coded.psnr:.2f}", f"{coded.ms_ssim:.4f}")
            table.add_row(f"{pair.bits_per_pixel:g}", coded.codec, *figures)
    return table
