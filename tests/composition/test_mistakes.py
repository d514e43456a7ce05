"""Command lines that Hydra cannot use: one sentence says what to write instead."""

import shlex
from pathlib import Path

import pytest
from hydra.errors import MissingConfigException

from tests.commands.program import run


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


CELLS = "associative_lstm, gru, lstm, residual_gru"


@pytest.mark.parametrize(
    ("command", "sentence"),
    [
        ("train experiment=", "experiment is empty: it is one of first_run, first_run_binary, "),
        ("grid grid=nope", "there is no grid=nope: grid is one of paper, smoke, transform, wavel"),
        ("train cell=None", f"there is no cell=None: cell is one of {CELLS}"),
        ("train cell=null", f"cell cannot be null: it is one of {CELLS}"),
        ("train cell=5", f"cell cannot be 5: it is one of {CELLS}"),
        ("train --multirun cell=gru,null", f"cell cannot be null: it is one of {CELLS}"),
        ("train loss=null", "loss cannot be null: it is one of l1, "),
        ("evaluate data=null", "data cannot be null: it is one of folder, "),
        ("grid grid=null", "grid cannot be null: it is one of paper, "),
        ("train ~/x", "~/x cannot be read: options are written name=value"),
        ("train ~", "~ cannot be read: options are written name=value"),
        ("train output", "output cannot be read: options are written name=value"),
        ("train =3", "=3 cannot be read: options are written name=value"),
        ("train 'output=a (b'", "output=a (b cannot be read: a text with special characters is w"),
        ("train ~cell", "~cell removes a required option: leave it out"),
        ("train ~sed", "there is no option sed: did you mean seed?"),
        ("train seed=1,2", "seed=1,2 has several values: write seed=[1,2] for a list, "),
        ("train +seed=1", "seed already exists: write seed=1"),
        ("train +trainer=gpu", "trainer already exists: write trainer=gpu"),
        ("table recrods=a", "there is no option recrods: did you mean records?"),
        ("bench networks=[nope]", "there is no network=nope: network is one of paper, "),
        (
            "grid --dry-run ~grid.axes.cell -- cell=null",
            f"cell cannot be null: it is one of {CELLS}",
        ),
        ("grid --dry-run -- ++seeed=3", "there is no option seeed: did you mean seed?"),
        ("train --config-dir ''", "--config-dir is empty: give it a value, or leave it out"),
    ],
)
def test_one_sentence_says_what_to_write(
    command: str, sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(*shlex.split(command)) == 1
    error = capsys.readouterr().err
    assert error.startswith(f"error: {sentence}")
    assert error.count("\n") == 1


@pytest.mark.parametrize("group", ["cell", "data", "late", "logger", "recon", "trainer"])
def test_null_for_any_group_is_one_sentence(
    group: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("WANDB_SWEEP_ID", "sweep")
    assert run("train", f"{group}=None") == 1
    assert capsys.readouterr().err.startswith(f"error: {group} cannot be null: it is one of ")


def test_hydras_own_words_can_be_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HYDRA_FULL_ERROR", "1")
    with pytest.raises(MissingConfigException):
        run("train", "cell=nope")


def test_a_recipe_of_the_users_is_checked_as_well(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    recipe = tmp_path / "conf" / "experiment" / "mine.yaml"
    recipe.parent.mkdir(parents=True)
    recipe.write_text("# @package _global_\ntrainer:\n  max_stps: 3\n")
    assert run("train", "--config-dir", str(tmp_path / "conf"), "experiment=mine") == 1
    assert capsys.readouterr().err == (
        "error: there is no option trainer.max_stps: did you mean trainer.max_steps?\n"
    )
