"""A grid of stand-ins, and a worker on it.

The stand-in for `rnn-codec` trains and evaluates with the same options and files, but without
networks, in milliseconds. Each step of a training appends a line to the file `steps`, so that a
test can see which steps were done twice.
"""

import json
import sys
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

from omegaconf import OmegaConf

from rnn_codec_lab.evaluation.record import About, ModelFacts
from rnn_codec_lab.grid.plan import PlannedRun
from rnn_codec_lab.grid.worker import Grid, Outcome, work

PROGRAM = """
import json, os, sys, time
from pathlib import Path

def train(options):
    run = Path(options.get("resume") or options.get("codec") or options["output"])
    if "codec" in options:
        run = run / "entropy" / options["entropy"]
    run.mkdir(parents=True, exist_ok=True)
    (run / "config.yaml").touch()
    Path("process").write_text(str(os.getpid()))
    if options.get("cell") == "slow":
        time.sleep(600)
    if options.get("cell") == "broken" and "codec" not in options:
        sys.exit("error: there is no cell broken")
    state = run / "checkpoints" / "last.ckpt"
    state.parent.mkdir(exist_ok=True)
    done = int(state.read_text()) if state.exists() else 0
    for step in range(done, 5):
        time.sleep(0.02)
        with Path("steps").open("a") as file:
            file.write(f"{run.name} {step}\\n")
        # A kill between the two does a step again, as in a real training.
        partial = state.with_suffix(".partial")
        partial.write_text(str(step + 1))
        partial.replace(state)
    (run / "weights.safetensors").write_text(run.name)

def evaluate(options):
    output, run = Path(options["output"]), Path(options["model"])
    output.mkdir(parents=True, exist_ok=True)
    (output / "points.csv").write_text((run / "weights.safetensors").read_text())
    (output / "reconstructions.png").write_text("large")
    summary = json.loads(Path("summaries", run.name + ".json").read_text())
    (output / "about.json").write_text(json.dumps(summary))

{"train": train, "evaluate": evaluate}[sys.argv[1]](
    dict(word.split("=", 1) for word in sys.argv[2:])
)
"""

CODERS = {"single_iteration": "s" * 16, "progressive": "p" * 16}


def planned(cell: str) -> PlannedRun:
    """The planned run of a cell; the cell `broken` cannot be trained."""
    identity = cell.rjust(16, "0")
    config = OmegaConf.create({"codec": {"family": "binary"}, "entropy": {"model": None}})
    return PlannedRun(cell, (f"cell={cell}",), identity, CODERS, config)


def write_summary(path: Path, identity: str, coders: Mapping[str, str]) -> None:
    """Write a minimal about.json of a run with entropy coders (name: identity)."""
    facts = ModelFacts(1, 1.0, identity, None, {}, dict(coders))
    path.write_text(json.dumps(asdict(About("run", "photos", model=facts))))


def make_grid(folder: Path, cells: list[str]) -> Grid:
    """A grid of stand-ins; all its files are in `folder`, the working directory."""
    runs = [planned(cell) for cell in cells]
    if not (folder / "summaries").exists():
        (folder / "stand_in.py").write_text(PROGRAM)
        (folder / "summaries").mkdir()
    for run in runs:
        write_summary(folder / "summaries" / f"{run.folder_name}.json", run.identity, CODERS)
    return Grid(
        runs=runs,
        evaluation_options=["data=photos"],
        dataset="photos",
        folder=folder / "runs",
        records=folder / "records",
        program=[sys.executable, str(folder / "stand_in.py")],
    )


def work_on(grid: Grid) -> Outcome:
    """Work on a grid as `rnn-codec grid` does, but poll more often."""
    return work(grid, lambda run, stage: print(run.name, stage), poll_seconds=0.02)
