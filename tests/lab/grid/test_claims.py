"""Claims: one worker has a run, and whatever it has started keeps it when the worker dies."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from rnn_codec.errors import UserError
from rnn_codec_lab.grid import claims
from rnn_codec_lab.grid.claims import claimant, claimed

LEAVES_A_PROCESS_BEHIND = """
import os, subprocess, sys
from pathlib import Path
from rnn_codec_lab.grid.claims import claimed
with claimed(Path(sys.argv[1])) as claim:
    child = subprocess.Popen(["sleep", "600"], pass_fds=[claim], stdout=subprocess.DEVNULL)
    print(child.pid, flush=True)
    os.kill(os.getpid(), 9)
"""


def test_a_run_has_one_worker_and_is_given_back(tmp_path: Path) -> None:
    run, other_run = tmp_path / "claims" / "run.lock", tmp_path / "claims" / "other.lock"
    assert claimant(run) is None
    with claimed(run) as claim:
        assert claim is not None
        with claimed(run) as second, claimed(other_run) as other:
            assert second is None
            assert other is not None
        assert f"process {os.getpid()}" in str(claimant(run))
    assert claimant(run) is None
    with pytest.raises(KeyboardInterrupt), claimed(run):
        raise KeyboardInterrupt
    with claimed(run) as claim:
        assert claim is not None


def test_it_is_free_when_all_that_had_it_are_dead(tmp_path: Path) -> None:
    run = tmp_path / "run.lock"
    worker = subprocess.run(
        [sys.executable, "-c", LEAVES_A_PROCESS_BEHIND, str(run)],
        stdout=subprocess.PIPE, text=True, check=False,
    )  # fmt: skip
    assert worker.returncode == -signal.SIGKILL
    with claimed(run) as claim:
        assert claim is None
    os.kill(int(worker.stdout), signal.SIGKILL)
    while claimant(run) is not None:
        pass
    with claimed(run) as claim:
        assert claim is not None


def test_a_file_system_without_locks_is_named(tmp_path: Path, monkeypatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(37, "No locks available")

    monkeypatch.setattr(claims.fcntl, "flock", refuse)
    with pytest.raises(UserError, match="No locks available; choose a folder output="):
        claimed(tmp_path / "run.lock").__enter__()
