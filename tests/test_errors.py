"""Errors end in one sentence; on a full disk it names the file, and the old file stays."""

import errno
import subprocess
import sys
from pathlib import Path

import pytest

from rnn_codec.errors import exit_on_user_error
from rnn_codec.files import atomic_path


def test_a_full_disk_names_the_file_and_keeps_the_old_one(tmp_path: Path, capsys) -> None:
    file = tmp_path / "last.ckpt"
    file.write_text("old")
    with pytest.raises(SystemExit), exit_on_user_error(), atomic_path(file):
        raise OSError(errno.ENOSPC, "No space left on device")
    assert str(file) in capsys.readouterr().err
    assert [path.read_text() for path in tmp_path.iterdir()] == ["old"]


@pytest.mark.parametrize(
    ("kind", "what"),
    [
        *((kind, "written") for kind in ("EFBIG", "EDQUOT", "EROFS", None)),
        *((kind, "used") for kind in ("EIO", "EACCES", "EPERM")),
    ],
)
def test_other_disks_that_do_not_hold_a_file(
    tmp_path: Path, capsys, kind: str | None, what: str
) -> None:
    file = tmp_path / "last.ckpt"
    error = OSError(getattr(errno, kind), "not so") if kind else OSError("not so")
    with pytest.raises(SystemExit), exit_on_user_error(), atomic_path(file):
        raise error
    assert capsys.readouterr().err == f"error: {file} cannot be {what}: not so\n"
    assert not list(tmp_path.iterdir())


def test_a_file_that_may_not_be_read_is_not_said_to_be_written(capsys) -> None:
    with pytest.raises(SystemExit), exit_on_user_error():
        raise PermissionError(errno.EACCES, "Permission denied", "a.yaml")
    assert capsys.readouterr().err == "error: a.yaml cannot be used: Permission denied\n"


def test_a_file_too_large_for_the_limit_of_the_process(tmp_path: Path) -> None:
    code = """
import resource, sys
from pathlib import Path
from rnn_codec.errors import exit_on_user_error
from rnn_codec.files import atomic_path
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
with exit_on_user_error(), atomic_path(Path(sys.argv[1])) as partial:
    partial.write_bytes(bytes(2000))
"""
    file = tmp_path / "a.rnc"
    command = [sys.executable, "-c", code, str(file)]
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    assert found.stderr == f"error: {file} cannot be written: File too large\n"
    assert not list(tmp_path.iterdir())


def test_other_errors_are_not_hidden() -> None:
    with pytest.raises(ZeroDivisionError), exit_on_user_error():
        raise ZeroDivisionError
    with pytest.raises(ConnectionError), exit_on_user_error():
        raise ConnectionError(errno.ECONNRESET, "gone")
    with pytest.raises(OSError, match="no number"), exit_on_user_error():
        raise OSError("no number, no name")
