"""W&B runs: online or offline, and which trainings share one."""

from pathlib import Path

import pytest
import wandb
from lightning.pytorch.utilities import rank_zero_only

from rnn_codec.errors import UserError
from rnn_codec.training.loggers import wandb_logger, wandb_mode

pytestmark = pytest.mark.usefixtures("own_wandb")


def log_into(folder: Path):
    folder.mkdir(parents=True, exist_ok=True)
    return wandb_logger(str(folder), "project", "name")


@pytest.mark.parametrize(
    ("environment", "mode"),
    [
        ({}, "offline"),
        ({"WANDB_API_KEY": "0123456789abcdef" * 3}, None),
        ({"WANDB_MODE": "disabled"}, None),
    ],
)
def test_without_a_key_runs_are_offline(
    environment: dict[str, str], mode: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert wandb_mode() == mode


def test_a_folder_is_a_run_with_the_folders_inside_and_is_gone_on_with(tmp_path: Path) -> None:
    codec = log_into(tmp_path / "first")
    codec.log_hyperparams({"seed": 1, "trainer": {"max_steps": 5}})
    coder = log_into(tmp_path / "first" / "entropy")
    coder.log_hyperparams({"seed": 2, "more": 3})
    assert coder.experiment is codec.experiment
    expected = {"seed": 2, "trainer": {"max_steps": 5}, "more": 3}
    assert dict(codec.experiment.config) == expected

    other = log_into(tmp_path / "first_again")
    assert other.experiment.id != codec.experiment.id
    for resumed in (tmp_path / "first", tmp_path / "first" / "entropy"):
        wandb.finish()
        assert log_into(resumed).experiment.id == codec.experiment.id


def test_only_the_first_process_has_a_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rank_zero_only, "rank", 1)
    logger = log_into(tmp_path / "run")
    logger.log_hyperparams({"seed": 1})
    logger.log_metrics({"loss": 1.0})
    assert wandb.run is None
    assert not list((tmp_path / "run").iterdir())


def test_what_wandb_refuses_is_explained(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(**_: object) -> None:
        raise wandb.errors.CommError("the server does not answer")

    monkeypatch.setattr(wandb, "init", refuse)
    with pytest.raises(UserError, match="does not answer; with WANDB_MODE=offline"):
        log_into(tmp_path / "run")


@pytest.mark.parametrize(
    ("variable", "value", "sentence"),
    [
        ("WANDB_MODE", "foo", "WANDB_MODE cannot be foo: it must be 'online', 'offline', "),
        ("WANDB_SILENT", "perhaps", "WANDB_SILENT cannot be perhaps: it must be a valid boolean"),
        ("WANDB_API_KEY", "short", "W&B: WANDB_API_KEY invalid: "),
    ],
)
def test_settings_that_cannot_be_are_named(
    variable: str, value: str, sentence: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(UserError) as error:
        log_into(tmp_path / "run")
    assert str(error.value).startswith(sentence)
    assert "\n" not in str(error.value)
