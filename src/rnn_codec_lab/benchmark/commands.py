"""Whole commands on a picture, their start included, beside a start of PyTorch."""

import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from PIL import Image

from rnn_codec.models.protocol import Pixels

IMPORT_TORCH = (sys.executable, "-c", "import torch")
"""What every command of a codec that needs it takes at least."""


def time_commands(
    model: str, pixels: Pixels, rates: Sequence[float], repetitions: int
) -> list[dict[str, object]]:
    """Seconds of compressing and decompressing a picture (H, W, 3), each a process of its own.

    The commands take turns, and the fastest run of each counts.

    Args:
        model: its name or folder.
        rates: bits per pixel.

    Returns:
        A row of bench.json for each rate: seconds, and their ratios to those of `import torch`.
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
    seconds: Mapping[str, list[float]] = {name: [] for name in commands}
    for _ in range(repetitions):
        for name, command in commands.items():
            seconds[name].append(process_seconds(command))
    least = {name: min(times) for name, times in seconds.items()}
    ratios = {name: least[name] / least["import_torch"] for name in ("compress", "decompress")}
    return {
        "model": model,
        "bits_per_pixel": rate,
        "file_bytes": coded.stat().st_size,
        **{f"{name}_seconds": found for name, found in least.items()},
        **{f"{name}_ratio": found for name, found in ratios.items()},
    }


def process_seconds(command: Sequence[str]) -> float:
    """How long a process takes.

    Raises:
        CalledProcessError: it fails.
    """
    started = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - started
