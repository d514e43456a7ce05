"""Progress of a command, on standard error: a bar on a terminal, lines at intervals in a file."""

import sys
import time
from collections.abc import Callable, Iterable, Iterator
from operator import length_hint
from typing import Any, TypeVar

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

Item = TypeVar("Item")

SECONDS = 30.0
"""Shortest time between two lines in a file."""


def columns() -> list[ProgressColumn]:
    """The columns of every bar, from the left: description, bar, count, and times."""
    return [
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    ]


def progress_bar(console: Console, **options: Any) -> Progress:
    """A bar on a terminal; options are those of rich's `Progress`."""
    return Progress(*columns(), console=console, **options)


class ProgressLines:
    """Writes progress to standard error, at most once every `SECONDS`."""

    def __init__(self, description: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._description, self._clock, self._told = description, clock, clock()

    def tell(self, done: int, total: int | None) -> None:
        """Write a line if it is due; `total` is None if unknown."""
        if self._clock() - self._told >= SECONDS:
            self._told = self._clock()
            of_all = "" if total is None else f" of {total}"
            print(f"{self._description}: {done}{of_all}", file=sys.stderr, flush=True)


def progress(
    items: Iterable[Item],
    description: str,
    total: int | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[Item]:
    """Yield the items, with a bar or lines; `total` is their number if they do not know it."""
    total = total or length_hint(items) or None
    console = Console(stderr=True)
    if console.is_terminal:
        with progress_bar(console) as bar:
            yield from bar.track(items, total, description=description)
        return
    lines = ProgressLines(description, clock)
    for done, item in enumerate(items, start=1):
        yield item
        lines.tell(done, total)
