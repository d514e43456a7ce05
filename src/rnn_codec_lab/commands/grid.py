"""Train and measure a grid of codecs, alone or with other workers.

For example: rnn-codec grid grid=smoke. The options after `--` go to every training:
grid=paper -- data=folder data.root=photographs
"""

import signal
import sys
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import torch
from omegaconf import DictConfig
from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from rnn_codec.commands.configured import run_configured
from rnn_codec.composition import composed
from rnn_codec.configuration import build
from rnn_codec.data import DATA
from rnn_codec.errors import StoppedError, UserError
from rnn_codec.models.protocol import FAMILIES
from rnn_codec.overrides import quoted
from rnn_codec.progress import progress_bar
from rnn_codec.runs.folder import RunFolder
from rnn_codec_lab.benchmark.networks import matrix_product_rate
from rnn_codec_lab.grid.claims import claimant
from rnn_codec_lab.grid.plan import PlannedRun, check_further, find_run_folders, plan_grid
from rnn_codec_lab.grid.worker import LOG, Grid, Outcome, outcome, work

PROGRAM = (sys.executable, "-m", "rnn_codec")
"""The words that start `rnn-codec` as a process of its own."""


def build_grid(config: DictConfig) -> Grid:
    """Return the grid as configured."""
    check_further(config.grid.axes, config.grid.coders, config.options)
    options = [*config.grid.train, *config.options]
    measuring = [*config.grid.evaluate, *config.evaluation_options]
    return Grid(
        runs=plan_grid(config.grid.axes, options, config.grid.coders),
        evaluation_options=measuring,
        dataset=build(DATA, composed("evaluate", measuring).data).evaluation_name,
        folder=Path(config.output),
        records=Path(config.records),
        program=PROGRAM,
    )


def training_macs(run: PlannedRun) -> float:
    """Return the number of multiply–accumulate operations of all trainings of a run."""
    macs = dict(FAMILIES[run.config.codec.family].training_macs(run.config))
    for name in run.coder_identities:
        config = composed("train", [*run.options, f"entropy={name}"])
        macs |= FAMILIES[config.codec.family].training_macs(config)
    return sum(macs.values())


def device_of(run: PlannedRun) -> torch.device:
    """Return the device that a run trains on; the processor if this machine has no GPU."""
    on_gpu = run.config.trainer.accelerator in {"gpu", "cuda"} and torch.cuda.is_available()
    return torch.device("cuda" if on_gpu else "cpu")


def plan_table(grid: Grid, macs_per_second: float) -> Table:
    """Return a table of the runs, with their states and the estimated cost of their trainings."""
    table = Table(
        title=f"{len(grid.runs)} codecs with {len(grid.runs[0].coder_identities) + 1} entropy "
        f"settings each; training time at {macs_per_second / 1e9:.0f} GMAC/s, without coding and "
        "measuring",
        title_justify="left",
        box=box.SIMPLE_HEAD,
        pad_edge=False,
    )
    table.add_column("run", overflow="fold")
    table.add_column("state")
    for heading in ("10⁹ MAC", "time"):
        table.add_column(heading, justify="right")

    def figures(macs: float) -> tuple[str, str]:
        return f"{macs / 1e9:,.0f}", str(timedelta(seconds=round(macs / macs_per_second)))

    state, folders = outcome(grid), find_run_folders(grid.folder, grid.runs)
    failed = [run for run, _ in state.failed]
    left = 0.0
    for run in grid.runs:
        done = run in state.done
        words = "done" if done else what_is_trained(run, folders[run.identity])
        words += "; has failed" if run in failed else ""
        if (worker := claimant(grid.claim(run))) is not None:
            words += f"; running on {worker}"
        macs = 0.0 if done else training_macs(run)
        left += macs
        table.add_row(escape(run.folder_name), words, *(figures(macs) if macs else ()))
    table.add_section()
    table.add_row("all that is left", "", *figures(left))
    return table


def what_is_trained(run: PlannedRun, folder: RunFolder) -> str:
    """Return the state of a run without a record, in words."""
    folders = {"codec": folder} | {name: folder.coder(name) for name in run.coder_identities}
    trained = [f"{name} trained" for name, place in folders.items() if place.weights.is_file()]
    return ", ".join(trained) or ("codec begun" if folder.checkpoint.is_file() else "to do")


def run_grid(grid: Grid, config: DictConfig) -> Outcome:
    """Work until every run is done or has failed; show the progress of all workers."""
    # Slurm and others end a job with this signal; the processes started here must end with it.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    console = Console(stderr=True)
    with progress_bar(console) as bar:
        done = len(outcome(grid).done)
        task = bar.add_task(grid.folder.name, total=len(grid.runs), completed=done)

        def report(run: PlannedRun, stage: str) -> None:
            words = f"{run.folder_name}: {stage}"
            console.print(words, highlight=False, markup=False, soft_wrap=True)
            bar.update(task, completed=len(outcome(grid).done))

        try:
            result = work(grid, report, config.poll_seconds)
        except KeyboardInterrupt:
            raise StoppedError(
                f"stopped; the same command resumes the grid in {grid.folder}"
            ) from None
        bar.update(task, completed=len(result.done))
    return result


def failures_text(failed: Sequence[tuple[PlannedRun, str]], grid: Grid) -> str:
    """Return a message that lists the failed runs and says where their output is."""
    lines = [f"{len(failed)} of {len(grid.runs)} runs have failed; the same command retries them:"]
    lines += [f"  {run.folder_name}, {failure}" for run, failure in failed]
    lines.append(f"their output is in {grid.folder}/*/{LOG}")
    return "\n".join(lines)


def train_grid(config: DictConfig) -> None:
    """Plan the grid, then print the plan or work on it."""
    grid = build_grid(config)
    if config.dry_run:
        rate = config.efficiency * 1e9 * matrix_product_rate(device_of(grid.runs[0]))
        Console().print(plan_table(grid, rate))
        return
    result = run_grid(grid, config)
    done = f"{len(result.done)} of {len(grid.runs)} runs"
    Console().print(f"{done} are recorded in {grid.records}", soft_wrap=True, markup=False)
    if result.failed:
        raise UserError(failures_text(result.failed, grid))


def hydra_words(words: Sequence[str]) -> list[str]:
    """Translate a command line for Hydra, which knows neither --dry-run nor --.

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
    """Plan the grid, then print the plan or work on it."""
    run_configured(train_grid, "grid", hydra_words(words))
