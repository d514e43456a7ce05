"""Runs a command to its end, its output in a file; the claim on the run is its own, too."""

import os
import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path

from rnn_codec.training.processes import RANKS, RANKS_VARIABLE, RUN_FOLDER_VARIABLE

GRACE_SECONDS = 60.0
"""What a training that is told to end gets for the step in hand and its checkpoint."""


def run_command(command: Sequence[str], log: Path, claim: int) -> None:
    """Run a command.

    Args:
        command: the program and its arguments.
        log: the file that its output is appended to.
        claim: descriptor of the run's lock, which the command holds even if this process dies.

    Raises:
        CalledProcessError: it has failed; its output comes with it.
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
            # A group of its own: Ctrl-C reaches the worker alone, which then ends the group.
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
    """End a group of processes: with time for a checkpoint, then without."""
    for number, patience in ((signal.SIGTERM, GRACE_SECONDS), (signal.SIGKILL, None)):
        try:
            os.killpg(process.pid, number)
            process.wait(patience)
        except ProcessLookupError:
            return
        except subprocess.TimeoutExpired:
            continue


def child_environment() -> dict[str, str]:
    """This environment, without what makes a training think that it is one of several processes."""
    addresses = {"WORLD_SIZE", "LOCAL_WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT"}
    names = RANKS | addresses | {RUN_FOLDER_VARIABLE, RANKS_VARIABLE}
    return {
        name: value
        for name, value in os.environ.items()
        if name not in names and not name.startswith(("SLURM_", "TORCHELASTIC_"))
    }
