"""The smoke grid for real: by two workers at once, then by one that is killed five times.

    python -m tests.grid.soak FOLDER

Prints how long each took; fails if something was trained twice or if the records differ in more
than times. Half an hour on two cores, too long for the tests that always run.
"""

import csv
import json
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.commands.program import PROGRAM
from tests.conftest import ROOT

KILLS = 5
TIMES = {"seconds", "coder_training_seconds", "coding_seconds"}
PLACES = {"command", "output", "resume", "cache_dir"}


def start(folder: Path) -> subprocess.Popen[bytes]:
    """A worker on a grid in a folder."""
    words = [f"output={folder}/runs", f"records={folder}/records"]
    caches = [f"data.cache_dir={folder}/cache", f"coder.cache_dir={folder}/codes"]
    command = [*PROGRAM, "grid", "grid=smoke", *words]
    return subprocess.Popen([*command, "--", *caches], cwd=ROOT)


def by_two_workers(folder: Path) -> None:
    """Both must end well, and every step of every training must be in one log, once."""
    workers = [start(folder) for _ in range(2)]
    assert [worker.wait() for worker in workers] == [0, 0]
    logs = sorted(folder.glob("runs/*/logs")) + sorted(folder.glob("runs/*/entropy/*/logs"))
    assert len(logs) == 12 * 3
    for log in logs:
        steps = [step for file in log.glob("*/metrics.csv") for step in trained_steps(file)]
        assert len(list(log.iterdir())) == 1, f"{log} was begun twice"
        assert len(steps) == len(set(steps)), f"steps of {log} were trained twice"


def trained_steps(file: Path) -> Iterator[int]:
    """The steps whose loss a log holds."""
    with file.open(newline="") as stream:
        for row in csv.DictReader(stream):
            if row.get("train/loss") or row.get("train/bits_per_bit"):
                yield int(row["step"])


def killed(folder: Path) -> None:
    """Kill a worker after a random time, five times, then let it finish."""
    numbers = random.Random(0)
    for number in range(KILLS):
        worker = start(folder)
        time.sleep(numbers.uniform(10, 90))
        assert worker.poll() is None, "the grid ended before it could be killed"
        worker.kill()
        worker.wait()
        print(f"killed, {number + 1} of {KILLS}", flush=True)
    assert start(folder).wait() == 0


def figures(node: Any) -> Any:
    """What a record says, without how long it took and where it was."""
    if isinstance(node, dict):
        kept = {key: value for key, value in node.items() if key not in TIMES | PLACES}
        return {key: figures(value) for key, value in kept.items()}
    return [figures(value) for value in node] if isinstance(node, list) else node


def read_records(folder: Path) -> dict[str, Any]:
    """Every file of every record that holds figures."""
    found: dict[str, Any] = {}
    for file in sorted((folder / "records").rglob("*")):
        name = str(file.relative_to(folder))
        if file.suffix == ".json":
            found[name] = figures(json.loads(file.read_text()))
        elif file.suffix == ".csv":
            with file.open(newline="") as stream:
                found[name] = [figures(row) for row in csv.DictReader(stream)]
    return found


def main(folder: Path) -> None:
    """Run both, compare."""
    for name, run in (("two_workers", by_two_workers), ("killed", killed)):
        begun = time.monotonic()
        run(folder / name)
        print(f"{name}: {(time.monotonic() - begun) / 60:.1f} minutes", flush=True)
    whole, interrupted = (read_records(folder / name) for name in ("two_workers", "killed"))
    assert len(whole) == 12 * 2, f"{len(whole)} files"
    different = [name for name in whole if whole[name] != interrupted.get(name)]
    assert whole.keys() == interrupted.keys()
    assert not different, different
    print(f"the {len(whole)} files of both are the same but for times")


if __name__ == "__main__":
    main(Path(sys.argv[1]).absolute())
