"""Train and measure a grid of codecs, alone or with other workers.

For example: rnn-codec grid grid=smoke. What follows `--` goes to every training:
grid=paper -- data=folder data.root=photographs
"""

import signal
import sys
from collections.abc import Sequence
from pathlib import Path

import torch
from hydra import compose
from omegaconf import DictConfig
from rich.console import Console

from rnn_codec.commands.configured import run_configured
from rnn_codec.configuration import build
from rnn_codec.data import DATA
from rnn_codec.errors import StoppedError, UserError
from rnn_codec.models.protocol import FAMILIES
from rnn_codec.overrides import quoted
from rnn_codec_lab.benchmark.peak import matrix_product_rate
from rnn_codec_lab.grid.display import failures_text, plan_table, worker_progress
from rnn_codec_lab.grid.plan import PlannedRun, plan_grid
from rnn_codec_lab.grid.worker import Grid, Outcome, work

PROGRAM = (sys.executable, "-m", "rnn_codec")
"""The command `rnn-codec`, as a process of its own."""


def build_grid(config: DictConfig) -> Grid:
    """The grid as configured."""
    options = [*config.grid.train, *config.options]
    measuring = [*config.grid.evaluate, *config.evaluation_options]
    return Grid(
        runs=plan_grid(config.grid.axes, options, config.grid.coders),
        evaluation_options=measuring,
        dataset=build(DATA, compose("evaluate", measuring).data).evaluation_name,
        folder=Path(config.output),
        records=Path(config.records),
        program=PROGRAM,
    )


def training_macs(run: PlannedRun) -> float:
    """Multiply–accumulate operations of all trainings of a run."""
    macs: dict[str, float] = {}
    for name in ("none", *run.coder_identities):
        config = compose("train", [*run.options, f"entropy={name}"])
        macs |= FAMILIES[config.codec.family].training_macs(config)
    return sum(macs.values())


def device_of(run: PlannedRun) -> torch.device:
    """Where a run would train, if this machine has it; else its processor."""
    on_gpu = run.config.trainer.accelerator in {"gpu", "cuda"} and torch.cuda.is_available()
    return torch.device("cuda" if on_gpu else "cpu")


def run_grid(grid: Grid, config: DictConfig) -> Outcome:
    """Work until nothing is left."""
    # Slurm and others end a job with this signal: what was started must end too.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with worker_progress(grid, Console(stderr=True)) as report:
        try:
            return work(grid, report, config.poll_seconds)
        except KeyboardInterrupt:
            raise StoppedError(
                f"stopped; the same command goes on with what is in {grid.folder}"
            ) from None


def train_grid(config: DictConfig) -> None:
    """Plan the grid; print it, or work on it."""
    grid = build_grid(config)
    if config.dry_run:
        rate = config.efficiency * 1e9 * matrix_product_rate(device_of(grid.runs[0]))
        Console().print(plan_table(grid, training_macs, rate))
        return
    result = run_grid(grid, config)
    done = f"{len(result.done)} of {len(grid.runs)} runs"
    Console().print(f"{done} are recorded in {grid.records}", soft_wrap=True, markup=False)
    if result.failed:
        raise UserError(failures_text(result.failed, grid))


def hydra_words(words: Sequence[str]) -> list[str]:
    """A command line as Hydra reads it, which knows neither --dry-run nor --.

    Example:
        >>> hydra_words(["grid=paper", "--dry-run", "--", "cell=gru", "data.root=my photos"])
        ['grid=paper', 'dry_run=true', "options=['cell=gru','data.root=my photos']"]
    """
    words = list(words)
    end = words.index("--") if "--" in words else len(words)
    own = ["dry_run=true" if word == "--dry-run" else word for word in words[:end]]
    if end == len(words):
        return own
    return [*own, f"options=[{','.join(map(quoted, words[end + 1 :]))}]"]


def main(words: Sequence[str]) -> None:
    """Plan the grid; print it, or work on it."""
    run_configured(train_grid, "grid", hydra_words(words))
