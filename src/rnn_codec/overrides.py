"""Options of a command line, `key=value`, whose value may be any text, such as a path or a name.

Hydra has a grammar for values: a comma makes a sweep, a bracket a list, `5` is a number and `${x}`
an interpolation. A shell has another grammar. Nothing here needs Hydra.
"""

import re
import shlex
from typing import Any

PLAIN = re.compile(r"[./]*[A-Za-z_][A-Za-z0-9_./-]*")
"""Text that Hydra takes literally, unless it is one of `WORDS`."""
WORDS = frozenset({"null", "true", "false", "nan", "inf"})
"""Words that Hydra does not read as text, in upper or lower case."""


def override(name: str, value: object) -> str:
    """An option whose value Hydra reads as exactly this text.

    The exception is `???`, which to Hydra means a missing value.

    Example:
        >>> print(override("output", "runs/a"), override("output", "a, ${b}"))
        output=runs/a output='a, \\${b}'
    """
    return f"{name}={quoted(str(value))}"


def hint(name: str, value: object) -> str:
    """The same option, quoted so that a user can paste it into a shell.

    >>> print(hint("resume", "runs/a"), hint("resume", "a b"))
    resume=runs/a 'resume='"'"'a b'"'"''
    """
    return shlex.quote(override(name, value))


def quoted(text: str) -> str:
    """A text as a value in Hydra's grammar."""
    if PLAIN.fullmatch(text) and text.lower() not in WORDS:
        return text
    # Backslashes are escapes only before a quotation mark: there each is doubled.
    escaped = re.sub(r"(\\*)('|\Z)", _double, literal(text))
    return f"'{escaped}'"


def literal(text: str) -> str:
    """A text, escaped so that OmegaConf does not interpolate it.

    Example:
        >>> print(literal("a/${b}"))
        a/\\${b}
    """
    return re.sub(r"(\\*)\$\{", lambda found: f"{2 * found[1]}\\${{", text)


def literals(node: Any) -> Any:
    """A resolved configuration, with all its texts escaped by `literal`."""
    if isinstance(node, dict):
        return {key: literals(value) for key, value in node.items()}
    if isinstance(node, list):
        return [literals(value) for value in node]
    return literal(node) if isinstance(node, str) else node


def _double(found: re.Match[str]) -> str:
    return 2 * found[1] + ("\\'" if found[2] else "")
