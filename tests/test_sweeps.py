"""Sweep files: W&B's agent turns them into command lines of `train`."""

import itertools
import json
from collections.abc import Iterator
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
from rnn_codec.families.binary.training.building import build_codec
from rnn_codec.metrics.scores import SCORES
from rnn_codec.runs.folder import RunFolder
from rnn_codec.training.fitting import stopped
from tests.conftest import ROOT

SWEEPS = sorted((ROOT / "sweeps").glob("*.yaml"))
FAST = [
    "data.batch_size=2",
    "data.validation_images=1",
    "data.validation_crop=161",
    "max_iterations=2",
    "min_iterations=1",
    "trainer.progress_bar=false",
    "trainer.log_every_n_steps=1",
]


def trials(sweep: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Every combination of the values of a sweep's lists, and of the ends of its ranges."""
    values = [p.get("values") or [p["min"], p["max"]] for p in sweep["parameters"].values()]
    for chosen in itertools.product(*values):
        yield dict(zip(sweep["parameters"], chosen, strict=True))


def some(sweep: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Trials with each value of each option, and the first value of the others."""
    first = next(trials(sweep))
    for trial in trials(sweep):
        if sum(trial[name] != value for name, value in first.items()) <= 1:
            yield trial


def words_of(sweep: dict[str, Any], trial: dict[str, Any]) -> list[str]:
    """The options on the command line of a trial."""
    fixed = [part for part in create_sweep_command(list(sweep["command"])) if "=" in part]
    args = {name: {"value": value} for name, value in trial.items()}
    return fixed + create_sweep_command_args({"args": args})["args_no_hyphens"]


def composed(*overrides: str) -> DictConfig:
    """The configuration of a command line, with Hydra's own part."""
    with initialize_config_dir(str(ROOT / "conf"), version_base="1.3"):
        return compose("train", list(overrides), return_hydra_config=True)


@pytest.mark.parametrize("path", SWEEPS, ids=lambda path: path.stem)
def test_every_trial_composes(path: Path) -> None:
    sweep = yaml.safe_load(path.read_text())
    assert (ROOT / sweep["program"]).is_file()
    assert sweep["metric"]["name"] in {f"val/{score}_auc" for score in SCORES}
    for trial in some(sweep):
        config = composed(*words_of(sweep, trial))
        choices = config.hydra.runtime.choices
        assert choices.logger == "wandb"
        for name, value in trial.items():
            assert (choices[name] if name in choices else OmegaConf.select(config, name)) == value


def test_the_ablation_is_the_whole_grid() -> None:
    sweep = yaml.safe_load((ROOT / "sweeps" / "ablation.yaml").read_text())
    assert {(trial["cell"], trial["recon"]) for trial in trials(sweep)} == {
        (cell.stem, recon.stem)
        for cell in (ROOT / "conf" / "cell").iterdir()
        for recon in (ROOT / "conf" / "recon").iterdir()
    }


def test_every_width_of_the_search_can_be_built() -> None:
    search = yaml.safe_load((ROOT / "sweeps" / "search.yaml").read_text())
    width = search["parameters"]["network.width"]
    for value in np.arange(width["min"], width["max"] + width["q"] / 2, width["q"]):
        assert build_codec(composed(f"network.width={value}"))


@pytest.mark.usefixtures("own_wandb")
def test_a_trial_keeps_its_options_pictures_curve_and_areas(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The trial is started as W&B's agent starts it, offline."""
    monkeypatch.chdir(tmp_path)
    sweep = yaml.safe_load((ROOT / "sweeps" / "ablation.yaml").read_text())
    trial = next(trials(sweep))
    parameters = tmp_path / "parameters.yaml"
    parameters.write_text(yaml.safe_dump({name: {"value": trial[name]} for name in trial}))
    monkeypatch.setenv("WANDB_SWEEP_ID", "sweep")
    monkeypatch.setenv("WANDB_SWEEP_PARAM_PATH", str(parameters))
    short = ["trainer.max_steps=2", "trainer.val_check_interval=2", "output=run"]
    entry.main([*words_of(sweep, trial), *FAST, *short, "data.cache_dir=cache"])

    run = wandb.run
    assert run is not None
    assert {name: run.config[name] for name in trial} == trial
    assert run.config["trainer"]["max_steps"] == 2
    media = Path(run.dir) / "media"
    figures = [next((media / "images").glob(f"{name}*")) for name in ("reconstructions", "curve")]
    assert all(Image.open(figure).format == "PNG" for figure in figures)
    (file,) = (media / "table" / "val").iterdir()
    table = json.loads(file.read_text())
    columns = dict(zip(table["columns"], zip(*table["data"], strict=True), strict=True))
    bpp = columns.pop("bpp")
    np.testing.assert_allclose(bpp, np.arange(1, 17) / 8)
    assert columns.keys() == set(SCORES)
    for score, quality in columns.items():
        area = run.summary[f"val/{score}_auc"]
        assert area == pytest.approx(np.trapezoid(quality, bpp), rel=1e-5)


def test_a_trial_that_its_sweep_stops_has_not_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    """W&B's agent counts exit codes other than 0 as failures, and ends after a few."""
    monkeypatch.setenv("WANDB_SWEEP_ID", "sweep")
    end = stopped(RunFolder(Path("run")))
    assert isinstance(end, SystemExit)
    assert end.code == 0
