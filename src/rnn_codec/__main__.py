"""The command `rnn-codec`, also as `python -m rnn_codec`: finds a subcommand and runs it.

A subcommand is a module with a function `main`, which takes the rest of the command line. The
module is in `rnn_codec.commands`, or in a package that another distribution names as an entry point
of the group `rnn_codec.commands`. The list of subcommands is read from the source files: only the
chosen one is imported, with its dependencies.
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

Options of a subcommand: rnn-codec <subcommand> --help
Version:                 rnn-codec --version"""

INTERRUPTED = 130
"""Exit status after Ctrl-C, as in shells."""


class Subcommand(NamedTuple):
    """A subcommand: its module's name, and the first line of that module's docstring."""

    module: str
    sentence: str


def main() -> None:
    """Run a subcommand; a user's mistake prints one sentence and exits with a nonzero status."""
    prepare_streams()
    try:
        with exit_on_user_error():
            answer(sys.argv[1:])
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    except BrokenPipeError:
        # The reader has closed the pipe, as `| head` does.
        silence(sys.stdout)
        sys.exit(1)


def answer(words: Sequence[str]) -> None:
    """Carry out a command line; raises the same errors as `run`."""
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
        UserError: there is no such subcommand, it needs a package that is not installed, or the
            working folder has been deleted.
    """
    check_working_folder()
    # Other packages are not searched for one of our own subcommands: that takes time.
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
    """Refuse to run in a deleted working folder, where relative paths lead nowhere."""
    try:
        os.getcwd()
    except FileNotFoundError as error:
        raise UserError("the working folder has been deleted: change to one that exists") from error


def imported(name: str) -> ModuleType:
    """Import a module, and exclude it from garbage collection.

    The module and its imports live as long as the process; searching them for garbage would take
    half a second of a short command.
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
    """All subcommands by name; if two share a name, ours takes precedence."""
    # Not imported for our own commands: it takes as long as everything else here.
    from importlib.metadata import entry_points  # noqa: PLC0415

    found: dict[str, Subcommand] = {}
    for entry in entry_points(group=commands.__name__):
        spec = find_spec(entry.value)
        if spec is not None:
            found |= subcommands_in(entry.value, spec.submodule_search_locations or ())
    return found | own_subcommands()


def own_subcommands() -> dict[str, Subcommand]:
    """The subcommands of this package."""
    return subcommands_in(commands.__name__, commands.__path__)


def subcommands_in(package: str, folders: Iterable[str]) -> dict[str, Subcommand]:
    """The subcommands of a package, found from its files."""
    found = {}
    for file in (file for folder in folders for file in Path(folder).glob("*.py")):
        text = file.read_text(encoding="utf-8")
        if re.search(r"^(def main\(|main = )", text, re.MULTILINE):
            sentence = text.partition("\n")[0].strip('"')
            found[file.stem.replace("_", "-")] = Subcommand(f"{package}.{file.stem}", sentence)
    return found


def help_text() -> str:
    """The text that `rnn-codec --help` prints."""
    known = subcommands()
    width = max(map(len, known))
    lines = [f"  {name:{width}}  {command.sentence}" for name, command in sorted(known.items())]
    return HELP.format(subcommands="\n".join(lines))


if __name__ == "__main__":
    main()
