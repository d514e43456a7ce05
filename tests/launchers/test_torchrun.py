"""DDP with processes that torchrun starts: they train one run, in one folder."""

import json
import subprocess
import sys
from pathlib import Path

from rnn_codec.families.binary.weights import load_codec
from rnn_codec.runs.folder import RunFolder
from tests.launchers.commands import DDP_CPU, FAST

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


def test_torchrun_starts_the_processes_of_one_run(tmp_path: Path) -> None:
    """Without DDP, each process would make a run of its own: the command refuses to train."""
    script, folder = tmp_path / "script.py", tmp_path / "here"
    script.write_text(REFUSED_THEN_TRAINED)
    folder.mkdir()
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]
    command = [*torchrun, str(script), *FAST, "data.cache_dir=../cache"]
    result = subprocess.run(command, cwd=folder, stderr=subprocess.PIPE, text=True, check=False)
    assert result.returncode == 0, result.stderr
    assert result.stderr.count("torchrun or srun started 2 processes") == 2
    # One run, written by one process, with the batches of both.
    assert [path.name for path in folder.iterdir()] == ["run"]
    run = RunFolder(folder / "run")
    assert load_codec(run)
    assert [path.name for path in (run.path / "logs").iterdir()] == ["version_0"]
    cost = json.loads(run.cost.read_text())
    assert (cost["steps"], cost["images"]) == (2, 8)
