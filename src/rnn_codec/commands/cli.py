"""The command `rnn-codec`: compress, decompress, info, truncate."""

import argparse
import os
import sys
import time
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple, TypeAlias

import torch
from rich.console import Console
from rich.progress import Progress

from rnn_codec.compression.container import MAX_PIXELS, parse, read_file
from rnn_codec.compression.model import Contents, Model, truncate
from rnn_codec.compression.rate_control import (
    MSSSIM,
    PSNR,
    BitsPerPixel,
    Budget,
    Bytes,
    Iterations,
    Rate,
)
from rnn_codec.data.reading import read_rgb
from rnn_codec.data.writing import check_writable_suffix, write_rgb
from rnn_codec.errors import UserError, exit_on_user_error
from rnn_codec.files import atomic_path
from rnn_codec.runs.models import (
    CODERS,
    DEFAULT_MODEL,
    NoModelError,
    find_folder,
    find_model,
    load_model,
)

SUFFIX = ".rnc"
INTERRUPTED = 130
"""Exit status after Ctrl-C, as of shells."""

FindModel: TypeAlias = Callable[[bytes], Model]
"""From the identifier in a file to the model that made it."""


class Job(NamedTuple):
    """One file to read and, except for `info`, one to write."""

    input: Path
    output: Path


# -- the commands ----------------------------------------------------------------------------------


def compress(options: argparse.Namespace) -> int:
    """Pictures to files; returns the exit status."""
    model = load_model(options.model, options.entropy, options.device)
    rate: Rate = options.rate

    def work(job: Job) -> str:
        started = time.perf_counter()
        pixels = read_rgb(job.input)
        encoded = model.encode(pixels, rate)
        _write(job.output, encoded.data)
        seconds = time.perf_counter() - started
        missed = "" if encoded.reached else f"; {rate} is not reached"
        return f"{job.output}: {_amount(encoded.contents)}, in {seconds:.2f} s{missed}"

    return _for_each(options.jobs, work, "compressing")


def decompress(options: argparse.Namespace) -> int:
    """Files to pictures; returns the exit status."""
    find = _finder(options.model, options.device)

    def work(job: Job) -> str:
        check_writable_suffix(job.output)
        started = time.perf_counter()
        data = read_file(job.input, options.max_pixels)
        header, _ = parse(data, options.max_pixels)
        decoded = find(header.model).decode(data, options.max_pixels)
        write_rgb(job.output, decoded.pixels)
        seconds = time.perf_counter() - started
        return f"{job.output}: decoded from {_amount(decoded.contents)}, in {seconds:.2f} s"

    return _for_each(options.jobs, work, "decompressing")


def info(options: argparse.Namespace) -> int:
    """What files hold; returns the exit status."""
    find = _finder(options.model, "cpu")

    def work(job: Job) -> str:
        data = read_file(job.input, options.max_pixels)
        header, _ = parse(data, options.max_pixels)
        rate = 8 * len(data) / header.pixels
        lines = [
            str(job.input),
            f"  picture     {header.width}×{header.height} pixels",
            f"  file        {len(data)} of {header.file_bytes} bytes, {rate:.4g} bits per pixel",
        ]
        try:
            model = find(header.model)
        except NoModelError:
            if options.model is not None:
                raise
            lines += [
                f"  iterations  {header.iterations} when whole",
                f"  model       {header.model.hex()}, not found",
            ]
        else:
            arrived = _iterations(model.inspect(data, options.max_pixels))
            lines += [
                f"  iterations  {arrived} arrived, {header.iterations} when whole",
                f"  model       {header.model.hex()}, {model.path}, "
                f"entropy coder {model.coder.name}",
            ]
        return "\n".join(lines)

    return _for_each(options.jobs, work, "reading")


def cut(options: argparse.Namespace) -> int:
    """Files to shorter files; returns the exit status."""
    find = _finder(options.model, "cpu")

    def work(job: Job) -> str:
        data = read_file(job.input, options.max_pixels)
        header, _ = parse(data, options.max_pixels)
        shorter = _truncated(data, options.rate, find, options.max_pixels)
        _write(job.output, shorter)
        rate = 8 * len(shorter) / header.pixels
        return f"{job.output}: {len(shorter)} of {len(data)} bytes, {rate:.4g} bits per pixel"

    return _for_each(options.jobs, work, "truncating")


