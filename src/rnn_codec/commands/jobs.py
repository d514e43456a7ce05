"""Files that a subcommand reads and writes, one after another, and what it prints of each."""

import sys
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

import torch
from rich.console import Console

from rnn_codec.errors import UserError
from rnn_codec.files import atomic_path
from rnn_codec.models.find import find_folder, find_model
from rnn_codec.models.protocol import Contents, Model
from rnn_codec.progress import progress_bar


class Job(NamedTuple):
    """One file to read and one to write."""

    input: Path
    output: Path


def model_finder(place: str | None, device: str) -> Callable[[bytes], Model]:
    """Finds a model by the identifier in its files, once, in a folder or the usual places."""
    places = None if place is None else [find_folder(place)]
    return cache(lambda identifier: find_model(identifier, places, device))


def run_jobs(jobs: Sequence[Job], work: Callable[[Job], str], label: str) -> None:
    """Do all jobs, also after one that fails, and print what `work` says of each.

    Exits with 1 if one has failed.
    """
    failed = 0
    console = Console(stderr=True)
    shown = console.is_terminal and len(jobs) > 1
    # Where only standard error is a terminal, lines for standard output must not go there.
    with progress_bar(
        console, disable=not shown, transient=True, redirect_stdout=sys.stdout.isatty()
    ) as bar:
        for job in bar.track(jobs, description=label):
            try:
                print(work(job), flush=True)
            except UserError as error:
                failed += 1
                message = str(error)
                named = message if str(job.input) in message else f"{job.input}: {message}"
                print(f"error: {named}", file=sys.stderr, flush=True)
            except (MemoryError, RuntimeError) as error:
                if not _is_out_of_memory(error):
                    raise
                failed += 1
                print(f"error: {job.input} is too large for this memory", file=sys.stderr)
    if failed and len(jobs) > 1:
        print(f"error: {failed} of {len(jobs)} files failed", file=sys.stderr)
    if failed:
        sys.exit(1)


def _is_out_of_memory(error: Exception) -> bool:
    # On a processor PyTorch raises a plain RuntimeError.
    kinds = (MemoryError, torch.OutOfMemoryError)
    return isinstance(error, kinds) or "can't allocate memory" in str(error)


def write_bytes(path: Path, data: bytes) -> None:
    """Write a file whole or not at all; `UserError` if it cannot be written."""
    try:
        with atomic_path(path) as partial:
            partial.write_bytes(data)
    except OSError as error:
        raise UserError(f"{path} cannot be written: {error.strerror}") from error


def describe_amount(contents: Contents) -> str:
    """Size and rate of a file's code, which is not the size of a decoded picture."""
    file = contents.file
    size, rate = len(file.data), file.bits_per_pixel
    return f"{size} bytes of code, {rate:.4g} bits per pixel, {contents.words}"
