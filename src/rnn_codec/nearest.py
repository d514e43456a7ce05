"""Suggestions for an unknown name, for error messages."""

from collections.abc import Collection
from difflib import SequenceMatcher


def did_you_mean(name: str, known: Collection[str]) -> str:
    """The end of a message about an unknown name; empty if there are no known names.

    `max_steps` may have meant an option of another group, `trainer.max_steps`.

    >>> did_you_mean("seeed", ["name", "seed"])
    ': did you mean seed?'
    >>> did_you_mean("max_steps", ["most_bits", "coder.max_steps", "trainer.max_steps"])
    ': did you mean coder.max_steps or trainer.max_steps?'
    """
    elsewhere = [other for other in known if _last(other) == _last(name)]
    alike = max(known, key=lambda other: SequenceMatcher(None, name, other).ratio(), default=None)
    likely = elsewhere or [other for other in [alike] if other is not None]
    return f": did you mean {' or '.join(likely)}?" if likely else ""


def _last(name: str) -> str:
    return name.rpartition(".")[2]