def _truncated(data: bytes, rate: Budget | Iterations, find: FindModel, max_pixels: int) -> bytes:
    if isinstance(rate, Budget):
        return truncate(data, rate, max_pixels)
    header, _ = parse(data, max_pixels)
    return find(header.model).truncate(data, rate.count, max_pixels)


# -- what they share -------------------------------------------------------------------------------


def _finder(place: str | None, device: str) -> FindModel:
    """Finds each model once, in the folder given or else in the usual places."""
    places = None if place is None else [find_folder(place)]
    return cache(lambda identifier: find_model(identifier, places, device))


def _for_each(jobs: Sequence[Job], work: Callable[[Job], str], label: str) -> int:
    """Do all jobs, also after one that fails, and print what each returns; the exit status."""
    failed = 0
    console = Console(stderr=True)
    shown = console.is_terminal and len(jobs) > 1
    # Where only standard error is a terminal, lines for standard output must not go there.
    with Progress(
        console=console, disable=not shown, transient=True, redirect_stdout=sys.stdout.isatty()
    ) as progress:
        for job in progress.track(jobs, description=label):
            try:
                print(work(job), flush=True)
            except UserError as error:
                failed += 1
                print(f"error: {_naming(job.input, str(error))}", file=sys.stderr, flush=True)
            except (MemoryError, RuntimeError) as error:
                if not _is_out_of_memory(error):
                    raise
                failed += 1
                print(f"error: {job.input} is too large for this memory", file=sys.stderr)
    if failed and len(jobs) > 1:
        print(f"error: {failed} of {len(jobs)} files failed", file=sys.stderr)
    return int(failed > 0)


def _is_out_of_memory(error: Exception) -> bool:
    # On a processor PyTorch raises a plain RuntimeError.
    kinds = (MemoryError, torch.OutOfMemoryError)
    return isinstance(error, kinds) or "can't allocate memory" in str(error)


def _naming(path: Path, message: str) -> str:
    return message if str(path) in message else f"{path}: {message}"


def _write(path: Path, data: bytes) -> None:
    try:
        with atomic_path(path) as partial:
            partial.write_bytes(data)
    except OSError as error:
        raise UserError(f"{path} cannot be written: {error.strerror}") from error


def _amount(contents: Contents) -> str:
    """Size and rate of a file's code, which is not the size of a decoded picture."""
    return (
        f"{contents.file_bytes} bytes of code, {contents.bits_per_pixel:.4g} bits per pixel, "
        f"{_iterations(contents)}"
    )


def _iterations(contents: Contents) -> str:
    whole = f"{contents.iterations} iteration{'' if contents.iterations == 1 else 's'}"
    if contents.rows == 0:
        return whole
    return f"{whole} and {contents.rows} of {contents.rows_of} rows of the next"


# -- options ---------------------------------------------------------------------------------------


def build_parser() -> argparse.ArgumentParser:
    """The commands and their options."""
    parser = argparse.ArgumentParser(prog="rnn-codec", description="Progressive image compression.")
    commands = parser.add_subparsers(required=True, metavar="command")
    _add_compress(commands)
    _add_decompress(commands)
    _add_info(commands)
    _add_truncate(commands)
    return parser


Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"


def _add_compress(commands: Commands) -> None:
    parser = commands.add_parser("compress", help="pictures to .rnc files")
    _add_files(parser, "picture")
    parser.add_argument(
        "--model",
        default=DEFAULT_MODEL,
        help="folder or name of a trained model (default: %(default)s, which comes with rnn-codec)",
    )
    parser.add_argument("--entropy", choices=CODERS, help="entropy coder (default: the best)")
    _add_device(parser)
    rates = parser.add_mutually_exclusive_group()
    _add_sizes(rates)
    _add_rate(rates, "--psnr", PSNR, float, "fewest iterations with so many dB")
    _add_rate(rates, "--ms-ssim", MSSSIM, float, "fewest iterations with so much MS-SSIM")
    parser.set_defaults(command=compress, rate=Iterations(), suffix=SUFFIX, parser=parser)


def _add_decompress(commands: Commands) -> None:
    parser = commands.add_parser("decompress", help=".rnc files, whole or cut, to pictures")
    _add_files(parser, SUFFIX)
    _add_model(parser)
    _add_device(parser)
    parser.add_argument(
        "--suffix", default=".png", help="format of pictures in the output folder (default: .png)"
    )
    parser.set_defaults(command=decompress, parser=parser)


