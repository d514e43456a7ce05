"""Options of a command line, `key=value`, whose value may be any text: a path, a name.

Hydra has a grammar for values: what has a comma is a sweep, what has a bracket a list, `5` a number
and `${x}` an interpolation. A shell has another. Nothing here needs Hydra.
"""

import re
import shlex
from typing import Any

PLAIN = re.compile(r"[./]*[A-Za-z_][A-Za-z0-9_./-]*")
"""What Hydra takes as it is, unless it is one of `WORDS`."""
WORDS = frozenset({"null", "true", "false", "nan", "inf"})
"""Hydra's names for other things than text, in any case."""


def override(name: str, value: object) -> str:
    """An option whose value Hydra reads as exactly this text, unless that is `???`, which means to
    it that there is none.

    Example:
        >>> print(override("output", "runs/a"), override("output", "a, ${b}"))
        output=runs/a output='a, \\${b}'
    """
    return f"{name}={quoted(str(value))}"


def hint(name: str, value: object) -> str:
    """The same for a user to paste into a shell.

    >>> print(hint("resume", "runs/a"), hint("resume", "a b"))
    resume=runs/a 'resume='"'"'a b'"'"''
    """
    return shlex.quote(override(name, value))


def quoted(text: str) -> str:
    """A text as a value in Hydra's grammar."""
    if PLAIN.fullmatch(text) and text.lower() not in WORDS:
        return text
    # Backslashes count only where they end in a quotation mark: there each is doubled.
    escaped = re.sub(r"(\\*)('|\Z)", _double, literal(text))
    return f"'{escaped}'"


def literal(text: str) -> str:
    """A text that OmegaConf does not interpolate.

    Example:
        >>> print(literal("a/${b}"))
        a/\\${b}
    """
    return re.sub(r"(\\*)\$\{", lambda found: f"{2 * found[1]}\\${{", text)


def literals(node: Any) -> Any:
    """What `literal` makes of all texts of a configuration that has nothing left to interpolate."""
    if isinstance(node, dict):
        return {key: literals(value) for key, value in node.items()}
    if isinstance(node, list):
        return [literals(value) for value in node]
    return literal(node) if isinstance(node, str) else node


def _double(found: re.Match[str]) -> str:
    return 2 * found[1] + ("\\'" if found[2] else "")
