"""Claims: a run has one worker. For trainings that outlive their worker, see test_worker.py."""

import os
from pathlib import Path

import pytest

from rnn_codec.errors import UserError
from rnn_codec_lab.grid import claims
from rnn_codec_lab.grid.claims import claimant, claimed


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


def test_a_file_system_without_locks_is_named(tmp_path: Path, monkeypatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(37, "No locks available")

    monkeypatch.setattr(claims.fcntl, "flock", refuse)
    with pytest.raises(UserError, match="No locks available; choose a folder output="):
        claimed(tmp_path / "run.lock").__enter__()
