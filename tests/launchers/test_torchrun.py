"""DDP whose processes somebody else starts: they train one run, in one folder."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from rnn_codec.commands.train import main
from rnn_codec.runs.folder import RunFolder
from rnn_codec.runs.weights import load_codec
from tests.forking import FORKING
from tests.launchers.commands import DDP_CPU, FAST, free_port

REFUSED_THEN_TRAINED = f"""
import sys
from rnn_codec.commands.train import main

try:
    main(["trainer=cpu", "output=refused", *sys.argv[1:]])
except SystemExit as end:
    assert end.code
else:
    raise AssertionError("not refused")
main([*{DDP_CPU}, "output=run", *sys.argv[1:]])
"""


@pytest.fixture(autouse=True)
def _cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RNN_CODEC_CACHE", str(tmp_path_factory.getbasetemp() / "cache"))


def assert_one_run(folder: Path) -> None:
    """One run, written by one process, that saw the batches of two."""
    assert [path.name for path in folder.iterdir()] == ["run"]
    run = RunFolder(folder / "run")
    assert load_codec(run)
    assert [path.name for path in (run.path / "logs").iterdir()] == ["version_0"]
    cost = json.loads(run.cost.read_text())
    assert (cost["steps"], cost["images"]) == (2, 8)


def test_torchrun_starts_the_processes_of_one_run(tmp_path: Path) -> None:
    """Without DDP, which would make a run of each process, nothing is trained."""
    script, folder = tmp_path / "script.py", tmp_path / "here"
    script.write_text(REFUSED_THEN_TRAINED)
    folder.mkdir()
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]
    command = [*torchrun, str(script), *FAST]
    result = subprocess.run(command, cwd=folder, stderr=subprocess.PIPE, text=True, check=False)
    assert result.returncode == 0, result.stderr
    assert result.stderr.count("torchrun or srun started 2 processes") == 2
    assert_one_run(folder)


def test_two_machines_train_one_run(tmp_path: Path) -> None:
    """Both are this one; the command is started by hand on each."""
    machines = [*DDP_CPU, "trainer.devices=1", "trainer.num_nodes=2"]
    words = [*machines, "output=run", *FAST]
    address = {**os.environ, "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(free_port())}
    processes = [
        FORKING.Process(
            target=train_on_a_machine, args=({**address, "NODE_RANK": number}, tmp_path, words)
        )
        for number in ("1", "0")
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0, 0]
    assert_one_run(tmp_path)


def train_on_a_machine(environment: dict[str, str], folder: Path, words: list[str]) -> None:
    """The command as it is started in a folder, with an environment."""
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    main(words)
