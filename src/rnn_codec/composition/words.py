"""Words of a command line, `name=value`, prepared for Hydra's grammar."""

import os
import re
from collections.abc import Sequence

from rnn_codec.overrides import quoted
from rnn_codec.paths import expanded

HOME = re.compile(r"""('(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*")|(?<=[=,\[])(~[^,\[\]{}'"]*)""")
"""Matches text in quotation marks, or else a value, or one of several, that begins with `~`."""


def readable(words: Sequence[str]) -> list[str]:
    """Words in a form that Hydra can read."""
    return [with_home(word) for word in as_hydra_writes(words)]


def with_home(word: str) -> str:
    """A word with `~` expanded at the beginning of values: Hydra's grammar has no `~` there.

    Text in quotation marks is unchanged: `checked` expands it later.

    >>> here = with_home("models=[~/a,'~/b']")
    >>> here.replace(os.path.expanduser("~"), "/home/me")
    "models=[/home/me/a,'~/b']"
    """
    if "=" not in word:
        return word
    return HOME.sub(lambda found: found[1] or quoted(expanded(found[2])), word)


def as_hydra_writes(words: Sequence[str]) -> list[str]:
    """The words of a command line; those of a W&B sweep's agent are converted to Hydra's syntax.

    Agents write values as Python prints them: `None` for null, and `16.0` for a whole number that a
    search has drawn. Options that are not whole numbers also accept `16`.
    """
    if "WANDB_SWEEP_ID" not in os.environ:
        return list(words)
    with_null = (re.sub(r"^([^=]+)=None$", r"\1=null", word) for word in words)
    return [re.sub(r"^([^=]+=-?\d+)\.0$", r"\1", word) for word in with_null]
