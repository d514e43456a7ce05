"""rnn-codec export: what is copied is tested in tests/runs/test_export.py."""

from pathlib import Path

import pytest

from rnn_codec.runs.models import load_model
from tests.commands.program import run
from tests.model_folders import write_model


def test_a_model_is_found_by_its_name_and_copied(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    write_model(tmp_path / "runs" / "mine", "progressive")
    assert run("export", "model=mine", "output=kept/mine", "dtype=float16") == 0
    assert capsys.readouterr().out.startswith("kept/mine: ")
    assert load_model("kept/mine").coder.name == "progressive"


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["model=runs/mine"], "set model=<run folder> and output=<new folder>"),
        (["model=other", "output=kept"], "there is no model other"),
        (["model=other", "output=kept", "dtype=int4"], "dtype=int4 is none of float32, float16"),
        (
            ["model=other", "output=kept", "dtype=5"],
            "dtype=5 is none of float32, float16, bfloat",
        ),
        (["model=other", "output=kept", "dtype=[float32]"], "dtype=['float32'] is none of"),
    ],
)
def test_mistakes_end_in_one_sentence(
    options: list[str],
    sentence: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run("export", *options) == 1
    assert capsys.readouterr().err.startswith(f"error: {sentence}")
