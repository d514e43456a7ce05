"""Multiruns in separate processes and in one: each job has its own run, mistakes are reported."""

from pathlib import Path

import pytest

from rnn_codec.commands import train as entry
from rnn_codec.families.binary.weights import load_codec
from rnn_codec.runs.folder import RunFolder, read_config
from tests.launchers.commands import DDP_CPU, FAST

ALONE = ["data.validation_images=1"]
"""Options for one process: two that train together need two images."""


@pytest.fixture(autouse=True)
def _here(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RNN_CODEC_CACHE", str(tmp_path_factory.getbasetemp() / "cache"))
    # These tests may run inside a training that has set it.
    monkeypatch.delenv("RNN_CODEC_RUN_FOLDER", raising=False)


# In one process, and in processes that Hydra's launcher starts.
@pytest.mark.parametrize("launcher", ["basic", "submitit_local"])
def test_every_job_leaves_its_own_run(launcher: str, tmp_path: Path) -> None:
    entry.main(["--multirun", f"hydra/launcher={launcher}", "cell=gru,lstm", *FAST, *ALONE])
    assert [path.name for path in tmp_path.iterdir()] == ["runs"]
    runs = [RunFolder(config.parent) for config in (tmp_path / "runs").glob("*/config.yaml")]
    assert sorted(read_config(run)["cell"]["name"] for run in runs) == ["gru", "lstm"]
    assert all(load_codec(run) for run in runs)


def test_several_processes_in_a_job_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as end:
        entry.main(["--multirun", "hydra/launcher=basic", *DDP_CPU, *FAST])
    error = capsys.readouterr().err
    assert (end.value.code, "Traceback" in error) == (1, False)
    assert "--multirun with trainer.devices other than 1" in error
    assert not list(tmp_path.glob("runs/*/config.yaml"))
