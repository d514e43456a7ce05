"""What a worker shows: a bar over the grid, a line for every stage."""

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from rnn_codec.grid.plan import PlannedRun
from rnn_codec.grid.worker import Grid, Report, outcome


@contextmanager
def worker_progress(grid: Grid, console: Console) -> Iterator[Report]:
    """Show how far the grid is, other workers' share included; yields what is told of stages."""
    columns = (BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    bar = Progress(TextColumn("{task.description}"), *columns, console=console)
    task = bar.add_task(grid.folder.name, total=len(grid.runs))

    def update() -> None:
        bar.update(task, completed=len(outcome(grid).done))

    def report(run: PlannedRun, stage: str) -> None:
        console.print(f"{run.folder_name}: {stage}", highlight=False)
        update()

    update()
    with bar:
        try:
            yield report
        finally:
            update()