def _add_info(commands: Commands) -> None:
    parser = commands.add_parser("info", help="what .rnc files hold")
    parser.add_argument("files", nargs="+", type=Path, metavar="file.rnc")
    _add_model(parser)
    parser.set_defaults(command=info, parser=parser, suffix=None)


def _add_truncate(commands: Commands) -> None:
    parser = commands.add_parser("truncate", help=".rnc files to shorter ones")
    _add_files(parser, SUFFIX)
    _add_sizes(parser.add_mutually_exclusive_group(required=True))
    _add_model(parser)
    parser.set_defaults(command=cut, suffix=SUFFIX, parser=parser)


def _add_files(parser: argparse.ArgumentParser, kind: str) -> None:
    help_text = f"a {kind} and the file to write; with --output-folder any number of inputs"
    parser.add_argument("files", nargs="+", type=Path, help=help_text)
    parser.add_argument("--output-folder", type=Path, help="write a file for each input there")


def _add_model(parser: argparse.ArgumentParser) -> None:
    text = "folder or name of the model (default: found by the identifier in the file)"
    parser.add_argument("--model", help=text)
    parser.add_argument(
        "--max-pixels",
        type=int,
        default=MAX_PIXELS,
        help="refuse files of larger pictures (default: %(default)s)",
    )


def _add_device(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--device", default="cpu", help="cpu (default), cuda, mps, …")


Group: TypeAlias = "argparse._MutuallyExclusiveGroup"


def _add_sizes(rates: Group) -> None:
    _add_rate(rates, "--bytes", Bytes, int, "length of the file, at most")
    _add_rate(rates, "--bpp", BitsPerPixel, float, "bits per pixel of the file, at most")
    _add_rate(rates, "--iterations", Iterations, int, "1 … 16")


def _add_rate(
    rates: Group, name: str, make: Callable[..., Rate], number: type[int | float], text: str
) -> None:
    def rate(argument: str) -> Rate:
        try:
            return make(number(argument))
        except UserError as error:
            raise argparse.ArgumentTypeError(str(error)) from error

    metavar = name.removeprefix("--").replace("-", "_").upper()
    rates.add_argument(name, dest="rate", type=rate, metavar=metavar, help=text)


def _jobs(options: argparse.Namespace) -> list[Job]:
    """What to read and where to write; a mistake is an error of the option parser."""
    files, error = options.files, options.parser.error
    if options.command is info:
        return [Job(path, path) for path in files]
    if options.output_folder is not None:
        suffix = f".{options.suffix.removeprefix('.')}"
        jobs = [Job(path, options.output_folder / (path.stem + suffix)) for path in files]
    elif len(files) == 2:
        jobs = [Job(*files)]
    else:
        error("name one input and one output, or any number of inputs and --output-folder")
    inputs, outputs = [job.input for job in jobs], [job.output for job in jobs]
    twice = {str(path) for path in outputs if outputs.count(path) > 1}
    if twice:
        error(f"several inputs would be written to {', '.join(sorted(twice))}")
    for output in outputs:
        if options.command is not decompress and output.suffix.lower() != SUFFIX:
            error(f"{output} is to be a code file: give it a name that ends in {SUFFIX}")
        if any(output.exists() and path.exists() and output.samefile(path) for path in inputs):
            error(f"{output} is an input: it will not be overwritten")
    return jobs


def _prepare_outputs(options: argparse.Namespace) -> None:
    """Find out before the work whether the outputs can be written."""
    if options.command is info:
        return
    folder = options.output_folder
    if folder is not None:
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UserError(f"cannot make the folder {folder}: {error.strerror}") from error
    for job in options.jobs:
        if options.command is decompress:
            check_writable_suffix(job.output)
        if not job.output.parent.is_dir():
            raise UserError(f"{job.output} cannot be written: there is no such folder")
        if job.output.is_dir():
            raise UserError(f"{job.output} cannot be written: it is a folder")


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command; a mistake ends in one sentence and an exit status that is not 0."""
    options = build_parser().parse_args(arguments)
    options.jobs = _jobs(options)
    try:
        with exit_on_user_error():
            _prepare_outputs(options)
            sys.exit(options.command(options))
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    except BrokenPipeError:
        # Nobody reads on, as after `| head`; Python would complain when it flushes at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)


if __name__ == "__main__":
    main()
