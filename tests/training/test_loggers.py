"""W&B runs: online or offline, and which trainings share one."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import wandb
from lightning.pytorch.utilities import rank_zero_only

from rnn_codec.errors import UserError
from rnn_codec.training import loggers
from rnn_codec.training.loggers import wandb_logger, wandb_mode
from tests.wandb_server import KEY


@pytest.fixture(autouse=True)
def _own_wandb(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No settings, keys or runs of anyone else."""
    for name in ("WANDB_API_KEY", "WANDB_BASE_URL", "WANDB_IDENTITY_TOKEN_FILE", "WANDB_MODE"):
        monkeypatch.delenv(name, raising=False)
    for name in ("CONFIG", "CACHE", "DATA"):
        monkeypatch.setenv(f"WANDB_{name}_DIR", str(tmp_path / name))
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    monkeypatch.setenv("WANDB_CONSOLE", "off")
    # It would ask a server for the user's name, to greet with it.
    monkeypatch.setenv("WANDB_SILENT", "true")
    monkeypatch.chdir(tmp_path)
    wandb.teardown()
    yield
    wandb.finish()
    wandb.teardown()


LOGIN = f"login user password {KEY}"


@pytest.mark.parametrize(
    ("environment", "netrc", "mode"),
    [
        ({}, "", "offline"),
        ({"WANDB_API_KEY": KEY}, "", None),
        ({}, f"machine api.wandb.ai {LOGIN}", None),
        ({}, f"machine elsewhere {LOGIN}", "offline"),
        ({}, "machine", "offline"),
        ({"WANDB_BASE_URL": "http://localhost:80"}, f"machine localhost:80 {LOGIN}", None),
        ({"WANDB_MODE": "disabled"}, "", None),
    ],
)
def test_without_a_key_runs_are_offline(
    environment: dict[str, str], netrc: str, mode: str | None, tmp_path: Path, monkeypatch
) -> None:
    (tmp_path / "netrc").write_text(netrc)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert wandb_mode() == mode


def test_a_folder_is_a_run_with_the_folders_inside(tmp_path: Path) -> None:
    codec = wandb_logger(str(tmp_path / "first"), "project", "first")
    codec.log_hyperparams({"seed": 1, "trainer": {"max_steps": 5}})
    coder = wandb_logger(str(tmp_path / "first" / "entropy"), "project", "first")
    coder.log_hyperparams({"seed": 2, "more": 3})
    assert coder.experiment is codec.experiment
    assert dict(codec.experiment.config) == {"seed": 1, "trainer": {"max_steps": 5}, "more": 3}

    other = wandb_logger(str(tmp_path / "first_again"), "project", "other")
    assert other.experiment.id != codec.experiment.id
    runs = [path.parent.parent.name for path in tmp_path.glob("*/wandb/offline-run-*")]
    assert sorted(runs) == ["first", "first_again"]


def test_options_of_a_sweep_stay(tmp_path: Path, monkeypatch, capsys) -> None:
    parameters = tmp_path / "parameters.yaml"
    parameters.write_text("cell: {value: gru}\nwandb_version: 1\n")
    monkeypatch.setenv("WANDB_SWEEP_ID", "s")
    monkeypatch.setenv("WANDB_SWEEP_PARAM_PATH", str(parameters))
    monkeypatch.setenv("WANDB_SILENT", "false")
    logger = wandb_logger(str(tmp_path / "run"), "project", "name")
    logger.log_hyperparams({"cell": {"name": "gru"}, "seed": 0})
    assert dict(logger.experiment.config) == {"cell": "gru", "seed": 0}
    assert "WARNING" not in capsys.readouterr().err


def test_tables_stay_in_the_runs_folder(tmp_path: Path) -> None:
    logger = wandb_logger(str(tmp_path / "run"), "project", "name")
    logger.log_table("val/curve", ["bpp", "psnr"], [[0.125, 20.0], [0.25, 22.0]], step=7)
    (table,) = (tmp_path / "run" / "wandb").rglob("*.table.json")
    content = json.loads(table.read_text())
    assert content["columns"] == ["bpp", "psnr"]
    assert content["data"] == [[0.125, 20.0], [0.25, 22.0]]
    assert not list((tmp_path / "DATA").rglob("*"))


def test_only_the_first_process_has_a_run(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(rank_zero_only, "rank", 1)
    logger = wandb_logger(str(tmp_path / "run"), "project", "name")
    logger.log_hyperparams({"seed": 1})
    logger.log_metrics({"loss": 1.0})
    assert wandb.run is None
    assert not (tmp_path / "run").exists()


def test_what_wandb_refuses_is_explained(tmp_path: Path, monkeypatch) -> None:
    def refuse(**_: object) -> None:
        raise wandb.errors.CommError("the server does not answer")

    monkeypatch.setattr(loggers.wandb, "init", refuse)
    with pytest.raises(UserError, match="does not answer; with WANDB_MODE=offline"):
        wandb_logger(str(tmp_path / "run"), "project", "name")


def test_a_resumed_training_goes_on_with_its_run(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    codec = wandb_logger(str(folder), "project", "name")
    coder = wandb_logger(str(folder / "entropy" / "progressive"), "project", "name")
    begun = codec.experiment.id
    assert coder.experiment.id == begun
    for resumed in (folder, folder / "entropy" / "progressive"):
        wandb.finish()
        again = wandb_logger(str(resumed), "project", "name")
        assert again.experiment.id == begun
    other = wandb_logger(str(tmp_path / "other"), "project", "name")
    assert other.experiment.id != begun


@pytest.mark.parametrize("content", [b"", b"a b/c\n", b"\xff"])
def test_a_damaged_identifier_starts_another_run(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "wandb_run").write_bytes(content)
    logger = wandb_logger(str(tmp_path), "project", "name")
    assert (tmp_path / "wandb_run").read_text().strip() == logger.experiment.id
