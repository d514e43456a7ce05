"""Words of a command line, `name=value`, made ready for Hydra's grammar."""

import os
import re
from collections.abc import Sequence

from rnn_codec.overrides import quoted
from rnn_codec.paths import expanded

HOME = re.compile(r"""('(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*")|(?<=[=,\[])(~[^,\[\]{}'"]*)""")
"""Text in quotation marks, or else what begins with `~`: a value, or one of several."""


def readable(words: Sequence[str]) -> list[str]:
    """Words as Hydra reads them."""
    return [with_home(word) for word in as_hydra_writes(words)]


def with_home(word: str) -> str:
    """A word whose values may begin with `~`, which Hydra's grammar does not have.

    What is in quotation marks stays: it is text as any other, in which `checked` expands it.

    >>> here = with_home("models=[~/a,'~/b']")
    >>> here.replace(os.path.expanduser("~"), "/home/me")
    "models=[/home/me/a,'~/b']"
    """
    if "=" not in word:
        return word
    return HOME.sub(lambda found: found[1] or quoted(expanded(found[2])), word)


def as_hydra_writes(words: Sequence[str]) -> list[str]:
    """The words of a command line; those of an agent of a W&B sweep as Hydra would have them.

    Agents write what Python prints: `None` for null, and `16.0` where a search has drawn a whole
    number. Options that are not whole numbers take `16`, too.
    """
    if "WANDB_SWEEP_ID" not in os.environ:
        return list(words)
    with_null = (re.sub(r"^([^=]+)=None$", r"\1=null", word) for word in words)
    return [re.sub(r"^([^=]+=-?\d+)\.0$", r"\1", word) for word in with_null]
