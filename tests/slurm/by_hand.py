"""Tests on a real Slurm, run by hand (make test-slurm): grid workers as jobs, and DDP by srun."""

import re
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from rnn_codec.runs.folder import RunFolder
from rnn_codec_lab.evaluation.record import read_about
from tests.commands.program import PROGRAM
from tests.launchers.commands import DDP_CPU, FAST, train_command

PATIENCE = 900
"""Seconds after which a job that never ends fails its test."""


@pytest.fixture(scope="module", autouse=True)
def _cluster() -> None:
    """Require the cluster of start_slurm.sh: tests must not fill the queue of a shared one."""
    answer = subprocess.run(
        ["scontrol", "show", "config"], capture_output=True, text=True, check=True
    )
    if not re.search(r"^ClusterName\s*= one_node$", answer.stdout, re.MULTILINE):
        pytest.exit("the cluster of tests/slurm/start_slurm.sh is not running: make test-slurm")


@pytest.fixture(autouse=True)
def _cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RNN_CODEC_CACHE", str(tmp_path_factory.getbasetemp() / "cache"))


def grid_command(*arguments: str) -> list[str]:
    """The command line that trains two cells of the smoke grid in Slurm jobs."""
    cells = ["grid.axes.cell=[gru,lstm]", "grid.axes.recon=[one_shot]"]
    return [*PROGRAM, "grid", "--multirun", "grid=smoke", *cells, *arguments]


def test_two_jobs_share_two_cells_of_the_smoke_grid(tmp_path: Path) -> None:
    command = grid_command("hydra/launcher=submitit_slurm", "worker=0,1")
    subprocess.run(command, check=True, cwd=tmp_path, timeout=PATIENCE)
    paths = (tmp_path / "runs" / "smoke" / "results").glob("*/about.json")
    records = [read_about(path.parent) for path in paths]
    assert {record.settings["config"]["cell"]["name"] for record in records} == {"gru", "lstm"}
    assert len(records) == 2
    assert output(tmp_path).count("Job completed successfully") == 2


def test_a_job_that_is_put_back_into_the_queue_goes_on(tmp_path: Path) -> None:
    small = ["hydra.launcher.gpus_per_node=null", "hydra.launcher.mem_gb=null"]
    small += ["hydra.launcher.cpus_per_task=1", "grid.coders=[]"]
    # It would take hours if it were not stopped.
    long = ["--", "trainer.max_steps=200000"]
    command = grid_command("hydra/launcher=slurm_workers", "worker=0", *small, *long)
    process = subprocess.Popen(command, cwd=tmp_path)
    try:
        runs = tmp_path / "runs" / "smoke"
        wait_for(lambda: any(runs.glob("*/checkpoints/last.ckpt")), process)
        (checkpoint,) = runs.glob("*/checkpoints/last.ckpt")
        before = step_of(checkpoint)
        # The signal that Slurm sends signal_delay_s before a job's time is over.
        subprocess.run(["scancel", "--signal=USR2", "--name=grid"], check=True)
        wait_for(lambda: output(tmp_path).count("Starting with") == 2, process)
        stopped_at = step_of(checkpoint)
        assert stopped_at >= before
        wait_for(lambda: step_of(checkpoint) > stopped_at, process)
    finally:
        subprocess.run(["scancel", "--name=grid"], check=True)
        process.kill()
        process.wait()


def step_of(checkpoint: Path) -> int:
    step: int = torch.load(checkpoint, weights_only=True)["global_step"]
    return step


def output(folder: Path) -> str:
    """What the jobs have printed, from submitit's log files."""
    return "".join(path.read_text() for path in folder.rglob("*_log.out"))


def wait_for(condition: Callable[[], bool], process: subprocess.Popen[bytes]) -> None:
    """Wait for a condition; fail if the process that submitted the jobs ends before."""
    end = time.monotonic() + PATIENCE
    while not condition():
        assert process.poll() is None, "ended too early"
        assert time.monotonic() < end, "did not happen"
        time.sleep(0.5)


def test_srun_starts_the_processes_of_one_run(tmp_path: Path) -> None:
    srun = ["srun", "--nodes=1", "--ntasks-per-node=2"]
    command = [*srun, *train_command(*DDP_CPU, "output=run", *FAST)]
    subprocess.run(command, check=True, cwd=tmp_path, timeout=PATIENCE)
    run = RunFolder(tmp_path / "run")
    assert run.weights.is_file()
    assert [path.name for path in (run.path / "logs").iterdir()] == ["version_0"]
