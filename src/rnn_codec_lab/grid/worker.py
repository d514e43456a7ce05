"""A worker: takes the runs of a grid that nobody else has, one after another; finishes them."""

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from rnn_codec.errors import UserError
from rnn_codec.files import write_json
from rnn_codec.overrides import override
from rnn_codec.runs.folder import RunFolder, read_identity
from rnn_codec_lab.grid.claims import claimed
from rnn_codec_lab.grid.plan import PlannedRun, find_run_folders
from rnn_codec_lab.grid.processes import CommandError, run_command
from rnn_codec_lab.grid.records import Recorded, put_record, recorded

Report = Callable[[PlannedRun, str], None]
"""Tells the user that a run has come to a stage."""

LOG = "grid.log"
"""In a run's folder: what its commands printed."""
LINES_OF_AN_ERROR = 30
ERROR = "error: "
"""How the sentence of a command begins that ends for a mistake."""
HYDRAS_ADVICE = "HYDRA_FULL_ERROR"
"""In the last line that Hydra prints of a mistake: how to see more."""


@dataclass(frozen=True)
class Grid:
    """A grid, and where its parts are.

    Attributes:
        runs: the plan.
        evaluation_options: of `rnn-codec evaluate`.
        dataset: name of the pictures that they measure on.
        folder: run folders, claims and failures; workers share it.
        records: where the records go.
        program: the words that start `rnn-codec`.
    """

    runs: Sequence[PlannedRun]
    evaluation_options: Sequence[str]
    dataset: str
    folder: Path
    records: Path
    program: Sequence[str]

    def claim(self, run: PlannedRun) -> Path:
        """The file that whoever works on a run has locked."""
        return self.folder / "claims" / f"{run.identity}.lock"

    def failure(self, run: PlannedRun) -> Path:
        """Where the error of a run is recorded."""
        return self.folder / "failures" / f"{run.identity}.json"

    def is_done(self, run: PlannedRun, records: Sequence[Recorded]) -> bool:
        """Whether a record is of this run, its coders and the pictures to measure on."""
        wanted = run.coder_identities.items()
        return any(
            record.identity == run.identity
            and wanted <= record.coder_identities.items()
            and record.dataset == self.dataset
            for record in records
        )


@dataclass(frozen=True)
class Failure:
    """Why a run has failed."""

    run: str
    stage: str
    command: list[str]
    status: int
    output: str
    """The end of what the command printed."""

    @property
    def sentence(self) -> str:
        """What went wrong: the command's own sentence, else the last that it printed."""
        lines = [line for line in self.output.splitlines() if line.strip()]
        errors = [line for line in lines if line.startswith(ERROR)]
        told = errors or [line for line in lines if HYDRAS_ADVICE not in line]
        return told[-1] if told else f"exit status {self.status}"


@dataclass(frozen=True)
class Outcome:
    """The state of a grid."""

    done: list[PlannedRun]
    failed: list[tuple[PlannedRun, Failure]]
    left: list[PlannedRun]


def work(grid: Grid, report: Report, poll_seconds: float) -> Outcome:
    """Finish the grid, together with whoever else is at it.

    Failures recorded by earlier workers are tried again, once. Returns when every run is done or
    has failed; runs that others have are waited for, and gone on with if their worker dies.
    """
    forget_failures(grid)
    while pending := outcome(grid).left:
        if not any(try_run(grid, run, report) for run in pending):
            time.sleep(poll_seconds)
    return outcome(grid)


def try_run(grid: Grid, run: PlannedRun, report: Report) -> bool:
    """Finish a run if it can be claimed; whether it could be."""
    with claimed(grid.claim(run)) as claim:
        if claim is None:
            return False
        if run in outcome(grid).left:
            finish(grid, run, claim, report)
    return True


def finish(grid: Grid, run: PlannedRun, claim: int, report: Report) -> None:
    """Do what is left of a run; record an error, so that the other runs go on."""
    stage = "start"
    try:
        folder = find_run_folders(grid.folder, [run])[run.identity]
        folder.path.mkdir(parents=True, exist_ok=True)
        for stage, command in stages(grid, run, folder):
            report(run, stage)
            run_command(command, folder.path / LOG, claim)
        stage = "record"
        put_record(evaluation_folder(folder), grid.records / folder.path.name)
        report(run, "done")
    except CommandError as error:
        end = "\n".join(error.output.strip().splitlines()[-LINES_OF_AN_ERROR:])
        failure = Failure(run.name, stage, error.command, error.status, end)
        record_failure(grid, run, failure)
        report(run, f"{stage} failed: {failure.sentence}")
    except (UserError, OSError) as error:
        failure = Failure(run.name, stage, [], 1, str(error))
        record_failure(grid, run, failure)
        report(run, f"{stage} failed: {failure.sentence}")


def stages(grid: Grid, run: PlannedRun, folder: RunFolder) -> list[tuple[str, list[str]]]:
    """What is left to do, as (name, command) pairs."""
    options = [*run.options, "entropy=none", override("output", folder.path)]
    found = _training(grid, "codec", folder, options)
    for name, identity in run.coder_identities.items():
        coder = folder.coder(name)
        if read_identity(coder) not in {None, identity}:
            raise UserError(
                f"{coder.path} holds an entropy coder that was trained with other options: "
                "delete it, or go back to them"
            )
        options = [*run.options, f"entropy={name}", override("codec", folder.path)]
        found += _training(grid, name, coder, options)
    places = [override("model", folder.path), override("output", evaluation_folder(folder))]
    found.append(("evaluation", [*grid.program, "evaluate", *places, *grid.evaluation_options]))
    return found


def _training(
    grid: Grid, name: str, folder: RunFolder, new: list[str]
) -> list[tuple[str, list[str]]]:
    """What begins a training, with the options `new`, or goes on with it; nothing if it is done."""
    if folder.config.is_file() and folder.weights.is_file():
        return []
    options = [override("resume", folder.path)] if folder.config.is_file() else new
    return [(name, [*grid.program, "train", *options, "trainer.progress_bar=false"])]


def evaluation_folder(folder: RunFolder) -> Path:
    """Where the measurements of a run go before they become its record."""
    return folder.evaluation("grid")


def outcome(grid: Grid) -> Outcome:
    """What is done, what has failed, and what is left."""
    records = recorded(grid.records)
    done = [run for run in grid.runs if grid.is_done(run, records)]
    others = [run for run in grid.runs if run not in done]
    failures = {run.identity: read_failure(grid.failure(run)) for run in others}
    failed = [(run, f) for run in others if (f := failures[run.identity]) is not None]
    return Outcome(done, failed, [run for run in others if failures[run.identity] is None])


def record_failure(grid: Grid, run: PlannedRun, failure: Failure) -> None:
    """Keep why a run has failed."""
    path = grid.failure(run)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_json(path, asdict(failure))


def read_failure(path: Path) -> Failure | None:
    """Read a failure; None if there is none."""
    try:
        return Failure(**json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return None


def forget_failures(grid: Grid) -> None:
    """Let the runs that have failed be tried again."""
    for run in grid.runs:
        grid.failure(run).unlink(missing_ok=True)
