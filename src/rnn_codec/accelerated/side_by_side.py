"""python -m rnn_codec.accelerated.side_by_side photographs.zip runs grid/*.yaml --minutes 6

Trains several codecs at once on one device, each in a process of its own: while some compile,
others train. The run of grid/a.yaml is runs/a, what it prints is runs/a.log.
"""

import argparse
import os
import subprocess
import sys
from pathlib import Path

from rnn_codec.accelerated.building import peak_rate, use
from rnn_codec.errors import UserError, exit_on_user_error


def main(words: list[str]) -> None:
    """Start all, wait for all, say how each ended.

    Raises:
        UserError: some of them failed.
    """
    options = parse(words)
    # Measured before the others disturb it.
    peak = peak_rate(use(options.device)) / 1e9
    options.runs.mkdir(parents=True, exist_ok=True)
    started = {path.stem: start(path, options, peak) for path in options.configs}
    failed = []
    for name, process in started.items():
        if process.wait() != 0:
            failed.append(name)
        lines = (options.runs / f"{name}.log").read_text(encoding="utf-8").splitlines()
        print(f"{name}: {lines[-1] if lines else 'it has printed nothing'}", flush=True)
    if failed:
        raise UserError(f"{len(failed)} of {len(started)} trainings failed: {', '.join(failed)}")


def parse(words: list[str]) -> argparse.Namespace:
    """The command line."""
    program = "python -m rnn_codec.accelerated.side_by_side"
    parser = argparse.ArgumentParser(program, description=__doc__)
    parser.add_argument("pack", type=Path, help="written by src/pack_photographs.py")
    parser.add_argument("runs", type=Path, help="folder of the runs")
    parser.add_argument("configs", type=Path, nargs="+", help="one configuration a training")
    parser.add_argument("--options", nargs="*", default=[], help="other values, for all")
    parser.add_argument("--minutes", type=float, default=9.0, help="box of time (9)")
    parser.add_argument("--device", default="cuda", help="cuda (default) or cpu")
    return parser.parse_intermixed_args(words)


def start(config: Path, options: argparse.Namespace, peak: float) -> "subprocess.Popen[bytes]":
    """Start one training, which prints into a file."""
    files = [str(config), str(options.pack), str(options.runs / config.stem)]
    settings = [f"--minutes={options.minutes}", f"--device={options.device}", f"--peak={peak}"]
    words = [sys.executable, "-m", "rnn_codec.accelerated", *files, *options.options]
    words += ["--last", *settings]
    share = str(max(1, (os.cpu_count() or 1) // len(options.configs)))
    limits = {"OMP_NUM_THREADS": share, "TORCHINDUCTOR_COMPILE_THREADS": share}
    with (options.runs / f"{config.stem}.log").open("wb") as log:
        return subprocess.Popen(words, stdout=log, stderr=log, env=os.environ | limits)


if __name__ == "__main__":
    with exit_on_user_error():
        main(sys.argv[1:])
