"""Configurations of subcommands: where they are found, and how Hydra's own options work."""

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from omegaconf import DictConfig

from rnn_codec.commands.configured import run_configured
from rnn_codec.composition.words import as_hydra_writes
from rnn_codec.errors import StoppedError, UserError
from tests.commands.program import run
from tests.conftest import ROOT


def test_an_installed_package_finds_its_own_configuration(tmp_path: Path) -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())
    sources = settings["tool"]["hatch"]["build"]["targets"]["wheel"]["sources"]
    without_models = shutil.ignore_patterns("zoo", "__pycache__")
    for folder, place in {"src/rnn_codec": "rnn_codec", "conf": sources["conf"]}.items():
        shutil.copytree(ROOT / folder, tmp_path / "site" / place, ignore=without_models)
    done = subprocess.run(
        [sys.executable, "-m", "rnn_codec", "train", "--cfg", "job", "data=photos"],
        env={**os.environ, "PYTHONPATH": str(tmp_path / "site")},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert yaml.safe_load(done.stdout)["data"]["crop_size"] == 32


def test_help_shows_groups_and_options(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("evaluate", "--help") == 0
    printed = capsys.readouterr().out
    assert printed.startswith("evaluate is powered by Hydra")
    assert "model: null" in printed


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["recrods=runs"], "error: there is no option recrods: did you mean records?\n"),
        (["records"], "error: records cannot be read: options are written name=value\n"),
        (["records=nowhere"], "error: there is no folder nowhere"),
    ],
)
def test_mistakes_are_explained_without_a_traceback(
    words: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("table", *words) == 1
    error = capsys.readouterr().err
    assert sentence in error
    assert "Traceback" not in error


def test_a_mistake_in_one_job_does_not_end_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    done = []

    def look(config: DictConfig) -> None:
        if config.records not in {"first", "last"}:
            raise UserError(f"there is no folder {config.records}")
        done.append((config.records, config.output))

    jobs = ["--multirun", "records=first,nowhere,last,neither", "hydra.sweep.dir=."]
    with pytest.raises(SystemExit) as end:
        run_configured(look, "table", [*jobs, "output=kept/${records}"])
    assert end.value.code == 1
    assert done == [("first", "kept/first"), ("last", "kept/last")]
    lines = capsys.readouterr().err.splitlines()
    assert lines[:3] == [
        "error: there is no folder nowhere",
        "error: there is no folder neither",
        "error: jobs have failed:",
    ]
    for line, name in zip(lines[3:], ("nowhere", "neither"), strict=True):
        assert line.startswith(f"  records={name} output=")
        assert line.endswith(f": there is no folder {name}")
    run_configured(look, "table", ["--multirun", "records=first,last", "hydra.sweep.dir=."])
    assert len(done) == 4


def test_a_multirun_that_is_stopped_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    begun = []

    def stop(config: DictConfig) -> None:
        begun.append(config.records)
        raise StoppedError("stopped")

    with pytest.raises(SystemExit):
        run_configured(stop, "table", ["--multirun", "records=a,b", "hydra.sweep.dir=."])
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
    # Restored after the test, whatever the command does to it.
    monkeypatch.setenv("RNN_CODEC_CACHE", folder or "")
    if folder is None:
        monkeypatch.delenv("RNN_CODEC_CACHE")
    seen: list[str] = []
    run_configured(lambda config: seen.append(config.data.cache_dir), "train", [])
    assert seen == [f"{folder or '.cache'}/data"]


def test_tildes_are_the_home_folder_for_tasks_and_for_hydra(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    seen: list[tuple[str, str]] = []

    def look(config: DictConfig) -> None:
        seen.append((config.output, config.data.root))

    words = ["data=folder", "data.root='~/a b'", "output=~/x", "output_root='~/runs'"]
    run_configured(look, "train", ["--multirun", "seed=0,1", *words])
    assert seen == 2 * [(f"{tmp_path}/home/x", f"{tmp_path}/home/a b")]
    assert (tmp_path / "home" / "runs" / ".multirun").is_dir()
    assert not list((tmp_path / "here").iterdir())


def test_a_mistake_of_ours_keeps_its_traceback() -> None:
    def broken(config: DictConfig) -> None:
        raise ValueError("not the user's")

    with pytest.raises(ValueError, match="not the user's"):
        run_configured(broken, "table", [])
