"""Compares a model with classic codecs at equal bytes, on pictures of installed packages.

python results/equal_bytes/equal_bytes.py
python results/equal_bytes/equal_bytes.py --model wavelet --rates 0.1 0.25 0.5 --pictures all \\
    --folder results/equal_bytes/wavelet
python results/equal_bytes/equal_bytes.py --model wavelet --rates 0.25 0.5 1 --pictures difficult \\
    --folder results/equal_bytes/difficult

Each classic codec uses the highest quality at which its file is no larger than the model's. Figures
show the middle of each picture at full resolution, with a line for each rate. equal_bytes.json, in
the same folder, has the figures, and the size of each picture as PNG, which is lossless. Pictures
are the held-out photographs of data=photos, or all of them, or those of `difficult.py`.
"""

import argparse
import io
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from difficult import difficult_pictures
from matplotlib.figure import Figure
from numpy.typing import NDArray
from PIL import Image

from rnn_codec.data.package_photographs import HELD_OUT, TRAINING, locate
from rnn_codec.data.split import centre_crop
from rnn_codec.files import write_json
from rnn_codec.machine import hardware, versions
from rnn_codec.models.find import load_model
from rnn_codec.models.protocol import Model
from rnn_codec.pictures.reading import read_rgb
from rnn_codec.progress import progress
from rnn_codec.rates import BitsPerPixel
from rnn_codec_lab.baselines import AVIF, JPEG_420, WEBP, PictureFiles
from rnn_codec_lab.evaluation.measurement import MeasuredFile, measure_file

SIDE, TITLE, GAP, DPI = 256, 40, 8, 100
"""Side of a detail, height of the lines above it and gap between details, in pixels; and DPI."""

CODECS = (JPEG_420, WEBP, AVIF)


def photographs(*places: tuple[str, str]) -> dict[str, NDArray[np.uint8]]:
    """Return photographs of packages by the names of their files."""
    paths = [locate(*place) for place in places]
    return {path.name: read_rgb(path) for path in paths}


PICTURES = {
    "held_out": lambda: photographs(*HELD_OUT),
    "all": lambda: photographs(*TRAINING, *HELD_OUT),
    "difficult": difficult_pictures,
}
"""What --pictures may be: functions that return pixels by name."""


def png_bytes(pixels: NDArray[np.uint8]) -> int:
    """Return the size of a picture as PNG."""
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG", optimize=True)
    return file.tell()


def coded(
    model: Model, name: str, rates: Sequence[float], pixels: NDArray[np.uint8]
) -> list[list[tuple[str, str, MeasuredFile]]]:
    """Return name, title and measurements of the model's file and the others, for each rate."""
    files = {codec: PictureFiles(codec, pixels) for codec in CODECS}
    lines = []
    for rate in rates:
        own = model.compress(pixels, BitsPerPixel(rate))
        measured = measure_file(len(own), model.decompress(own), pixels)
        line = [(name, name, measured)]
        for codec in CODECS:
            quality = files[codec].best_within(len(own))
            if quality is None:
                # Even the smallest file of the codec is larger.
                continue
            data = files[codec].at(quality)
            measured = measure_file(len(data), codec.decode(data), pixels)
            line.append((codec.name, f"{codec.title}, quality {quality}", measured))
        lines.append(line)
    return lines


def title(name: str, file: MeasuredFile) -> str:
    """Return the lines above a picture."""
    quality = f"{file.scores['psnr']:.2f} dB, MS-SSIM {file.scores['ms_ssim']:.4f}"
    return f"{name}: {file.file_bytes:,} bytes\n{quality}"


def draw(
    path: Path, original: NDArray[np.uint8], lines: list[list[tuple[str, str, MeasuredFile]]]
) -> None:
    """Draw the original and a line of files for each rate."""
    width = (max(map(len, lines)) + 1) * (SIDE + GAP) + GAP
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
    # As PNG, photographs would be ten times larger.
    figure.savefig(path, dpi=DPI, pil_kwargs={"quality": 92, "method": 6})


def main(words: Sequence[str]) -> None:
    """Code the pictures, write the measurements and draw a figure of each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default="flagship")
    parser.add_argument("--rates", type=float, nargs="+", default=[0.25, 0.5, 1.0])
    parser.add_argument("--pictures", choices=PICTURES, default="held_out")
    parser.add_argument("--folder", type=Path, default=Path(__file__).parent)
    options = parser.parse_args(words)
    name, model = options.model, load_model(options.model)
    folder: Path = options.folder
    folder.mkdir(parents=True, exist_ok=True)
    files, lossless = [], {}
    for picture, pixels in progress(PICTURES[options.pictures]().items(), "coding"):
        lossless[picture] = png_bytes(pixels)
        lines = coded(model, name, options.rates, pixels)
        draw(folder / f"{Path(picture).stem}.webp", pixels, lines)
        files += [
            {
                "picture": picture,
                "bits_per_pixel": rate,
                "codec": codec,
                "file_bytes": file.file_bytes,
                **file.scores,
            }
            for rate, line in zip(options.rates, lines, strict=True)
            for codec, _, file in line
        ]
    about = {
        "command": shlex.join(["python", "results/equal_bytes/equal_bytes.py", *words]),
        "model": name,
        "identity": model.fingerprint.hex(),
        "versions": versions(),
        "hardware": hardware(),
    }
    record = {**about, "png_bytes": lossless, "files": files}
    write_json(folder / "equal_bytes.json", record)


if __name__ == "__main__":
    main(sys.argv[1:])
