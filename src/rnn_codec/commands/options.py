"""Options that subcommands on files share, and the files that they name."""

import argparse
import os
import re
import sys
from collections.abc import Callable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, NoReturn, TypeAlias

from rnn_codec.commands.jobs import STANDARD, Job, named_path
from rnn_codec.errors import UserError
from rnn_codec.files import check_replaceable, check_writable, make_folder
from rnn_codec.paths import expanded, not_empty
from rnn_codec.rates import BitsPerPixel, Bytes, Levels, Rate
from rnn_codec.rnc.file import MAX_PIXELS
from rnn_codec.streams import escaped

SUFFIX = ".rnc"
"""How names of compressed files end."""

RateGroup: TypeAlias = "argparse._MutuallyExclusiveGroup"

MULTIPLES = {"": 1, "k": 10**3, "M": 10**6, "G": 10**9}
"""By the letter that may follow a number."""

LONGEST_NUMBER = 24
"""Characters: more than anybody may mean."""


def real(text: str) -> float:
    """A number, as an option has it.

    >>> real("0.5"), real("1e-1")
    (0.5, 0.1)
    """
    try:
        return float(text)
    except ValueError:
        point = text.replace(",", ".")
        example = point if re.fullmatch(r"\d+\.\d+", point) else "0.5"
        raise argparse.ArgumentTypeError(f"{text!r} is no number: write {example}") from None


def whole(text: str) -> int:
    """A whole number, as an option has it; thousands may be written with a letter.

    >>> whole("20000"), whole("20k"), whole("1.5M"), whole("1e4")
    (20000, 20000, 1500000, 10000)
    """
    letters = "".join(MULTIPLES)
    found = re.fullmatch(rf"([+-]?[\d_]*\.?\d+(?:e\d\d?)?) ?([{letters}K]?)", text.strip())
    try:
        if found is None or len(text) > LONGEST_NUMBER:
            raise ValueError
        multiple = MULTIPLES[found[2].replace("K", "k")]
        # Exact, however large it is.
        number = Decimal(found[1]) * multiple
        if number != number.to_integral_value():
            raise ValueError
        return int(number)
    except (ValueError, ArithmeticError):
        raise argparse.ArgumentTypeError(
            f"{text!r} is no whole number: write it as 8, or 20k for 20000"
        ) from None


SHARED: Mapping[str, dict[str, Any]] = {
    "--model": {
        "help": "folder or name of the model (default: found by the identifier in the file)"
    },
    "--max-pixels": {
        "type": whole,
        "default": MAX_PIXELS,
        "help": "refuse larger pictures (default: %(default)s)",
    },
    "--device": {"default": "cpu", "help": "cpu (default), cuda, mps, …"},
    "--fast": {
        "action": "store_true",
        "help": "leave out the network that restores pictures: sooner, and not as good",
    },
    "--threads": {
        "type": whole,
        "metavar": "N",
        "help": "compute with so many threads (default: every core that may be used)",
    },
}
"""Options of more than one subcommand, for argparse."""


class Parser(argparse.ArgumentParser):
    """Says nothing to a terminal but text, whatever it has been given."""

    def error(self, message: str) -> NoReturn:
        super().error(escaped(message))


def new_parser(name: str, description: str | None, *shared: str) -> argparse.ArgumentParser:
    """A parser of a subcommand's options: those of `SHARED` that are named, to begin with."""
    parser = Parser(prog=f"rnn-codec {name}", description=description)
    # Of every option: none can be forgotten.
    parser.register("type", None, given_text)
    parser.register("type", Path, lambda text: Path(given_text(text)))
    parser.register("type", named_path, lambda text: named_path(given_text(text)))
    for option in shared:
        parser.add_argument(option, **SHARED[option])
    return parser


