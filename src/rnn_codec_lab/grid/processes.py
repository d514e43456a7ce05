"""Runs a command with its output in a file; the command shares the claim on the run."""

import os
import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path

from rnn_codec.training.processes import RANKS, RANKS_VARIABLE, RUN_FOLDER_VARIABLE

GRACE_SECONDS = 60.0
"""Time that a training gets, when it is told to end, for its current step and its checkpoint."""


def run_command(command: Sequence[str], log: Path, claim: int) -> None:
    """Run a command.

    Args:
        command: the program and its arguments.
        log: the file to which its output is appended.
        claim: descriptor of the run's lock, which the command holds even if this process dies.

    Raises:
        CalledProcessError: the command failed; the error contains its output.
    """
    with log.open("ab") as stream:
        start = stream.tell()
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=subprocess.STDOUT,
            env=child_environment(),
            pass_fds=[claim],
            # In its own group, so that Ctrl-C reaches only the worker, which then ends the group.
            start_new_session=True,
        )
        try:
            status = process.wait()
        except BaseException:
            stop(process)
            raise
    if status != 0:
        output = log.read_bytes()[start:].decode(errors="replace")
        raise subprocess.CalledProcessError(status, list(command), output)


def stop(process: subprocess.Popen[bytes]) -> None:
    """End a process group: first with time for a checkpoint, then at once."""
    for number, patience in ((signal.SIGTERM, GRACE_SECONDS), (signal.SIGKILL, None)):
        try:
            os.killpg(process.pid, number)
            process.wait(patience)
        except ProcessLookupError:
            return
        except subprocess.TimeoutExpired:
            continue


def child_environment() -> dict[str, str]:
    """Return the environment without variables that mark a process as one of a distributed job."""
    addresses = {"WORLD_SIZE", "LOCAL_WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT"}
    names = RANKS | addresses | {RUN_FOLDER_VARIABLE, RANKS_VARIABLE}
    return {
        name: value
        for name, value in os.environ.items()
        if name not in names and not name.startswith(("SLURM_", "TORCHELASTIC_"))
    }
