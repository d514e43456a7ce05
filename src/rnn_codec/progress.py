"""How far a command is, on standard error: a bar on a terminal, a line now and then in a file."""

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
"""Between two lines in a file, at least."""


def columns() -> list[ProgressColumn]:
    """What every bar shows, from the left: what is done, how much of it, for how long."""
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
    """Writes how much is done to standard error when `SECONDS` have passed since the last time."""

    def __init__(self, description: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._description, self._clock, self._told = description, clock, clock()

    def tell(self, done: int, total: int | None) -> None:
        """Write if it is time; `total` is None where it is not known."""
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
    """The same items, with a bar or lines; `total` is their number, where they do not know it."""
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
