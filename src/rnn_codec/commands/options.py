"""Options that subcommands on files share, and the files named on the command line."""

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
"""The suffix of compressed files."""

RateGroup: TypeAlias = "argparse._MutuallyExclusiveGroup"

MULTIPLES = {"": 1, "k": 10**3, "M": 10**6, "G": 10**9}
"""Factors, by the letter that may follow a number."""

LONGEST_NUMBER = 24
"""In characters: more than any sensible number has."""


def real(text: str) -> float:
    """The number that an option's text states.

    >>> real("0.5"), real("1e-1")
    (0.5, 0.1)
    """
    try:
        return float(text)
    except ValueError:
        point = text.replace(",", ".")
        example = point if re.fullmatch(r"\d+\.\d+", point) else "0.5"
        raise argparse.ArgumentTypeError(f"{text!r} is not a number: write {example}") from None


def whole(text: str) -> int:
    """The whole number that an option's text states; thousands may be written with a letter.

    >>> whole("20000"), whole("20k"), whole("1.5M"), whole("1e4")
    (20000, 20000, 1500000, 10000)
    """
    letters = "".join(MULTIPLES)
    found = re.fullmatch(rf"([+-]?[\d_]*\.?\d+(?:e\d\d?)?) ?([{letters}K]?)", text.strip())
    try:
        if found is None or len(text) > LONGEST_NUMBER:
            raise ValueError
        multiple = MULTIPLES[found[2].replace("K", "k")]
        # Decimal is exact for numbers of any size.
        number = Decimal(found[1]) * multiple
        if number != number.to_integral_value():
            raise ValueError
        return int(number)
    except (ValueError, ArithmeticError):
        raise argparse.ArgumentTypeError(
            f"{text!r} is not a whole number: write it as 8, or 20k for 20000"
        ) from None


SHARED: Mapping[str, dict[str, Any]] = {
    "--model": {
        "help": "folder or name of the model (default: found by the identifier in the file)"
    },
    "--max-pixels": {
        "type": whole,
        "default": MAX_PIXELS,
        "help": "refuse pictures with more pixels (default: %(default)s)",
    },
    "--device": {"default": "cpu", "help": "cpu (default), cuda, mps, …"},
    "--fast": {
        "action": "store_true",
        "help": "skip the restoration network: faster, but the picture is not as good",
    },
    "--threads": {
        "type": whole,
        "metavar": "N",
        "help": "number of threads (default: every core that the process may use)",
    },
}
"""Options of more than one subcommand, for argparse."""


class Parser(argparse.ArgumentParser):
    """A parser whose error messages have control characters escaped."""

    def error(self, message: str) -> NoReturn:
        super().error(escaped(message))


def new_parser(name: str, description: str | None, *shared: str) -> argparse.ArgumentParser:
    """A parser for a subcommand, with the named options of `SHARED`."""
    parser = Parser(prog=f"rnn-codec {name}", description=description)
    # As defaults for all options, so that none can be forgotten.
    parser.register("type", None, given_text)
    parser.register("type", Path, lambda text: Path(given_text(text)))
    parser.register("type", named_path, lambda text: named_path(given_text(text)))
    for option in shared:
        parser.add_argument(option, **SHARED[option])
    return parser


def given_text(text: str) -> str:
    """The text of an option, with `~` at its beginning expanded, as in a path.

    Raises:
        ArgumentTypeError: the text is empty.
    """
    try:
        return expanded(not_empty("it", text))
    except UserError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def add_files(parser: argparse.ArgumentParser, kind: str) -> None:
    """Add arguments for an input and an output, or for inputs and a folder for the outputs."""
    help_text = (
        f"a {kind} and the file to write, or with --output-folder any number of inputs; - is "
        "standard input or output"
    )
    parser.add_argument("files", nargs="+", type=named_path, help=help_text)
    parser.add_argument("--output-folder", type=Path, help="folder for the output of each input")
    parser.add_argument(
        "--force", action="store_true", help="replace existing files (default: refuse)"
    )


def add_sizes(rates: RateGroup) -> None:
    """Add the rates that can be met without decoding to measure quality."""
    add_rate(rates, "--bytes", Bytes, whole, "maximum length of the file")
    add_rate(rates, "--bpp", BitsPerPixel, real, "maximum rate of the file, in bits per pixel")
    add_rate(rates, "--iterations", Levels, whole, "iterations or planes, 1 … the model's number")


def add_rate(
    rates: RateGroup,
    name: str,
    make: Callable[..., Rate],
    number: Callable[[str], float],
    text: str,
) -> None:
    """Add an option that determines where a file ends."""

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
    """The files to read and to write; in an output folder, their names end in `suffix`.

    A mistake ends in an error of the option parser. `options` contains those of `add_files`.
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
        # os.path.exists is False for names that are too long.
        there = [
            path
            for path in inputs
            if path is not STANDARD and os.path.exists(path) and os.path.exists(output)
        ]
        if any(output.samefile(path) for path in there):
            error(f"{output} is an input: it will not be overwritten")
    return jobs


def compressed_jobs(parser: argparse.ArgumentParser, options: argparse.Namespace) -> list[Job]:
    """The `named_jobs` of a command that writes compressed files, with outputs prepared."""
    jobs = named_jobs(parser, options, SUFFIX)
    for job in jobs:
        if job.output is not STANDARD and job.output.suffix.lower() != SUFFIX:
            parser.error(f"{job.output} is not a name for a compressed file: end it in {SUFFIX}")
    prepare_outputs(options, jobs)
    return jobs


def prepare_outputs(options: argparse.Namespace, jobs: list[Job]) -> None:
    """Make the output folder, and check before the work begins that outputs can be written.

    Existing files are replaced only with --force: each may be the only copy of a picture.

    Raises:
        UserError: an output cannot be written, or exists.
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
