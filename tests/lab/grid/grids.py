"""A grid of stand-ins, and a worker on it."""

import json
import sys
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

from omegaconf import OmegaConf

from rnn_codec_lab.evaluation.record import About, ModelFacts
from rnn_codec_lab.grid.plan import PlannedRun
from rnn_codec_lab.grid.worker import Grid, Outcome, work
from tests.lab.grid.stand_in import write_program

CODERS = {"single_iteration": "s" * 16, "progressive": "p" * 16}


def planned(cell: str) -> PlannedRun:
    """A run; `broken` is a cell that does not train."""
    identity = cell.rjust(16, "0")
    return PlannedRun(cell, (f"cell={cell}",), identity, CODERS, OmegaConf.create())


def write_summary(path: Path, identity: str, coders: Mapping[str, str]) -> None:
    """What the record of a run with entropy coders (name: identity) says of itself, in short."""
    facts = ModelFacts(1, 1.0, identity, None, {}, dict(coders))
    path.write_text(json.dumps(asdict(About("run", "photos", model=facts))))


def make_grid(folder: Path, cells: list[str]) -> Grid:
    """A grid whose stand-ins and files are in a folder, the working directory."""
    runs = [planned(cell) for cell in cells]
    if not (folder / "summaries").exists():
        write_program(folder)
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
    """Work as `rnn-codec grid` does, impatiently."""
    return work(grid, lambda run, stage: print(run.name, stage), poll_seconds=0.02)
