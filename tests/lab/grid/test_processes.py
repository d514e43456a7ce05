"""Commands of a worker: their output, their errors, their end."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from rnn_codec_lab.grid.claims import claimant
from rnn_codec_lab.grid.processes import child_environment, run_command

WORKER = """
import signal, sys
from pathlib import Path
from rnn_codec_lab.grid.claims import claimed
from rnn_codec_lab.grid.processes import run_command
# Whoever starts the tests in the background has SIGINT ignored.
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGTERM, signal.default_int_handler)
with claimed(Path("lock")) as claim:
    run_command([sys.executable, "-c", "import time; print(1, flush=True); time.sleep(600)"],
                Path("log"), claim)
"""


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


def test_output_is_appended_to_the_log(tmp_path: Path) -> None:
    log = tmp_path / "log"
    with (tmp_path / "lock").open("a") as lock:
        run_command(python("print('one')"), log, lock.fileno())
        run_command(python("import sys; print('two', file=sys.stderr)"), log, lock.fileno())
        assert log.read_text() == "one\ntwo\n"
        with pytest.raises(subprocess.CalledProcessError) as error:
            run_command(python("import sys; print('no'); sys.exit(3)"), log, lock.fileno())
    # The error contains only the output of its own command.
    assert (error.value.returncode, error.value.output) == (3, "no\n")


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_a_command_ends_with_its_worker(sent: signal.Signals, tmp_path: Path) -> None:
    process = subprocess.Popen(python(WORKER), stderr=subprocess.DEVNULL, cwd=tmp_path)
    log, lock = tmp_path / "log", tmp_path / "lock"
    while not (log.is_file() and log.read_text()):
        time.sleep(0.01)
    assert f"process {process.pid}" in str(claimant(lock))
    process.send_signal(sent)
    process.wait()
    # If the command were still running, it would hold the lock.
    assert claimant(lock) is None


def test_a_training_does_not_take_itself_for_a_part_of_the_workers_job(monkeypatch) -> None:
    for name in ("SLURM_PROCID", "SLURM_NTASKS", "LOCAL_RANK", "RANK", "RNN_CODEC_RUN_FOLDER"):
        monkeypatch.setenv(name, "3")
    monkeypatch.setenv("RNN_CODEC_CACHE", "cache")
    environment = child_environment()
    assert not {name for name in environment if name.startswith("SLURM") or "RANK" in name}
    assert "RNN_CODEC_RUN_FOLDER" not in environment
    assert environment["RNN_CODEC_CACHE"] == "cache"
