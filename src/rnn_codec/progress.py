"""How far a command is, on standard error: a bar on a terminal, a line now and then in a file."""

import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sized
from typing import TextIO, TypeVar

from rich.console import Console
from rich.markup import escape
from rich.progress import track

Item = TypeVar("Item")

SECONDS = 30.0
"""Between two lines in a file, at least."""


def progress(items: Iterable[Item], description: str, total: int | None = None) -> Iterable[Item]:
    """The same items, with a bar or lines; `total` is their number, where they do not know it."""
    console = Console(stderr=True)
    if console.is_terminal:
        return track(items, escape(description), total, console=console)
    if total is None and isinstance(items, Sized):
        total = len(items)
    return lines_of_progress(items, description, total, sys.stderr, time.monotonic)


def lines_of_progress(
    items: Iterable[Item],
    description: str,
    total: int | None,
    file: TextIO,
    clock: Callable[[], float],
) -> Iterator[Item]:
    """The same items; a line is written when `SECONDS` have passed since the last.

    Args:
        items: yielded one after another.
        description: what is done with them.
        total: their number, if it is known.
        file: where lines go.
        clock: tells the time, in seconds.
    """
    told = clock()
    for done, item in enumerate(items, start=1):
        yield item
        if clock() - told >= SECONDS:
            told = clock()
            of_all = "" if total is None else f" of {total}"
            print(f"{description}: {done}{of_all}", file=file, flush=True)
