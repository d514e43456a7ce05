"""A worker: claims the free runs of a grid one after another and finishes them."""

import shutil
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from subprocess import CalledProcessError

from rnn_codec.errors import UserError
from rnn_codec.files import atomic_path, make_folder, sync_all, sync_folder
from rnn_codec.models.protocol import FAMILIES
from rnn_codec.overrides import override
from rnn_codec.runs.folder import RunFolder, read_identity
from rnn_codec_lab.evaluation.record import ABOUT_FILE, About, read_about
from rnn_codec_lab.grid.claims import claimed
from rnn_codec_lab.grid.plan import PlannedRun, find_run_folders
from rnn_codec_lab.grid.processes import run_command

Report = Callable[[PlannedRun, str], None]
"""Tells the user that a run has reached a stage."""

KEPT = ("*.json", "*.csv", "rate_distortion.png")
"""Files of an evaluation that form a record; larger pictures stay in the run's folder."""
LOG = "grid.log"
"""File in a run's folder with the output of its commands."""


@dataclass(frozen=True)
class Grid:
    """A grid and its folders.

    Attributes:
        runs: the planned runs.
        evaluation_options: options of `rnn-codec evaluate`.
        dataset: name of the pictures to measure on.
        folder: folder of runs, claims and failures, shared by the workers.
        records: folder of the records.
        program: the words that start `rnn-codec`.
    """

    runs: Sequence[PlannedRun]
    evaluation_options: Sequence[str]
    dataset: str
    folder: Path
    records: Path
    program: Sequence[str]

    def claim(self, run: PlannedRun) -> Path:
        """Return the lock file of a run, locked by the worker that has the run."""
        return self.folder / "claims" / f"{run.identity}.lock"

    def failure(self, run: PlannedRun) -> Path:
        """Return the file that says why a run has failed; it exists only after a failure."""
        return self.folder / "failures" / f"{run.identity}.txt"

    def is_record_of(self, run: PlannedRun, record: About) -> bool:
        """Return whether a record is of a run, its coders and the pictures to measure on."""
        return (
            record.dataset == self.dataset
            and record.model is not None
            and record.model.identity == run.identity
            and run.coder_identities.items() <= record.model.coder_identities.items()
        )


@dataclass(frozen=True)
class Outcome:
    """The state of a grid; failed runs come with the stage and the error in a sentence."""

    done: list[PlannedRun]
    failed: list[tuple[PlannedRun, str]]
    left: list[PlannedRun]


def outcome(grid: Grid) -> Outcome:
    """Return which runs are done, which have failed, and which remain."""
    found, records = Outcome([], [], []), recorded(grid.records)
    for run in grid.runs:
        if any(grid.is_record_of(run, record) for record in records):
            found.done.append(run)
        elif grid.failure(run).is_file():
            found.failed.append((run, grid.failure(run).read_text(encoding="utf-8")))
        else:
            found.left.append(run)
    return found


def work(grid: Grid, report: Report, poll_seconds: float) -> Outcome:
    """Finish the grid, together with any other workers.

    Runs that failed under earlier workers are retried once. Returns when every run is done or has
    failed: it waits for the runs of other workers, and resumes them if their worker dies.
    """
    for run in grid.runs:
        grid.failure(run).unlink(missing_ok=True)
    while pending := outcome(grid).left:
        if not any(try_run(grid, run, report) for run in pending):
            time.sleep(poll_seconds)
    return outcome(grid)


def try_run(grid: Grid, run: PlannedRun, report: Report) -> bool:
    """Finish a run if it can be claimed; return whether it could."""
    with claimed(grid.claim(run)) as claim:
        if claim is None:
            return False
        if run in outcome(grid).left:
            finish(grid, run, claim, report)
    return True


def finish(grid: Grid, run: PlannedRun, claim: int, report: Report) -> None:
    """Do the remaining stages of a run; record an error, so that the other runs continue."""
    stage = "start"
    try:
        folder = find_run_folders(grid.folder, [run])[run.identity]
        make_folder(folder.path)
        for stage, command in stages(grid, run, folder):
            report(run, stage)
            run_command(command, folder.path / LOG, claim)
        stage = "record"
        put_record(folder.evaluation("grid"), grid.records / folder.path.name)
        report(run, "done")
    except (CalledProcessError, UserError, OSError) as error:
        make_folder(grid.failure(run).parent)
        with atomic_path(grid.failure(run)) as partial:
            partial.write_text(f"{stage}: {sentence(error)}", encoding="utf-8")
        report(run, f"{stage} failed: {sentence(error)}")


def sentence(error: Exception) -> str:
    """Return what went wrong: the error message of a command, else the last line it printed.

    >>> sentence(CalledProcessError(1, [], "step 1\\nerror: the disk is full\\nsynced"))
    'error: the disk is full'
    """
    if not isinstance(error, CalledProcessError):
        return str(error)
    lines = [line for line in error.output.splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith("error: ")]
    # Hydra's last line only says how to see more.
    told = errors or [line for line in lines if "HYDRA_FULL_ERROR" not in line]
    return told[-1] if told else f"exit status {error.returncode}"


def stages(grid: Grid, run: PlannedRun, folder: RunFolder) -> list[tuple[str, list[str]]]:
    """Return the remaining stages of a run, as (name, command) pairs."""
    output, codec = override("output", folder.path), override("codec", folder.path)
    without = ["entropy=none"] if run.coder_identities else []
    parts = FAMILIES[run.config.codec.family].stages(run.config, folder)
    trainings = [("codec", folder, [part.run for part in parts], [*without, output])]
    for name, identity in run.coder_identities.items():
        coder = folder.coder(name)
        if read_identity(coder) not in {None, identity}:
            raise UserError(
                f"{coder.path} holds an entropy coder that was trained with other options: "
                "delete it, or use those options again"
            )
        trainings.append((name, coder, [coder], [f"entropy={name}", codec]))
    found = []
    for name, place, all_parts, own in trainings:
        if not all(part.config.is_file() and part.weights.is_file() for part in all_parts):
            begun = place.config.is_file()
            options = [override("resume", place.path)] if begun else [*run.options, *own]
            command = [*grid.program, "train", *options, "trainer.progress_bar=false"]
            found.append((name, command))
    places = [override("model", folder.path), override("output", folder.evaluation("grid"))]
    found.append(("evaluation", [*grid.program, "evaluate", *places, *grid.evaluation_options]))
    return found


def recorded(folder: Path) -> list[About]:
    """Return the `About` of each record in a folder; the table reports invalid records."""
    found = []
    # Hidden folders are records that are being written or replaced.
    for file in sorted(folder.glob(f"[!.]*/{ABOUT_FILE}")):
        # The record is missing for a moment while another worker replaces it.
        with suppress(ValueError):
            found.append(read_about(file.parent))
    return found


def put_record(evaluation: Path, record: Path) -> None:
    """Copy an evaluation into the folder of records, atomically, replacing an older record.

    Only one process at a time may put a record of a given name.
    """
    record.parent.mkdir(parents=True, exist_ok=True)
    partial, old = (record.with_name(f".{record.name}.{state}") for state in ("partial", "old"))
    # Remove what a killed process may have left.
    for leftover in (partial, old):
        shutil.rmtree(leftover, ignore_errors=True)
    partial.mkdir()
    for pattern in KEPT:
        for file in evaluation.glob(pattern):
            shutil.copy2(file, partial / file.name)
    sync_all(partial)
    if record.exists():
        record.replace(old)
    partial.replace(record)
    sync_folder(record.parent)
    shutil.rmtree(old, ignore_errors=True)
