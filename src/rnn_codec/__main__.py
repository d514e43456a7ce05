"""The command `rnn-codec`, also as `python -m rnn_codec`: finds a subcommand and runs it.

A subcommand is a module with a function `main`, which takes the words that follow: a module of
`rnn_codec.commands`, or of a package that another one names as an entry point of the group
`rnn_codec.commands`. The list is read from the files: only the chosen one is imported, with all
that it needs.
"""

import atexit
import gc
import importlib
import os
import re
import sys
from collections.abc import Iterable, Sequence
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

from rnn_codec import commands
from rnn_codec.errors import UserError, exit_on_user_error
from rnn_codec.extras import explained_extras
from rnn_codec.streams import prepare_streams, silence

HELP = """usage: rnn-codec <subcommand> …

Progressive image compression with recurrent neural networks.

{subcommands}

What a subcommand takes: rnn-codec <subcommand> --help
Which version this is:   rnn-codec --version"""

INTERRUPTED = 130
"""Exit status after Ctrl-C, as of shells."""


class Subcommand(NamedTuple):
    """The name of its module, and the first line of that module's documentation."""

    module: str
    sentence: str


def main() -> None:
    """Run a subcommand; a mistake ends in one sentence and an exit status that is not 0."""
    prepare_streams()
    try:
        with exit_on_user_error():
            answer(sys.argv[1:])
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    except BrokenPipeError:
        # Nobody reads on, as after `| head`.
        silence(sys.stdout)
        sys.exit(1)


def answer(words: Sequence[str]) -> None:
    """Do what the words of a command line ask for; raises as `run`."""
    match words:
        case [] | ["--help" | "-h" | "help"]:
            print(help_text())
        case ["--version" | "-V"]:
            from importlib.metadata import version  # noqa: PLC0415

            print(f"rnn-codec {version('rnn-codec')}")
        case ["help", name, *_]:
            run(name, ["--help"])
        case [name, *options]:
            run(name, options)


def run(name: str, words: Sequence[str]) -> None:
    """Run a subcommand with the words that follow it.

    Raises:
        UserError: there is none of that name, it needs a package that is not installed, or the
            working folder has been deleted.
    """
    check_working_folder()
    # Others are not looked for where it is one of our own: that takes time.
    known = own_subcommands()
    if name not in known:
        known = subcommands()
    if name not in known:
        raise UserError(f"rnn-codec has no subcommand {name}: it has {', '.join(sorted(known))}")
    own = (command.module.partition(".")[0] for command in known.values())
    with explained_extras(f"rnn-codec {name}", *own):
        module = imported(known[name].module)
    module.main(words)


def check_working_folder() -> None:
    """Refuse to work where relative paths lead nowhere."""
    try:
        os.getcwd()
    except FileNotFoundError as error:
        raise UserError(
            "the working folder has been deleted: change to one that is there"
        ) from error


def imported(name: str) -> ModuleType:
    """A module. It lives as long as the process: neither it nor what it imports is looked through
    for garbage, which takes half a second of a short command.
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


def subcommands() -> dict[str, Subcommand]:
    """Every subcommand by its name; of two of one name ours counts."""
    # Not imported for our own commands: it takes as long as all else here.
    from importlib.metadata import entry_points  # noqa: PLC0415

    found: dict[str, Subcommand] = {}
    for entry in entry_points(group=commands.__name__):
        spec = find_spec(entry.value)
        if spec is not None:
            found |= subcommands_in(entry.value, spec.submodule_search_locations or ())
    return found | own_subcommands()


def own_subcommands() -> dict[str, Subcommand]:
    """Those of this package."""
    return subcommands_in(commands.__name__, commands.__path__)


def subcommands_in(package: str, folders: Iterable[str]) -> dict[str, Subcommand]:
    """Those of a package, by its files."""
    found = {}
    for file in (file for folder in folders for file in Path(folder).glob("*.py")):
        text = file.read_text(encoding="utf-8")
        if re.search(r"^(def main\(|main = )", text, re.MULTILINE):
            sentence = text.partition("\n")[0].strip('"')
            found[file.stem.replace("_", "-")] = Subcommand(f"{package}.{file.stem}", sentence)
    return found


def help_text() -> str:
    """What `rnn-codec --help` prints."""
    known = subcommands()
    width = max(map(len, known))
    lines = [f"  {name:{width}}  {command.sentence}" for name, command in sorted(known.items())]
    return HELP.format(subcommands="\n".join(lines))


if __name__ == "__main__":
    main()