def given_text(text: str) -> str:
    """Text as it is given for an option; where that is a path, it may begin with `~`.

    Raises:
        ArgumentTypeError: it is empty.
    """
    try:
        return expanded(not_empty("it", text))
    except UserError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def add_files(parser: argparse.ArgumentParser, kind: str) -> None:
    """An input and an output, or inputs and a folder for the outputs."""
    help_text = (
        f"a {kind} and the file to write; with --output-folder any number of inputs; - is "
        "standard input, or output"
    )
    parser.add_argument("files", nargs="+", type=named_path, help=help_text)
    parser.add_argument("--output-folder", type=Path, help="write a file for each input there")
    parser.add_argument(
        "--force", action="store_true", help="replace files that exist (default: refuse to)"
    )


def add_sizes(rates: RateGroup) -> None:
    """Rates that are known before anything is decoded."""
    add_rate(rates, "--bytes", Bytes, whole, "length of the file, at most")
    add_rate(rates, "--bpp", BitsPerPixel, real, "bits per pixel of the file, at most")
    add_rate(rates, "--iterations", Levels, whole, "so many everywhere: 1 … those of the model")


def add_rate(
    rates: RateGroup,
    name: str,
    make: Callable[..., Rate],
    number: Callable[[str], float],
    text: str,
) -> None:
    """An option that says where a file ends."""

    def rate(argument: str) -> Rate:
        try:
            return make(number(argument))
        except UserError as error:
            raise argparse.ArgumentTypeError(str(error)) from error

    metavar = name.removeprefix("--").replace("-", "_").upper()
    rates.add_argument(name, dest="rate", type=rate, metavar=metavar, help=text)


def named_jobs(
    parser: argparse.ArgumentParser, options: argparse.Namespace, suffix: str
) -> list[Job]:
    """What to read and where to write, with `suffix` in a folder for outputs.

    A mistake is an error of the option parser. `options` has those of `add_files`.
    """
    files, error = options.files, parser.error
    if options.output_folder is not None:
        if any(path is STANDARD for path in files):
            error("what comes from standard input has no name: name one output for it")
        suffix = f".{suffix.removeprefix('.')}"
        jobs = [Job(path, options.output_folder / (path.stem + suffix)) for path in files]
    elif len(files) == 2:
        jobs = [Job(*files)]
    else:
        error("name one input and one output, or any number of inputs and --output-folder")
    inputs, outputs = [job.input for job in jobs], [job.output for job in jobs]
    twice = {str(path) for path in outputs if outputs.count(path) > 1}
    if twice:
        error(f"several inputs would be written to {', '.join(sorted(twice))}")
    if outputs[0] is STANDARD and sys.stdout.isatty():
        error("standard output is a terminal: send it to a file or a pipe")
    for output in (path for path in outputs if path is not STANDARD):
        # Names that are too long are of no file.
        there = [
            path
            for path in inputs
            if path is not STANDARD and os.path.exists(path) and os.path.exists(output)
        ]
        if any(output.samefile(path) for path in there):
            error(f"{output} is an input: it will not be overwritten")
    return jobs


def compressed_jobs(parser: argparse.ArgumentParser, options: argparse.Namespace) -> list[Job]:
    """`named_jobs` that write compressed files, for which all is prepared."""
    jobs = named_jobs(parser, options, SUFFIX)
    for job in jobs:
        if job.output is not STANDARD and job.output.suffix.lower() != SUFFIX:
            parser.error(f"{job.output} is to be a code file: give it a name that ends in {SUFFIX}")
    prepare_outputs(options, jobs)
    return jobs


def prepare_outputs(options: argparse.Namespace, jobs: list[Job]) -> None:
    """Make the folder for outputs, and find out before the work whether they can be written.

    What exists is not replaced unasked: it may be the only copy, a photograph as much as a code.

    Raises:
        UserError: they cannot, or exist.
    """
    if options.output_folder is not None:
        make_folder(options.output_folder)
    jobs = [job for job in jobs if job.output is not STANDARD]
    for job in jobs:
        if not os.path.isdir(job.output.parent):
            raise UserError(f"{job.output} cannot be written: there is no such folder")
        if os.path.isdir(job.output):
            raise UserError(f"{job.output} cannot be written: it is a folder")
        if os.path.exists(job.output) and not options.force:
            raise UserError(f"{job.output} exists: name another file, or replace it with --force")
        check_replaceable(job.output)
    for folder in {job.output.parent for job in jobs}:
        check_writable(folder)
