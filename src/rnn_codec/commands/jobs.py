"""The files that a subcommand reads and writes one after another, and its output about each."""

import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, nullcontext
from functools import cache
from pathlib import Path
from typing import NamedTuple

from rnn_codec.errors import UserError, is_out_of_memory, reason
from rnn_codec.files import atomic_path
from rnn_codec.models.find import find_folder, find_model
from rnn_codec.models.protocol import Contents, Model, Pixels
from rnn_codec.pictures.reading import read_rgb, rgb_of_bytes
from rnn_codec.pictures.writing import png, write_rgb
from rnn_codec.rnc.file import Head
from rnn_codec.streams import escaped, escaped_lines, say
from rnn_codec.watching import watching


class Job(NamedTuple):
    """One file to read and one to write."""

    input: Path
    output: Path


STANDARD = Path("-")
"""Standard input or output. Only this very object is, not every path that equals it."""


STANDARD_INPUT = "standard input"
"""The name of standard input in messages."""


def named_path(text: str) -> Path:
    """The path that a word names; `-` is a standard stream, `./-` a file named `-`."""
    return STANDARD if text == "-" else Path(text)


def data_of(path: Path) -> Path | bytes:
    """The source to read: the path itself, or the bytes of standard input."""
    return sys.stdin.buffer.read() if path is STANDARD else path


def picture_of(path: Path, max_pixels: int) -> Pixels:
    """Read a picture from a file or standard input; raises the same errors as `read_rgb`."""
    if path is STANDARD:
        return rgb_of_bytes(sys.stdin.buffer.read(), STANDARD_INPUT, max_pixels)
    return read_rgb(path, max_pixels)


def write_picture(path: Path, pixels: Pixels) -> None:
    """Write a picture, to standard output as PNG; raises the same errors as `write_rgb`."""
    if path is STANDARD:
        write_bytes(path, png(pixels))
    else:
        write_rgb(path, pixels)


def model_finder(
    place: str | None, device: str, threads: int | None = None
) -> Callable[[Head], Model]:
    """A function that finds the model of a file, in `place` or the default places, and keeps it."""
    places = None if place is None else [find_folder(place)]

    @cache
    def found(identifier: bytes, version: int) -> Model:
        return find_model(identifier, places, device, threads, version)

    return lambda head: found(head.model, head.version)


def run_jobs(jobs: Sequence[Job], work: Callable[[Job], str], label: str) -> None:
    """Run all jobs, even after one has failed, and print the text that `work` returns for each.

    Exits with status 1 if a job has failed.
    """
    failed = 0
    with _shown(jobs, label) as shown:
        for job in shown:
            try:
                # Nothing else may be printed to standard output if a file is written there.
                of_job = sys.stderr if job.output is STANDARD else sys.stdout
                say(_printable(work(job), job), of_job)
            except UserError as error:
                failed += 1
                message, name = str(error), _name(job)
                named = message if name in message else f"{name}: {message}"
                say(f"error: {_printable(named, job)}", sys.stderr)
            except Exception as error:
                if not is_out_of_memory(error):
                    raise
                failed += 1
                too_large = f"{_name(job)} is too large for the available memory"
                say(f"error: {_printable(too_large, job)}", sys.stderr)
    if failed and len(jobs) > 1:
        say(f"error: {failed} of {len(jobs)} files failed", sys.stderr)
    if failed:
        sys.exit(1)


def _name(job: Job) -> str:
    """The name of a job's input in messages."""
    return STANDARD_INPUT if job.input is STANDARD else str(job.input)


def _printable(text: str, job: Job) -> str:
    """A message about a job, with control characters in its file names escaped."""
    for path in map(str, job):
        if path != (shown := escaped(path)):
            text = text.replace(path, shown)
    return escaped_lines(text)


@contextmanager
def _shown(jobs: Sequence[Job], label: str) -> Iterator[Iterable[Job]]:
    """The jobs, with a progress bar on a terminal if there are several."""
    if len(jobs) < 2:
        with _late_bar(label):
            yield jobs
        return
    # Importing rich takes as long as coding a small picture.
    from rich.console import Console  # noqa: PLC0415

    from rnn_codec.progress import progress_bar  # noqa: PLC0415

    console = Console(stderr=True)
    # If only standard error is a terminal, lines for standard output must not go there.
    with progress_bar(
        console,
        disable=not console.is_terminal,
        transient=True,
        redirect_stdout=sys.stdout.isatty(),
    ) as bar:
        yield bar.track(jobs, description=label)


@contextmanager
def _late_bar(label: str) -> Iterator[None]:
    """A progress bar for one file, on a terminal, shown after `PATIENCE` seconds."""
    bar, started = ExitStack(), time.monotonic()
    shown: list[Callable[[float], None]] = []

    def told(share: float) -> None:
        if not shown:
            if time.monotonic() - started < PATIENCE:
                return
            shown.append(bar.enter_context(_share_bar(label)))
        shown[0](share)

    with bar, watching(told) if sys.stderr.isatty() else nullcontext():
        yield


@contextmanager
def _share_bar(label: str) -> Iterator[Callable[[float], None]]:
    """A progress bar; yields a function that sets the completed share, 0 … 1."""
    from rich.console import Console  # noqa: PLC0415

    from rnn_codec.progress import progress_bar  # noqa: PLC0415

    with progress_bar(Console(stderr=True), transient=True) as bar:
        task = bar.add_task(label, total=100)
        yield lambda share: bar.update(task, completed=int(100 * share))


PATIENCE = 2.0
"""Seconds before a bar is shown for one file."""


def write_bytes(path: Path, data: bytes) -> None:
    """Write a file completely or not at all; `UserError` if it cannot be written."""
    if path is STANDARD:
        sys.stdout.buffer.write(data)
        sys.stdout.flush()
        return
    try:
        with atomic_path(path) as partial:
            partial.write_bytes(data)
    except OSError as error:
        raise UserError(f"{path} cannot be written: {error.strerror or reason(error)}") from error


def describe_amount(contents: Contents) -> str:
    """Size and rate of the compressed file, in words; not the size of a decoded picture."""
    file = contents.file
    size, rate = len(file.data), file.bits_per_pixel
    return f"{size} bytes of code, {rate:.4g} bits per pixel, {contents.words}"
