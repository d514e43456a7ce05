"""A grid for the eye: its plan, its progress, its failures."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from rnn_codec.progress import progress_bar
from rnn_codec.runs.folder import RunFolder
from rnn_codec_lab.grid.claims import claimant
from rnn_codec_lab.grid.plan import PlannedRun, find_run_folders
from rnn_codec_lab.grid.worker import LOG, Grid, Report, outcome


def plan_table(grid: Grid, macs_of: Callable[[PlannedRun], float], macs_per_second: float) -> Table:
    """The runs, with the state of each and an estimate of what it costs.

    Args:
        grid: the grid.
        macs_of: multiply–accumulate operations of the trainings of a run.
        macs_per_second: what a training is expected to reach.
    """
    table = Table(
        title=f"{len(grid.runs)} codecs with {len(grid.runs[0].coder_identities) + 1} entropy "
        f"settings each; time of the trainings at {macs_per_second / 1e9:.0f} GMAC/s, coding and "
        "measuring not counted",
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
    done = {run.identity for run in state.done}
    failed = {run.identity for run, _ in state.failed}
    left = 0.0
    for run in grid.runs:
        words = "done" if run.identity in done else _state(run, folders[run.identity])
        words += "; has failed" if run.identity in failed else ""
        if (worker := claimant(grid.claim(run))) is not None:
            words += f"; running on {worker}"
        macs = 0.0 if run.identity in done else macs_of(run)
        left += macs
        table.add_row(escape(run.folder_name), words, *(figures(macs) if macs else ("", "")))
    table.add_section()
    table.add_row("all that is left", "", *figures(left))
    return table


def _state(run: PlannedRun, folder: RunFolder) -> str:
    """What is trained of a run without a record."""
    folders = {"codec": folder} | {name: folder.coder(name) for name in run.coder_identities}
    trained = [f"{name} trained" for name, place in folders.items() if place.weights.is_file()]
    return ", ".join(trained) or ("codec begun" if folder.checkpoint.is_file() else "to do")


def failures_text(failed: Sequence[tuple[PlannedRun, str]], grid: Grid) -> str:
    """What has failed and where to read more."""
    lines = [f"{len(failed)} of {len(grid.runs)} runs have failed; the same command tries again:"]
    lines += [f"  {run.folder_name}, {failure}" for run, failure in failed]
    lines.append(f"their output is in {grid.folder}/*/{LOG}")
    return "\n".join(lines)


@contextmanager
def worker_progress(grid: Grid, console: Console) -> Iterator[Report]:
    """Show how far the grid is, other workers' share included; yields what is told of stages."""
    bar = progress_bar(console)
    task = bar.add_task(grid.folder.name, total=len(grid.runs))

    def update() -> None:
        bar.update(task, completed=len(outcome(grid).done))

    def report(run: PlannedRun, stage: str) -> None:
        console.print(f"{run.folder_name}: {stage}", highlight=False, markup=False, soft_wrap=True)
        update()

    update()
    with bar:
        try:
            yield report
        finally:
            update()
