"""The known names that are most like one that is not known, for messages."""

from collections.abc import Collection
from difflib import SequenceMatcher


def did_you_mean(name: str, known: Collection[str]) -> str:
    """The end of a sentence that says a name is not known; nothing where no name is.

    An option of another group, `trainer.max_steps`, may have been meant by `max_steps`.

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
