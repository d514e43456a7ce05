"""A grid for the eye: its plan, its progress, its failures."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from rnn_codec.progress import progress_bar
from rnn_codec.runs.folder import RunFolder
from rnn_codec_lab.grid.claims import claimant
from rnn_codec_lab.grid.plan import PlannedRun
from rnn_codec_lab.grid.worker import LOG, Grid, Outcome, Report, outcome


def plan_table(
    grid: Grid,
    state: Outcome,
    folders: Mapping[str, RunFolder],
    costs: Mapping[str, float],
    macs_per_second: float,
) -> Table:
    """The runs, with the state of each and an estimate of what it costs.

    Args:
        grid: the grid.
        state: what is done.
        folders: of the runs, by identity.
        costs: multiply–accumulate operations of those that are not done, by identity.
        macs_per_second: what a training is expected to reach.
    """
    speed = macs_per_second / 1e9
    table = Table(
        title=f"{len(grid.runs)} codecs with {len(grid.runs[0].coder_identities) + 1} entropy "
        f"settings each; time of the trainings at {speed:.0f} GMAC/s, coding and measuring not "
        "counted",
        title_justify="left",
        box=box.SIMPLE_HEAD,
        pad_edge=False,
    )
    table.add_column("run", overflow="fold")
    table.add_column("state")
    for heading in ("10⁹ MAC", "time"):
        table.add_column(heading, justify="right")
    failed = {run.identity for run, _ in state.failed}
    for run in grid.runs:
        cost = costs.get(run.identity)
        words = _state(run, folders[run.identity], cost is None, run.identity in failed)
        if (worker := claimant(grid.claim(run))) is not None:
            words += f"; running on {worker}"
        figures = ("", "") if cost is None else _figures(cost, macs_per_second)
        table.add_row(escape(run.folder_name), words, *figures)
    table.add_section()
    table.add_row("all that is left", "", *_figures(sum(costs.values()), macs_per_second))
    return table


def _state(run: PlannedRun, folder: RunFolder, done: bool, failed: bool) -> str:
    if done:
        return "done"
    begun = [name for name in run.coder_identities if folder.coder(name).weights.is_file()]
    if folder.weights.is_file():
        words = ", ".join(["codec trained", *(f"{name} trained" for name in begun)])
    else:
        words = "codec begun" if folder.checkpoint.is_file() else "to do"
    return f"{words}; has failed" if failed else words


def _figures(macs: float, macs_per_second: float) -> tuple[str, str]:
    return f"{macs / 1e9:,.0f}", str(timedelta(seconds=round(macs / macs_per_second)))


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
