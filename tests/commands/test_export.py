"""The command rnn-codec export; tests/runs/test_export.py tests what it copies."""

import errno
from pathlib import Path

import pytest

from rnn_codec.commands import export
from rnn_codec.models.find import load_model
from tests.commands.program import run
from tests.model_folders import write_model


def test_a_model_is_found_by_its_name_and_copied(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    write_model(tmp_path / "runs" / "mine", "progressive")
    assert run("export", "mine", "kept/mine", "--dtype", "float16") == 0
    assert capsys.readouterr().out.startswith("kept/mine: ")
    assert load_model("kept/mine").coder.name == "progressive"
    assert run("export", "mine", "kept/bare", "--coders") == 0
    assert load_model("kept/bare").coder.name == "none"


@pytest.mark.parametrize(
    ("words", "status", "sentence"),
    [
        (["runs/mine"], 2, "the following arguments are required: output"),
        (["other", "kept"], 1, "error: there is no model other"),
        (["other", "kept", "--dtype", "int4"], 2, "invalid choice: 'int4' (choose from"),
    ],
)
def test_mistakes_are_explained(
    words: list[str],
    status: int,
    sentence: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run("export", *words) == status
    assert sentence in capsys.readouterr().err


@pytest.mark.parametrize("output", ["/dev/null/kept", "/proc/kept/kept", "notes.txt/kept"])
def test_a_place_that_cannot_be_written_is_named_before_the_work(
    output: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("notes.txt").touch()
    write_model(tmp_path / "runs" / "mine", "progressive")
    monkeypatch.setattr(export, "export_run", lambda *_: pytest.fail("the work has begun"))
    assert run("export", "mine", output) == 1
    error = capsys.readouterr().err
    assert error.startswith(f"error: cannot make the folder {Path(output).parent}: ")
    assert error.count("\n") == 1


def test_a_read_only_place_is_named_before_the_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys
) -> None:
    def refused(path: Path, *_: object, **__: object) -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.chdir(tmp_path)
    write_model(tmp_path / "runs" / "mine", "progressive")
    monkeypatch.setattr(Path, "touch", refused)
    monkeypatch.setattr(export, "export_run", lambda *_: pytest.fail("the work has begun"))
    assert run("export", "mine", "kept") == 1
    said = "error: the folder . cannot be written to: Read-only file system\n"
    assert capsys.readouterr().err == said
