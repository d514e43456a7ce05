"""Which process is the first, and which processes do not belong together."""

import os
from pathlib import Path

import pytest
from lightning.fabric.utilities.rank_zero import rank_zero_only

from rnn_codec.errors import UserError
from rnn_codec.training.processes import (
    RANKS_VARIABLE,
    RUN_FOLDER_VARIABLE,
    check_numbers,
    check_processes,
    forget_foreign_ranks,
    is_first_process,
    new_run,
    processes_started_outside,
)

TORCHRUN = {"TORCHELASTIC_RUN_ID": "none", "WORLD_SIZE": "2"}
SRUN = {"SLURM_STEP_NUM_TASKS": "2"}


@pytest.fixture(autouse=True)
def _alone(monkeypatch: pytest.MonkeyPatch) -> None:
    names = ("RANK", "LOCAL_RANK", "NODE_RANK", "SLURM_PROCID", *TORCHRUN, *SRUN)
    for name in (*names, RANKS_VARIABLE, "GROUP_RANK"):
        # Set first, so that monkeypatch also removes what a test sets.
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    monkeypatch.setattr(rank_zero_only, "rank", 0)


def become(environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)


@pytest.mark.parametrize(
    ("environment", "first"),
    [
        ({}, True),
        ({"LOCAL_RANK": "0"}, True),
        ({"LOCAL_RANK": "1"}, False),
        # The first process of torchrun's second machine.
        ({"RANK": "4", "LOCAL_RANK": "0"}, False),
        ({"RANK": "0", "LOCAL_RANK": "0"}, True),
        # The first process of Lightning's second machine.
        ({"NODE_RANK": "1"}, False),
        ({"NODE_RANK": "1", "LOCAL_RANK": "0"}, False),
        ({"SLURM_PROCID": "0"}, True),
        ({"SLURM_PROCID": "3"}, False),
    ],
)
def test_first_process(environment: dict[str, str], first: bool, monkeypatch) -> None:
    become(environment, monkeypatch)
    assert is_first_process() == first


@pytest.mark.parametrize("rank", ["1", "7"])
@pytest.mark.parametrize(
    "names",
    [
        *[("RANK",), ("LOCAL_RANK",), ("NODE_RANK",), ("SLURM_PROCID",)],
        ("RANK", "LOCAL_RANK", "NODE_RANK", "SLURM_PROCID"),
    ],
)
def test_numbers_that_nobody_gave_are_forgotten(names, rank: str, monkeypatch) -> None:
    become(dict.fromkeys(names, rank), monkeypatch)
    monkeypatch.setattr(rank_zero_only, "rank", int(rank))
    forget_foreign_ranks(num_nodes=1)
    assert is_first_process()
    assert rank_zero_only.rank == 0
    # With this variable, Lightning assumes that another program has started the process.
    assert "LOCAL_RANK" not in os.environ


@pytest.mark.parametrize(
    ("environment", "num_nodes"),
    [
        ({**TORCHRUN, "RANK": "1", "LOCAL_RANK": "1"}, 1),
        ({**SRUN, "SLURM_PROCID": "1"}, 1),
        ({"NODE_RANK": "1"}, 2),
    ],
)
def test_numbers_that_were_given_are_kept(environment, num_nodes: int, monkeypatch) -> None:
    become(environment, monkeypatch)
    forget_foreign_ranks(num_nodes)
    assert not is_first_process()
    assert all(os.environ[name] == value for name, value in environment.items())


def test_a_process_that_lightning_has_started_keeps_its_number(monkeypatch) -> None:
    forget_foreign_ranks(num_nodes=1)
    # The started process inherits the environment and gets a rank.
    become({"LOCAL_RANK": "1"}, monkeypatch)
    forget_foreign_ranks(num_nodes=1)
    assert not is_first_process()


@pytest.mark.parametrize(("environment", "started"), [({}, 1), (TORCHRUN, 2), (SRUN, 2)])
def test_processes_started_outside(environment, started: int, monkeypatch) -> None:
    become(environment, monkeypatch)
    assert processes_started_outside() == started


@pytest.mark.parametrize("environment", [TORCHRUN, SRUN])
def test_each_of_several_would_train_alone(environment, monkeypatch) -> None:
    become(environment, monkeypatch)
    with pytest.raises(UserError, match=r"2 processes.*devices=1"):
        check_processes(1, 1, "runs/a")
    check_processes(2, 1, "runs/a")
    check_processes(1, 2, "runs/a")
    check_processes("auto", 1, "runs/a")


def test_several_need_a_folder_by_name(monkeypatch) -> None:
    check_processes(2, 1, None)
    with pytest.raises(UserError, match="output="):
        check_processes(8, 2, None)
    become(TORCHRUN, monkeypatch)
    with pytest.raises(UserError, match="output="):
        check_processes(2, 1, None)


def test_jobs_of_a_multirun_have_folders_of_their_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(RUN_FOLDER_VARIABLE, raising=False)
    first, second = (new_run(None, str(tmp_path), "name") for _ in range(2))
    assert first.path != second.path
    monkeypatch.setenv("LOCAL_RANK", "1")
    assert new_run(None, str(tmp_path), "name").path == second.path


def test_a_run_is_never_overwritten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(RUN_FOLDER_VARIABLE, raising=False)
    (tmp_path / "config.yaml").touch()
    with pytest.raises(UserError, match="already contains a run"):
        new_run(str(tmp_path), "runs", "name")


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("MASTER_PORT", "abc"),
        ("MASTER_PORT", ""),
        ("MASTER_PORT", "-1"),
        ("MASTER_PORT", "65536"),
        ("NODE_RANK", "first"),
        ("SLURM_STEP_NUM_TASKS", "two"),
    ],
)
def test_a_variable_that_holds_no_number_is_named(
    variable: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(UserError, match=f"^{variable}={value} in the environment is not a whole"):
        check_numbers(devices=2, num_nodes=1, strategy="auto")


def test_what_one_process_does_not_read_may_hold_anything(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MASTER_PORT", "abc")
    check_numbers(devices=1, num_nodes=1, strategy="auto")
    with pytest.raises(UserError, match="MASTER_PORT"):
        check_numbers(devices=1, num_nodes=1, strategy="ddp")
    monkeypatch.setenv("MASTER_PORT", "29500")
    check_numbers(devices=2, num_nodes=1, strategy="ddp")


@pytest.mark.parametrize("variable", ["WORLD_SIZE", "SLURM_STEP_NUM_TASKS", "SLURM_NTASKS"])
def test_a_number_of_processes_is_a_number(variable: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if variable == "WORLD_SIZE":
        monkeypatch.setenv("TORCHELASTIC_RUN_ID", "none")
    monkeypatch.setenv(variable, "many")
    with pytest.raises(UserError, match=f"{variable}=many in the environment"):
        check_processes(1, 1, "runs/a")
