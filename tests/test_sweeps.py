"""Sweep files and W&B runs: the real client, with a stand-in for the server."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import wandb
import yaml
from hydra import compose, initialize_config_dir
from omegaconf import DictConfig, OmegaConf
from PIL import Image
from wandb.sdk.launch.sweeps.utils import create_sweep_command, create_sweep_command_args

from rnn_codec.commands import train as entry
from rnn_codec.configuration import build_codec, plain
from rnn_codec.metrics.scores import SCORES
from rnn_codec.runs.folder import RunFolder, write_config
from rnn_codec.training.loggers import RunLogger
from tests.conftest import ROOT
from tests.sweep_trials import Trial, trials
from tests.wandb_server import ENTITY, KEY, UploadedRun, WandbServer, wandb_server

SWEEPS = sorted((ROOT / "sweeps").glob("*.yaml"))
AREAS = [f"val/{score}_auc" for score in SCORES]
FAST = [
    "data.batch_size=2",
    "data.validation_images=1",
    "data.validation_crop=161",
    "max_iterations=2",
    "min_iterations=1",
    "trainer.progress_bar=false",
    "trainer.log_every_n_steps=1",
]


@pytest.fixture
def server() -> Iterator[WandbServer]:
    with wandb_server() as server:
        yield server
    assert server.unknown == []


@pytest.fixture
def environment(server: WandbServer, tmp_path: Path) -> dict[str, str]:
    """Of processes that know this server and nothing of the user's W&B."""
    inherited = {name: value for name, value in os.environ.items() if "WANDB" not in name}
    return inherited | {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "WANDB_BASE_URL": server.url,
        "WANDB_API_KEY": KEY,
        # Histories are sent every 15 seconds otherwise.
        "WANDB__FILE_STREAM_TRANSMIT_INTERVAL": "0.5",
        # Agents kill a trial that takes longer to stop: no matter on a slow machine.
        "WANDB_AGENT_KILL_DELAY": "600",
        "NETRC": str(tmp_path / "netrc"),
        "RNN_CODEC_CACHE": str(tmp_path / "cache"),
        **{f"WANDB_{name}_DIR": str(tmp_path / name) for name in ("CONFIG", "CACHE", "DATA")},
    }


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A folder that looks like the repository's to a trial, for its runs to go to."""
    folder = tmp_path / "checkout"
    folder.mkdir()
    for name in ("src", "conf", "sweeps"):
        (folder / name).symlink_to(ROOT / name)
    return folder


def small_sweep(checkout: Path, name: str, *options: str) -> str:
    """A sweep file with more options in its command."""
    sweep = yaml.safe_load((ROOT / "sweeps" / name).read_text())
    sweep["command"][-1:] = [*FAST, *options, sweep["command"][-1]]
    (checkout / name).write_text(yaml.safe_dump(sweep))
    return name


def composed(*overrides: str) -> DictConfig:
    """The configuration of a command line, with Hydra's own part."""
    with initialize_config_dir(str(ROOT / "conf"), version_base="1.3"):
        return compose("train", list(overrides), return_hydra_config=True)


def fixed_options(sweep: dict[str, Any]) -> list[str]:
    """The options that a sweep gives to all its trials."""
    return [part for part in create_sweep_command(list(sweep["command"])) if "=" in part]


def options_of(trial: Trial) -> list[str]:
    """The options of a trial, as the agent writes them."""
    args = {name: {"value": value} for name, value in trial.items()}
    return create_sweep_command_args({"args": args})["args_no_hyphens"]


@pytest.mark.parametrize("path", SWEEPS, ids=lambda path: path.stem)
def test_every_trial_composes(path: Path) -> None:
    sweep = yaml.safe_load(path.read_text())
    assert (ROOT / sweep["program"]).is_file()
    fixed, command_lines = fixed_options(sweep), set()
    for trial in trials(sweep):
        options = options_of(trial)
        config = composed(*fixed, *options)
        assert config.hydra.runtime.choices.logger == "wandb"
        for name, value in trial.items():
            choices = config.hydra.runtime.choices
            assert (choices[name] if name in choices else OmegaConf.select(config, name)) == value
        command_lines.add(tuple(options))
    assert len(command_lines) == len(list(trials(sweep)))


