"""The photographs of data=photos that are held out, by the flagship and by classic codecs.

python results/equal_bytes/equal_bytes.py [<folder for equal_bytes.json and the figures>]

Files of the classic codecs have the highest quality with which they are no larger than the
flagship's. Figures show the middle of each photograph, pixel for pixel, with a line for each rate.
"""

import sys
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from rnn_codec.data.package_photographs import HELD_OUT, locate
from rnn_codec.data.split import centre_crop
from rnn_codec.files import write_json
from rnn_codec.machine import hardware, versions
from rnn_codec.models.find import load_model
from rnn_codec.pictures.reading import read_rgb
from rnn_codec.rates import BitsPerPixel
from rnn_codec_lab.baselines.classic import Avif, Jpeg420, WebP
from rnn_codec_lab.baselines.equal_bytes import best_within, every_quality
from rnn_codec_lab.evaluation.measurement import MeasuredFile, measure_file

RATES = (0.25, 0.5, 1.0)
"""Bits per pixel that the flagship's files may have."""
SIDE, TITLE, GAP, DPI = 256, 40, 8, 100
"""Pixels: of a detail, of the lines above it, between details; and pixels an inch."""

MODEL = load_model("flagship")
CODECS = (Jpeg420(), WebP(), Avif())


def coded(pixels: NDArray[np.uint8]) -> list[list[tuple[str, str, MeasuredFile]]]:
    """For each rate the flagship's file and the others: name, title and what is measured."""
    files = {codec: every_quality(codec, pixels) for codec in CODECS}
    lines = []
    for rate in RATES:
        own = MODEL.compress(pixels, BitsPerPixel(rate))
        measured = measure_file(len(own), MODEL.decompress(own), pixels)
        line = [("flagship", "flagship", measured)]
        for codec in CODECS:
            quality = best_within(files[codec], len(own))
            assert quality is not None
            data = files[codec][quality]
            measured = measure_file(len(data), codec.decode(data), pixels)
            line.append((codec.name, f"{codec.title}, quality {quality}", measured))
        lines.append(line)
    return lines


def title(name: str, file: MeasuredFile) -> str:
    """What stands above a picture."""
    quality = f"{file.scores['psnr']:.2f} dB, MS-SSIM {file.scores['ms_ssim']:.4f}"
    return f"{name}: {file.file_bytes:,} bytes\n{quality}"


def draw(
    path: Path, original: NDArray[np.uint8], lines: list[list[tuple[str, str, MeasuredFile]]]
) -> None:
    """Draw the original and a line of files for each rate."""
    width = (len(CODECS) + 2) * (SIDE + GAP) + GAP
    height = len(lines) * (SIDE + TITLE) + GAP
    figure = Figure(figsize=(width / DPI, height / DPI), dpi=DPI)
    for row, line in enumerate(lines, start=1):
        pictures = [("original", original)]
        pictures += [(title(text, file), file.pixels) for _, text, file in line]
        for column, (text, pixels) in enumerate(pictures):
            left, bottom = GAP + column * (SIDE + GAP), height - row * (SIDE + TITLE)
            axes = figure.add_axes((left / width, bottom / height, SIDE / width, SIDE / height))
            shown = centre_crop(pixels, SIDE, SIDE)
            axes.imshow(shown, interpolation="nearest", aspect="auto")
            axes.set_title(text, fontsize=8, pad=4)
            axes.set_axis_off()
    # Photographs in PNG are ten times as large.
    figure.savefig(path, dpi=DPI, pil_kwargs={"quality": 92, "method": 6})


def main(folder: Path) -> None:
    """Code the photographs; write the record, and a figure of each."""
    files = []
    for photograph in HELD_OUT:
        path = locate(*photograph)
        pixels = read_rgb(path)
        lines = coded(pixels)
        draw(folder / f"{path.stem}.webp", pixels, lines)
        files += [
            {
                "picture": path.name,
                "bits_per_pixel": rate,
                "codec": name,
                "file_bytes": file.file_bytes,
                **file.scores,
            }
            for rate, line in zip(RATES, lines, strict=True)
            for name, _, file in line
        ]
    about = {
        "command": "python results/equal_bytes/equal_bytes.py",
        "model": "flagship",
        "identity": MODEL.identifier.hex(),
        "versions": versions(),
        "hardware": hardware(),
    }
    write_json(folder / "equal_bytes.json", {**about, "files": files})


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent)
