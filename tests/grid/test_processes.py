"""Commands of a worker: their output, their errors, their end."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from rnn_codec.grid.claims import process_exists
from rnn_codec.grid.processes import (
    CommandError,
    LostClaimError,
    child_environment,
    run_command,
)

OURS = SimpleNamespace(lost=threading.Event())
SLEEP = "import os, sys, time; print(os.getpid(), flush=True); time.sleep(600)"


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


def wait_for_number(file: Path) -> int:
    while not (file.is_file() and file.read_text().strip().isdigit()):
        time.sleep(0.01)
    return int(file.read_text())


def wait_for_end(process: int) -> None:
    while process_exists(process):
        # A child of this process stays in the table until it is asked for.
        with contextlib.suppress(ChildProcessError):
            os.waitpid(process, os.WNOHANG)
        time.sleep(0.01)


def test_output_is_appended_to_the_log(tmp_path: Path) -> None:
    log = tmp_path / "log"
    run_command(python("print('one')"), log, OURS)
    run_command(python("import sys; print('two', file=sys.stderr)"), log, OURS)
    assert log.read_text() == "one\ntwo\n"


def test_an_error_comes_with_the_output_of_its_own_command(tmp_path: Path) -> None:
    log = tmp_path / "log"
    run_command(python("print('before')"), log, OURS)
    with pytest.raises(CommandError) as error:
        run_command(python("import sys; print('no'); sys.exit(3)"), log, OURS)
    assert (error.value.status, error.value.output) == (3, "no\n")


def test_a_lost_claim_kills_the_command(tmp_path: Path) -> None:
    claim = SimpleNamespace(lost=threading.Event())
    threading.Timer(0.5, claim.lost.set).start()
    with pytest.raises(LostClaimError):
        run_command(python(SLEEP), tmp_path / "log", claim)
    if (text := (tmp_path / "log").read_text()).strip():
        wait_for_end(int(text))


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_command_ends_with_its_worker(sent: signal.Signals, tmp_path: Path) -> None:
    if sent == signal.SIGKILL and sys.platform != "linux":
        pytest.skip("only Linux ends a process together with its parent")
    worker = (
        "import signal, sys, threading; from types import SimpleNamespace;"
        "from rnn_codec.grid.processes import run_command; from pathlib import Path;"
        # Whoever starts the tests in the background has SIGINT ignored.
        "signal.signal(signal.SIGINT, signal.default_int_handler);"
        "signal.signal(signal.SIGTERM, signal.default_int_handler);"
        f"run_command([sys.executable, '-c', {SLEEP!r}], Path({str(tmp_path / 'log')!r}),"
        " SimpleNamespace(lost=threading.Event()))"
    )
    process = subprocess.Popen(python(worker), stderr=subprocess.DEVNULL)
    child = wait_for_number(tmp_path / "log")
    process.send_signal(sent)
    process.wait()
    wait_for_end(child)


def test_a_training_does_not_take_itself_for_a_part_of_the_workers_job(monkeypatch) -> None:
    for name in ("SLURM_PROCID", "SLURM_NTASKS", "LOCAL_RANK", "RANK", "RNN_CODEC_RUN_FOLDER"):
        monkeypatch.setenv(name, "3")
    monkeypatch.setenv("RNN_CODEC_CACHE", "cache")
    environment = child_environment()
    assert not {name for name in environment if name.startswith("SLURM") or "RANK" in name}
    assert "RNN_CODEC_RUN_FOLDER" not in environment
    assert environment["RNN_CODEC_CACHE"] == "cache"
