"""Times whole commands on a picture, startup included, against a start of PyTorch."""

import json
import math
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import numpy as np
from PIL import Image

from rnn_codec.models.protocol import Pixels
from rnn_codec_lab.benchmark import process

IMPORT_TORCH = (sys.executable, "-c", "import torch")
"""Its time is the least that a command of any codec that needs PyTorch takes."""


def time_commands(
    model: str, pixels: Pixels, rates: Sequence[float], repetitions: int
) -> list[dict[str, object]]:
    """Time compressing and decompressing a picture (H, W, 3), each as a process of its own.

    The commands take turns, and the fastest run of each counts.

    Args:
        model: name or folder of the model.
        pixels: the picture.
        rates: bits per pixel to code at.
        repetitions: runs of each command.

    Returns:
        A row of bench.json for each rate: seconds, their ratios to the time of `import torch`, and
        the peak memory.
    """
    with TemporaryDirectory() as folder:
        picture = Path(folder) / "picture.png"
        Image.fromarray(pixels).save(picture)
        return [_row(model, picture, rate, repetitions) for rate in rates]


def _row(model: str, picture: Path, rate: float, repetitions: int) -> dict[str, object]:
    coded, decoded = picture.with_name("coded.rnc"), picture.with_name("decoded.png")
    program = (sys.executable, "-m", "rnn_codec")
    end = ("--model", model, "--force")
    commands = {
        "compress": (*program, "compress", str(picture), str(coded), "--bpp", str(rate), *end),
        "decompress": (*program, "decompress", str(coded), str(decoded), *end),
        "import_torch": IMPORT_TORCH,
    }
    runs: Mapping[str, list[Taken]] = {name: [] for name in commands}
    for _ in range(repetitions):
        for name, command in commands.items():
            runs[name].append(taken(command))
    least = {name: min(run.seconds for run in of_name) for name, of_name in runs.items()}
    coding = ("compress", "decompress")
    return {
        "model": model,
        "bits_per_pixel": rate,
        "file_bytes": coded.stat().st_size,
        **{f"{name}_seconds": found for name, found in least.items()},
        **{f"{name}_ratio": least[name] / least["import_torch"] for name in coding},
        **{f"{name}_mebibytes": max(run.mebibytes for run in runs[name]) for name in coding},
    }


class Taken(NamedTuple):
    """Time and memory that a process took."""

    seconds: float
    mebibytes: float
    """Peak memory."""


def taken(command: Sequence[str]) -> Taken:
    """Run a command and return its time and memory.

    Raises:
        CalledProcessError: the command fails.
    """
    watched = [sys.executable, process.__file__, *command]
    return Taken(**json.loads(subprocess.run(watched, check=True, capture_output=True).stdout))


def repeated(pixels: Pixels, least: int) -> Pixels:
    """Return a picture (H, W, 3) extended by mirroring to `least` pixels, in its proportions.

    >>> repeated(np.zeros((20, 30, 3), np.uint8), 5000).shape
    (58, 87, 3)
    """
    height, width, _ = pixels.shape
    factor = max(math.sqrt(least / (height * width)), 1.0)
    below, right = (math.ceil(side * factor) - side for side in (height, width))
    return np.pad(pixels, ((0, below), (0, right), (0, 0)), mode="symmetric")
