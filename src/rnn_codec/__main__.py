"""The command `rnn-codec`, also as `python -m rnn_codec`: finds a subcommand and runs it.

A subcommand is a module with a function `main`, which takes the words that follow: a module of
`rnn_codec.commands`, or of a package that another one names as an entry point of the group
`rnn_codec.commands`. The list is read from the files: only the chosen one is imported, with all
that it needs.
"""

import ast
import atexit
import gc
import importlib
import os
import re
import sys
from collections.abc import Mapping, Sequence
from importlib.metadata import entry_points
from importlib.util import find_spec
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
    # Others are not looked for where it is one of our own: that takes time.
    own = {commands.__name__: list(commands.__path__)}
    modules = modules_in(own)
    if name not in modules:
        modules = modules_in(packages())
    if name not in modules:
        raise UserError(f"rnn-codec has no subcommand {name}: it has {', '.join(sorted(modules))}")
    try:
        module = imported(modules[name])
    except ModuleNotFoundError as error:
        missing = (error.name or "").partition(".")[0]
        if missing in {"", *(package.partition(".")[0] for package in modules.values())}:
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


def packages() -> dict[str, list[str]]:
    """The folders of all packages of subcommands, by name; ours come first."""
    found = {commands.__name__: list(commands.__path__)}
    for entry in entry_points(group=commands.__name__):
        top, *below = entry.value.split(".")
        # Finding a package imports what it is in, but not the package that is at the top.
        spec = find_spec(top)
        places = spec.submodule_search_locations if spec is not None else None
        found[entry.value] = [str(Path(place, *below)) for place in places or ()]
    return found


def modules_in(found: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """The modules of subcommands in packages, by the names of the subcommands."""
    modules: dict[str, str] = {}
    for package, folders in found.items():
        for file in sorted(file for folder in folders for file in Path(folder).glob("*.py")):
            if re.search(r"^(def main\(|main = )", file.read_text(encoding="utf-8"), re.MULTILINE):
                modules.setdefault(file.stem.replace("_", "-"), f"{package}.{file.stem}")
    return modules


def subcommands() -> dict[str, str]:
    """Every subcommand with the first line of its documentation."""
    found, sentences = packages(), {}
    for name, module in sorted(modules_in(found).items()):
        package, _, stem = module.rpartition(".")
        files = (Path(folder, f"{stem}.py") for folder in found[package])
        text = next(file for file in files if file.is_file()).read_text(encoding="utf-8")
        sentences[name] = (ast.get_docstring(ast.parse(text)) or "").partition("\n")[0]
    return sentences


def help_text() -> str:
    """What `rnn-codec --help` prints."""
    entries = subcommands()
    width = max(map(len, entries))
    lines = [f"  {name:{width}}  {line}" for name, line in entries.items()]
    return HELP.format(subcommands="\n".join(lines))


if __name__ == "__main__":
    main()
