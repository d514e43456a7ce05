"""What a worker shows: a bar over the grid, a line for every stage."""

from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from rnn_codec.grid.plan import PlannedRun
from rnn_codec.grid.worker import Grid, outcome


class WorkerProgress:
    """Shows how far the grid is, other workers' share included.

    Args:
        grid: what is worked on.
        console: where it is shown.
    """

    def __init__(self, grid: Grid, console: Console) -> None:
        self.grid = grid
        columns = (BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        self._bar = Progress(TextColumn("{task.description}"), *columns, console=console)
        self._task = self._bar.add_task(grid.folder.name, total=len(grid.runs))

    def __enter__(self) -> "WorkerProgress":
        """Start the bar."""
        self._update()
        self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Leave the bar as it stands."""
        self._update()
        self._bar.stop()

    def report(self, run: PlannedRun, stage: str) -> None:
        """Say what happens to a run."""
        self._bar.console.print(f"{run.folder_name}: {stage}", highlight=False)
        self._update()

    def _update(self) -> None:
        self._bar.update(self._task, completed=len(outcome(self.grid).done))
