"""Runs a command to its end, its output in a file, for as long as the run is ours."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from rnn_codec.grid.claims import Claim

NAMES_OF_PROCESSES = ("SLURM_", "TORCHELASTIC_")
"""How variables begin by which a launcher tells its processes who they are."""
RANKS = frozenset(
    {
        *("RANK", "WORLD_SIZE", "LOCAL_RANK", "LOCAL_WORLD_SIZE", "NODE_RANK", "GROUP_RANK"),
        *("MASTER_ADDR", "MASTER_PORT"),
        *("RNN_CODEC_RUN_FOLDER", "RNN_CODEC_RANKS"),
    }
)
"""Variables that do the same."""
POLL_SECONDS = 0.1
GRACE_SECONDS = 60.0
"""What a training that is told to end gets for the step in hand and its checkpoint."""


class LostClaimError(Exception):
    """Another worker has taken the run over."""


class CommandError(Exception):
    """A command has ended with an error."""

    def __init__(self, command: Sequence[str], status: int, output: str) -> None:
        super().__init__(f"exit status {status}")
        self.command = list(command)
        self.status = status
        self.output = output


def run_command(command: Sequence[str], log: Path, claim: Claim) -> None:
    """Run a command; its output is appended to a file.

    Raises:
        CommandError: it has failed.
        LostClaimError: the run is no longer ours; the command has been killed.
    """
    with log.open("ab") as stream:
        start = stream.tell()
        process = subprocess.Popen(
            [sys.executable, "-m", "rnn_codec.grid.child", *command],
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=subprocess.STDOUT,
            env=child_environment(),
            # A group of its own: Ctrl-C reaches the worker alone, which then ends the group.
            start_new_session=True,
        )
        try:
            status = _wait(process, claim)
        except BaseException:
            stop(process)
            raise
    if status != 0:
        output = log.read_bytes()[start:].decode(errors="replace")
        raise CommandError(command, status, output)


def _wait(process: subprocess.Popen[bytes], claim: Claim) -> int:
    while (status := process.poll()) is None:
        if claim.lost.is_set():
            os.killpg(process.pid, signal.SIGKILL)
            raise LostClaimError
        time.sleep(POLL_SECONDS)
    return status


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
    return {
        name: value
        for name, value in os.environ.items()
        if name not in RANKS and not name.startswith(NAMES_OF_PROCESSES)
    }
