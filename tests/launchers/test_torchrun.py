"""DDP whose processes somebody else starts: they train one run, in one folder."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from rnn_codec.runs.folder import RunFolder
from rnn_codec.runs.weights import load_codec
from tests.launchers.commands import FAST, train_command


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
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]
    _, *command = train_command("trainer=ddp_cpu", "output=run", *FAST)
    subprocess.run([*torchrun, *command], check=True, cwd=tmp_path)
    assert_one_run(tmp_path)


def test_torchrun_without_ddp_is_refused(tmp_path: Path) -> None:
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]
    _, *command = train_command("trainer=cpu", "output=run", *FAST)
    result = subprocess.run(
        [*torchrun, *command], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert result.returncode != 0
    assert "2 processes" in result.stderr
    assert not list(tmp_path.iterdir())


def test_two_machines_train_one_run(tmp_path: Path) -> None:
    """Both are this one; the command is started by hand on each."""
    machines = ["trainer=ddp_cpu", "trainer.devices=1", "trainer.num_nodes=2"]
    command = train_command(*machines, "output=run", *FAST)
    address = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(free_port())}
    processes = [
        subprocess.Popen(
            command, cwd=tmp_path, env={**os.environ, **address, "NODE_RANK": str(number)}
        )
        for number in (1, 0)
    ]
    assert [process.wait() for process in processes] == [0, 0]
    assert_one_run(tmp_path)


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
    return port
