"""The command `rnn-codec`, also as `python -m rnn_codec`: finds a subcommand and runs it.

A subcommand is a module of `rnn_codec.commands` with a function `main`, which takes the words that
follow. The list is read from the files: only the chosen one is imported, with all that it needs.
"""

import ast
import atexit
import gc
import importlib
import os
import re
import sys
from io import TextIOWrapper
from pathlib import Path
from types import ModuleType

from rnn_codec import commands
from rnn_codec.errors import UserError, exit_on_user_error

HELP = """usage: rnn-codec <subcommand> …

Progressive image compression with recurrent neural networks.

{subcommands}

What a subcommand takes: rnn-codec <subcommand> --help"""

INTERRUPTED = 130
"""Exit status after Ctrl-C, as of shells."""

EXTRAS = {"plotly": "report"}
"""The optional dependencies that bring a module, where they are not `train`."""


def main() -> None:
    """Run a subcommand; a mistake ends in one sentence and an exit status that is not 0."""
    name, *words = sys.argv[1:] or ["--help"]
    print_anything()
    try:
        with exit_on_user_error():
            if name in {"--help", "-h"}:
                print(help_text())
            else:
                run(name, words)
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    except BrokenPipeError:
        # Nobody reads on, as after `| head`; Python would complain when it flushes at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)


def print_anything() -> None:
    """Write what the encoding of standard output lacks as an escape, not as a traceback."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def run(name: str, words: list[str]) -> None:
    """Run a subcommand with the words that follow it.

    Raises:
        UserError: there is none of that name, or it needs a package that is not installed.
    """
    modules = subcommands()
    if name not in modules:
        raise UserError(f"rnn-codec has no subcommand {name}: it has {', '.join(modules)}")
    try:
        module = imported(f"{commands.__name__}.{name.replace('-', '_')}")
    except ModuleNotFoundError as error:
        missing = (error.name or "").partition(".")[0]
        if missing in {"", "rnn_codec"}:
            raise
        extra = EXTRAS.get(missing, "train")
        raise UserError(
            f"rnn-codec {name} needs {missing}, of the extra {extra}: "
            f"pip install 'rnn-codec[{extra}]'"
        ) from error
    module.main(words)


def imported(name: str) -> ModuleType:
    """A module. Neither it nor what it imports is ever looked through for garbage.

    It lives as long as the process: to look through it again and again, a last time at the end,
    takes half a second of a short command.
    """
    if name in sys.modules:
        return sys.modules[name]
    gc.disable()
    try:
        return importlib.import_module(name)
    finally:
        gc.freeze()
        gc.enable()
        atexit.register(gc.freeze)


def subcommands() -> dict[str, str]:
    """Every subcommand with the first line of its documentation."""
    found = {}
    for file in sorted(file for folder in commands.__path__ for file in Path(folder).glob("*.py")):
        text = file.read_text(encoding="utf-8")
        if re.search(r"^(def main\(|main = )", text, re.MULTILINE):
            documentation = ast.get_docstring(ast.parse(text)) or ""
            found[file.stem.replace("_", "-")] = documentation.partition("\n")[0]
    return found


def help_text() -> str:
    """What `rnn-codec --help` prints."""
    entries = subcommands()
    width = max(map(len, entries))
    lines = [f"  {name:{width}}  {line}" for name, line in entries.items()]
    return HELP.format(subcommands="\n".join(lines))


if __name__ == "__main__":
    main()
