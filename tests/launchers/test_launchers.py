"""Multiruns through Hydra's launchers: every job leaves its own run, mistakes reach the command."""

from importlib.util import find_spec
from pathlib import Path

import pytest

from rnn_codec.commands import train as entry
from rnn_codec.runs.folder import RunFolder, read_config
from rnn_codec.runs.weights import load_codec
from tests.launchers.commands import DDP_CPU, FAST

WITHOUT_RAY = pytest.mark.skipif(
    find_spec("ray") is None, reason="Ray is not installed: docs/clusters.md"
)
LAUNCHERS = [
    ["hydra/launcher=joblib", "hydra.launcher.n_jobs=2"],
    # One process for all jobs: nothing of the first may stay behind for the second.
    ["hydra/launcher=joblib", "hydra.launcher.n_jobs=1"],
    ["hydra/launcher=submitit_local"],
    pytest.param(["hydra/launcher=ray"], marks=WITHOUT_RAY),
]


ALONE = ["data.validation_images=1"]
"""Of one process: two that train together need two images."""


@pytest.fixture(autouse=True)
def _cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RNN_CODEC_CACHE", str(tmp_path_factory.getbasetemp() / "cache"))
    # Not of a run that these tests are part of.
    monkeypatch.delenv("RNN_CODEC_RUN_FOLDER", raising=False)


@pytest.mark.parametrize("launcher", LAUNCHERS, ids=" ".join)
def test_every_job_leaves_its_own_run(
    launcher: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    entry.main(["--multirun", *launcher, "cell=gru,lstm", *FAST, *ALONE])
    assert [path.name for path in tmp_path.iterdir()] == ["runs"]
    runs = [RunFolder(config.parent) for config in (tmp_path / "runs").glob("*/config.yaml")]
    assert sorted(read_config(run)["cell"]["name"] for run in runs) == ["gru", "lstm"]
    assert all(load_codec(run) for run in runs)


@pytest.mark.parametrize("launcher", [["hydra/launcher=basic"], *LAUNCHERS[1:]], ids=" ".join)
def test_several_processes_in_a_job_are_refused(
    launcher: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as end:
        entry.main(["--multirun", *launcher, *DDP_CPU, *FAST])
    error = capsys.readouterr().err
    assert (end.value.code, "Traceback" in error) == (1, False)
    assert "--multirun with trainer.devices other than 1" in error
    assert not list(tmp_path.glob("runs/*/config.yaml"))