def test_the_ablation_is_the_whole_grid() -> None:
    sweep = yaml.safe_load((ROOT / "sweeps" / "ablation.yaml").read_text())
    pairs = {(trial["cell"], trial["recon"]) for trial in trials(sweep)}
    assert pairs == {
        (cell.stem, recon.stem)
        for cell in (ROOT / "conf" / "cell").iterdir()
        for recon in (ROOT / "conf" / "recon").iterdir()
    }


def test_every_width_of_the_search_can_be_built() -> None:
    search = yaml.safe_load((ROOT / "sweeps" / "search.yaml").read_text())
    width = search["parameters"]["network.width"]
    for value in np.arange(width["min"], width["max"] + width["q"] / 2, width["q"]):
        assert build_codec(composed(f"network.width={value}"))


@pytest.mark.parametrize("path", SWEEPS, ids=lambda path: path.stem)
def test_wandb_takes_every_sweep_file_unchanged(
    path: Path, server: WandbServer, environment: dict[str, str], checkout: Path
) -> None:
    run(environment, checkout, "wandb", "sweep", f"sweeps/{path.name}")
    (sweep,) = server.sweeps.values()
    assert sweep.config == yaml.safe_load(path.read_text())


def test_an_agent_runs_two_trials(
    server: WandbServer,
    environment: dict[str, str],
    checkout: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("RNN_CODEC_CACHE", environment["RNN_CODEC_CACHE"])
    options = ["trainer.max_steps=2", "trainer.val_check_interval=2"]
    name = small_sweep(checkout, "ablation.yaml", *options)
    run(environment, checkout, "wandb", "sweep", name)
    output = run(environment, checkout, "wandb", "agent", f"{ENTITY}/rnn-codec/sweep0")
    assert "WARNING" not in output

    (sweep,) = server.sweeps.values()
    assert len(sweep.started) == len(server.runs) == len(list((checkout / "runs").iterdir())) == 2
    fixed = fixed_options(sweep.config)
    for trial, uploaded in zip(sweep.started, server.runs.values(), strict=True):
        assert uploaded.sweep == "sweep0"
        assert uploaded.exit_code == 0
        assert uploaded.display_name == f"{trial['cell']}-{trial['recon']}-tiny"
        config = as_logged(composed(*fixed, *options_of(trial))) | trial
        assert {option: uploaded.config[option] for option in config} == config
        assert_complete(uploaded, steps=2, validated=[2])


def assert_complete(uploaded: UploadedRun, steps: int, validated: list[int]) -> None:
    """Metrics of every step, and curves, pictures and areas of every validation."""
    assert len(uploaded.logged("train/loss")) == steps
    for name in ("reconstructions", "curve"):
        rows = [row for row in uploaded.history if name in row]
        assert [row["trainer/global_step"] for row in rows] == validated
        for row in rows:
            (file,) = row[name]["filenames"]
            assert Image.open(BytesIO(uploaded.files[file])).format == "PNG"

    tables = [json.loads(uploaded.files[t["path"]]) for t in uploaded.logged("val/curve")]
    assert len(tables) == len(validated)
    for index, table in enumerate(tables):
        columns = dict(zip(table["columns"], zip(*table["data"], strict=True), strict=True))
        bpp = columns.pop("bpp")
        np.testing.assert_allclose(bpp, np.arange(1, 17) / 8)
        for score, quality in columns.items():
            area = uploaded.logged(f"val/{score}_auc")[index]
            assert area == pytest.approx(np.trapezoid(quality, bpp), rel=1e-5)

    assert {area: uploaded.summary[area] for area in AREAS} == {
        area: uploaded.logged(area)[-1] for area in AREAS
    }


def test_a_trial_that_its_sweep_stops_keeps_its_areas(
    server: WandbServer, environment: dict[str, str], checkout: Path
) -> None:
    server.most_trials, server.stop_at_value = 1, 1
    options = ["trainer.max_steps=100000", "trainer.val_check_interval=1"]
    name = small_sweep(checkout, "search.yaml", *options)
    run(environment, checkout, "wandb", "sweep", name)
    run(environment, checkout, "wandb", "agent", f"{ENTITY}/rnn-codec/sweep0")

    (uploaded,) = server.runs.values()
    # Its agent counts other exit codes as failures, and ends after a few.
    assert uploaded.exit_code == 0
    metric = server.sweeps["sweep0"].config["metric"]["name"]
    assert uploaded.summary[metric] == uploaded.logged(metric)[-1]
    (folder,) = (checkout / "runs").iterdir()
    assert RunFolder(folder).checkpoint.is_file()
    assert not RunFolder(folder).weights.exists()


def test_an_offline_run_is_synced_whole(
    server: WandbServer,
    environment: dict[str, str],
    checkout: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # First: it takes the variable away that leads to its process, which must not come back.
    wandb.teardown()
    for name in [name for name in os.environ if "WANDB" in name]:
        monkeypatch.delenv(name)
    for name in set(environment) - {"WANDB_API_KEY"}:
        monkeypatch.setenv(name, environment[name])
    rows = record_rows(monkeypatch)
    options = [*FAST, "logger=wandb", "trainer.max_steps=2", "trainer.val_check_interval=1"]
    folder = RunFolder(checkout / "run")
    config = composed(*options)
    del config.hydra
    folder.path.mkdir()
    write_config(folder, plain(config))
    try:
        entry.train(config, folder)
    finally:
        wandb.finish()
        wandb.teardown()
    assert not server.runs

    # It does not need anything of the machine that it was made on.
    moved = folder.path.rename(checkout / "moved")
    for name in ("CONFIG", "CACHE", "DATA"):
        shutil.rmtree(environment[f"WANDB_{name}_DIR"], ignore_errors=True)
    (offline,) = (moved / "wandb").glob("offline-run-*")
    run(environment, checkout, "wandb", "sync", str(offline))

    (uploaded,) = server.runs.values()
    assert uploaded.exit_code == 0
    options_logged = as_logged(config)
    assert {option: uploaded.config[option] for option in options_logged} == options_logged
    assert_same_rows(uploaded.history, rows)
    assert_complete(uploaded, steps=2, validated=[1, 2])
    pictures = [files["filenames"][0] for files in uploaded.logged("reconstructions")]
    assert [uploaded.files[picture] for picture in pictures] == [
        picture.read_bytes() for picture in sorted((moved / "reconstructions").iterdir())
    ]


def record_rows(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What the training hands to its logger from now on."""
    rows: list[dict[str, Any]] = []
    log_metrics = RunLogger.log_metrics

    def record(self: RunLogger, metrics: Mapping[str, Any], step: int | None = None) -> None:
        rows.append({**metrics, "trainer/global_step": step})
        log_metrics(self, metrics, step)

    monkeypatch.setattr(RunLogger, "log_metrics", record)
    return rows


def assert_same_rows(history: list[dict[str, Any]], rows: list[dict[str, Any]]) -> None:
    """Every number as it was logged; of pictures and tables, that they are there."""
    assert len(history) == len(rows)
    for uploaded, logged in zip(history, rows, strict=True):
        assert {name for name in uploaded if not name.startswith("_")} == logged.keys()
        for name, value in logged.items():
            assert uploaded[name] == value or isinstance(uploaded[name], dict), name


def as_logged(config: DictConfig) -> dict[str, Any]:
    """A configuration as W&B keeps it."""
    options = OmegaConf.masked_copy(config, [name for name in config if name != "hydra"])
    resolved = OmegaConf.to_container(options, resolve=True)
    return json.loads(json.dumps(resolved))


def run(environment: dict[str, str], folder: Path, *command: str) -> str:
    """The output of a command that must succeed and never asks anything."""
    result = subprocess.run(
        command,
        env=environment,
        cwd=folder,
        check=False,
        text=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=600,
    )
    assert result.returncode == 0, result.stdout
    return result.stdout
