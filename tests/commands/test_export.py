"""rnn-codec export: what is copied is tested in tests/runs/test_export.py."""

from pathlib import Path

import pytest

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
