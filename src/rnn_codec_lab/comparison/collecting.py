"""Finds every record below a folder and checks the records against each other.

The result and its order depend only on the contents of the folder. An incomplete record is left
out. If two records contradict each other, both are left out, since either could be wrong.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, product
from pathlib import Path

import numpy as np

from rnn_codec.errors import UserError
from rnn_codec_lab.comparison.variants import FAMILY, NETWORK, built_in_coder, row_keys
from rnn_codec_lab.evaluation.record import (
    ABOUT_FILE,
    FIGURE_FILE,
    NO_CODER,
    POINTS_FILE,
    Record,
    RecordError,
    read_record,
)

ROUNDING = 1e-5
"""Relative tolerance for the same model and image on two machines."""

Progress = Callable[[Sequence[Path]], Iterable[Path]]
"""Wraps an iteration to show its progress."""


@dataclass(frozen=True)
class Problem:
    """A problem of a record, in a sentence."""

    path: str
    """Path of the record's folder, or of a file, relative to the results."""
    reason: str
    left_out: bool
    """Whether the record is left out of the table; if not, the rest of it is used."""


@dataclass(frozen=True)
class Collection:
    """All records of one data set below a folder of results, and their problems."""

    dataset: str
    records: tuple[Record, ...]
    """The records, sorted by path."""
    problems: tuple[Problem, ...]
    missing: tuple[str, ...]
    """What grids lack, each in a sentence."""

    @property
    def wrong(self) -> list[tuple[str, str]]:
        """Everything that is wrong, missing or left out, as (where, what) pairs."""
        used = {True: "left out", False: "still used"}
        lines = [(p.path, f"{p.reason} ({used[p.left_out]})") for p in self.problems]
        return lines + [("missing", sentence) for sentence in self.missing]


def collect(
    results: Path, dataset: str, passed_over: Sequence[str] = (), progress: Progress = iter
) -> Collection:
    """Read and check every record below `results`.

    Args:
        results: folder to search, at any depth.
        dataset: data set of the records; those of others are left out, and listed.
        passed_over: data sets whose records serve another purpose: they are not even listed.
        progress: wraps the iteration over the records' folders.

    Raises:
        UserError: the folder does not exist.
    """
    if not results.is_dir():
        raise UserError(f"there is no folder {results}: name the folder of records with records=")
    folders = sorted({file.parent for file in results.rglob(ABOUT_FILE)})
    problems = [
        Problem(place.relative_to(results).as_posix(), reason, left_out=True)
        for place, reason in incomplete(results)
    ]
    records: list[Record] = []
    for folder in progress(folders):
        record, found = read_checked(folder, results, dataset, passed_over)
        problems += found
        records += [record] if record is not None else []
    for compare in (other_images, contradicting_pairs, repetitions):
        found = [*compare(records)]
        out = {problem.path for problem in found if problem.left_out}
        records = [record for record in records if record.path not in out]
        problems += found
    ordered = sorted(problems, key=lambda problem: (problem.path, problem.reason))
    return Collection(dataset, tuple(records), tuple(ordered), tuple(gaps(records)))


def read_checked(
    folder: Path, results: Path, dataset: str, passed_over: Sequence[str]
) -> tuple[Record | None, list[Problem]]:
    """Read one record; return it, or None if it cannot be used, and its problems."""
    path = folder.relative_to(results).as_posix()
    try:
        record = read_record(folder, path)
    except RecordError as error:
        return None, [Problem(path, str(error), left_out=True)]
    if record.about.dataset in set(passed_over) - {dataset}:
        return None, []
    if record.about.dataset != dataset:
        other = f"it is of the data set {record.about.dataset}, but the table is of {dataset}"
        return None, [Problem(path, other, left_out=True)]
    model, missing = record.about.model, ""
    if record.config is not None and model is None:
        missing = "parameters, operations and training time"
    elif model is not None and model.training is None:
        missing = "training time"
    reasons = [f"it lacks {missing}"] if missing else []
    return record, [Problem(path, reason, left_out=False) for reason in reasons]


def incomplete(results: Path) -> Iterator[tuple[Path, str]]:
    """Yield partial records, partial files and unmeasured runs, each with a reason."""
    for folder in {
        file.parent for name in (POINTS_FILE, FIGURE_FILE) for file in results.rglob(name)
    }:
        if not (folder / ABOUT_FILE).is_file():
            yield folder, f"it is half a record: {ABOUT_FILE} is missing"
    for file in results.rglob(".*.partial*"):
        yield file, "it was left behind by an interrupted program"
    for run in {config.parent for config in results.rglob("config.yaml")}:
        if run.parent.name != "entropy" and not any(run.rglob(ABOUT_FILE)):
            yield run, "it is a run without a record: measure it with rnn-codec evaluate"


