"""Configurations of subcommands: where they are found, what Hydra's own options do."""

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

from tests.commands.program import run
from tests.conftest import ROOT


def test_an_installed_package_finds_its_own_configuration(tmp_path: Path) -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())
    sources = settings["tool"]["hatch"]["build"]["targets"]["wheel"]["sources"]
    without_models = shutil.ignore_patterns("zoo", "__pycache__")
    for folder, place in {"src/rnn_codec": "rnn_codec", "conf": sources["conf"]}.items():
        shutil.copytree(ROOT / folder, tmp_path / "site" / place, ignore=without_models)
    done = subprocess.run(
        [sys.executable, "-m", "rnn_codec", "kodak", "--cfg", "job", "data.kodak_root=here"],
        env={**os.environ, "PYTHONPATH": str(tmp_path / "site")},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert yaml.safe_load(done.stdout)["data"]["kodak_root"] == "here"


def test_help_shows_groups_and_options(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("export", "--help") == 0
    printed = capsys.readouterr().out
    assert printed.startswith("export is powered by Hydra")
    assert "model: null" in printed


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["modle=runs/mine"], "Could not override 'modle'"),
        (["model"], "Error parsing override 'model'"),
        (["model=runs/mine"], "error: set model=<run folder> and output=<new folder>"),
    ],
)
def test_mistakes_are_explained_without_a_traceback(
    words: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("export", *words) == 1
    error = capsys.readouterr().err
    assert sentence in error
    assert "Traceback" not in error
