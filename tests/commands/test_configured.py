"""Configurations of subcommands: where they are found, what Hydra's own options do."""

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from omegaconf import DictConfig

from rnn_codec.commands.configured import as_hydra_writes, run_configured
from rnn_codec.errors import StoppedError
from tests.commands.program import run
from tests.conftest import ROOT
from tests.model_folders import write_model


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


def test_a_mistake_in_one_job_does_not_end_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    write_model(tmp_path / "first")
    write_model(tmp_path / "last")
    models = "model=first,nowhere,last,neither"
    assert run("export", "--multirun", models, "output=kept/${model}", "hydra.sweep.dir=.") == 1
    assert {path.name for path in (tmp_path / "kept").iterdir()} == {"first", "last"}
    lines = capsys.readouterr().err.splitlines()
    assert [line[:31] for line in lines[:2]] == [
        "error: there is no model nowhere"[:31],
        "error: there is no model neither"[:31],
    ]
    assert lines[2] == "error: jobs have failed:"
    for line, name in zip(lines[3:], ("nowhere", "neither"), strict=True):
        assert line.startswith(f"  model={name} output=")
        assert f": there is no model {name}, " in line
    assert run("export", "--multirun", "model=first,last", "output=again/${model}") == 0


def test_a_multirun_that_is_stopped_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    begun = []

    def stop(config: DictConfig) -> None:
        begun.append(config.model)
        raise StoppedError("stopped")

    with pytest.raises(SystemExit):
        run_configured(stop, "export", ["--multirun", "model=a,b", "hydra.sweep.dir=."])
    assert begun == ["a"]
    assert capsys.readouterr().err == "error: stopped\n"


def test_words_of_a_sweeps_agent_are_read_as_what_they_mean(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    as_written = ["optimizer.lr=0.5", "a.b=1.0,2.0", "name='None'", "name=Nonesuch", "name=v1.0"]
    as_python_prints = ["trainer.max_time=None", "+a=None", "trainer.max_steps=16.0", "seed=-3.0"]
    words = [*as_written, *as_python_prints]
    assert as_hydra_writes(words) == words
    monkeypatch.setenv("WANDB_SWEEP_ID", "sweep")
    as_hydra_has_them = ["trainer.max_time=null", "+a=null", "trainer.max_steps=16", "seed=-3"]
    assert as_hydra_writes(words) == [*as_written, *as_hydra_has_them]


@pytest.mark.parametrize("folder", ["", "elsewhere", None])
def test_an_empty_name_of_the_cache_is_none(
    folder: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Put back after the test, whatever becomes of it.
    monkeypatch.setenv("RNN_CODEC_CACHE", folder or "")
    if folder is None:
        monkeypatch.delenv("RNN_CODEC_CACHE")
    seen: list[str] = []
    run_configured(lambda config: seen.append(config.data.cache_dir), "train", [])
    assert seen == [f"{folder or '.cache'}/data"]
