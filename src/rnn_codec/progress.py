"""How far a command is, as a bar on standard error."""

from collections.abc import Iterable
from typing import TypeVar

from rich.console import Console
from rich.markup import escape
from rich.progress import track

Item = TypeVar("Item")


def progress(items: Iterable[Item], description: str, total: int | None = None) -> Iterable[Item]:
    """The same items, with a bar; `total` is their number, where they do not know it."""
    return track(items, escape(description), total, console=Console(stderr=True))
