"""Sweep files: what the agent would run composes."""

import itertools

import pytest
import yaml
from hydra import compose, initialize_config_dir
from wandb.sdk.launch.sweeps.utils import create_sweep_command, create_sweep_command_args

from tests.conftest import ROOT

SWEEPS = sorted((ROOT / "sweeps").glob("*.yaml"))


def trials(sweep: dict) -> list[dict]:
    """Every trial of a grid, as the agent receives it."""
    names = list(sweep["parameters"])
    grids = [sweep["parameters"][name]["values"] for name in names]
    return [
        {name: {"value": value} for name, value in zip(names, values, strict=True)}
        for values in itertools.product(*grids)
    ]


@pytest.mark.parametrize("path", SWEEPS, ids=lambda path: path.stem)
def test_every_trial_composes(path) -> None:
    sweep = yaml.safe_load(path.read_text())
    command = create_sweep_command(sweep["command"])
    assert (ROOT / sweep["program"]).is_file()
    commands = set()
    with initialize_config_dir(str(ROOT / "conf"), version_base="1.3"):
        for trial in trials(sweep):
            arguments = create_sweep_command_args({"args": trial})["args_no_hyphens"]
            fixed = [part for part in command if "=" in part]
            config = compose("train", [*fixed, *arguments])
            assert config.cell.name == trial["cell"]["value"]
            assert config.recon.name == trial["recon"]["value"]
            commands.add(tuple(arguments))
    assert len(commands) == 24
