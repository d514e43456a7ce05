"""Errors end in one sentence; a full disk names the file and leaves what was there."""

import errno
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


def test_other_errors_are_not_hidden() -> None:
    with pytest.raises(ZeroDivisionError), exit_on_user_error():
        raise ZeroDivisionError