def other_images(records: Sequence[Record]) -> Iterator[Problem]:
    """Yield records of other images than most records have; ties go to the first set in order."""
    sets = Counter(record.images for record in records)
    if len(sets) <= 1:
        return
    common = min(sets, key=lambda images: (-sets[images], images))
    for record in records:
        if record.images != common:
            differing = sorted(set(record.images) ^ set(common))
            reason = f"it was measured on other images than most records: {', '.join(differing)}"
            yield Problem(record.path, reason, left_out=True)


def contradicting_pairs(records: Sequence[Record]) -> Iterator[Problem]:
    """Yield records of one training, or of one row and seed, whose figures differ.

    Within one row neither can be used. Across experiments a training may have been repeated, on
    another machine or under a time limit: both stay. Weights of one training stored in two
    precisions are two models.
    """
    keys = row_keys(records)
    for one, other in combinations(records, 2):
        of_one_place = keys[one.path] == keys[other.path] and one.seed == other.seed
        if not (of_one_place or _of_one_training(one, other)) or _same_figures(one, other):
            continue
        what = "training" if _of_one_training(one, other) else "model and seed"
        for record, beside in ((one, other), (other, one)):
            reason = f"it has other figures than {beside.path}, of the same {what}"
            yield Problem(record.path, reason, left_out=of_one_place)


def repetitions(records: Sequence[Record]) -> Iterator[Problem]:
    """Yield records that repeat the row, seed and figures of another: the first in order counts."""
    keys = row_keys(records)
    first: dict[tuple[object, ...], Record] = {}
    for record in records:
        key = (*keys[record.path], record.seed)
        if key in first:
            yield Problem(record.path, f"it repeats {first[key].path}", left_out=True)
        first.setdefault(key, record)


def gaps(records: Sequence[Record]) -> Iterator[str]:
    """Yield what the trained codecs of an experiment lack to form a full grid.

    A full grid has every combination of labels, such as cell and framework, with every seed and
    entropy coder that occurs in the experiment.
    """
    grids: dict[tuple[str, str, tuple[str, ...]], list[Record]] = defaultdict(list)
    for record in records:
        if record.config is not None:
            labels = record.about.labels
            grids[record.experiment, labels.get(NETWORK, ""), tuple(labels)].append(record)
    for (experiment, network, _), found in sorted(grids.items()):
        title = ", ".join(filter(None, (experiment, network)))
        have = {
            (
                *(v for k, v in record.about.labels.items() if k not in {FAMILY, NETWORK}),
                built_in_coder(record),
                f"seed {record.seed}",
            )
            for record in found
        }
        for point in product(*(sorted(set(values)) for values in zip(*have, strict=True))):
            if point not in have:
                yield f"{title}: no record of {', '.join(filter(None, point))}"
        # Where the coder is part of the codec, another coder is another codec.
        added = [record for record in found if not built_in_coder(record)]
        coders = {coder for record in added for coder in record.entropy_coders} - {NO_CODER}
        for record in added:
            if lacking := sorted(coders - set(record.entropy_coders)):
                yield f"{title}: {record.path} lacks {', '.join(lacking)}"


def _of_one_training(one: Record, other: Record) -> bool:
    models = one.about.model, other.about.model
    identities = {model.identity if model is not None else None for model in models}
    # Types of the stored weights, where the records state them.
    exports = [(record.config or {}).get("export") for record in (one, other)]
    first, second = (e.get("dtype") if isinstance(e, Mapping) else None for e in exports)
    return len(identities) == 1 and identities != {None} and first == second


def _same_figures(one: Record, other: Record) -> bool:
    if one.compared != other.compared:
        return False
    for name in one.compared:
        mine, theirs = one.curves[name], other.curves[name]
        if mine.points != theirs.points:
            return False
        arrays = [(mine.scores[m], theirs.scores[m]) for m in mine.scores.keys() & theirs.scores]
        if not all(np.allclose(a, b, ROUNDING, 0) for a, b in [*arrays, (mine.bpp, theirs.bpp)]):
            return False
    return True
