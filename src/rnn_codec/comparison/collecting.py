"""Finds every record below a folder, and compares them with each other.

What is found, and in what order, depends on what the folder holds alone. A record that contradicts
itself is left out; so are both of two that contradict each other, since nothing says which of them
is right.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations, product
from pathlib import Path

from rnn_codec.comparison.variants import row_keys
from rnn_codec.errors import UserError
from rnn_codec.evaluation.adaptive import MEAN_ADAPTIVE_FILE
from rnn_codec.evaluation.checks import contradictions, same, wrong_adaptive, wrong_sizes
from rnn_codec.evaluation.file_sizes import MEAN_SIZES_FILE, SIZES_FILE
from rnn_codec.evaluation.reading import (
    NO_CODER,
    Record,
    RecordError,
    read_adaptive,
    read_json,
    read_record,
    read_sizes,
)
from rnn_codec.evaluation.record import EXPORT_FILE, FIGURE_FILE, PER_IMAGE_FILE, SUMMARY_FILE

TRACES = (PER_IMAGE_FILE, EXPORT_FILE, FIGURE_FILE, SIZES_FILE, MEAN_SIZES_FILE)
"""Files of a record: a folder that has one, but no summary, holds half a record."""

ROUNDING = 1e-5
"""Relative: what two machines may make of one model and one image."""

Progress = Callable[[Sequence[Path]], Iterable[Path]]
"""Shows how far an iteration has come."""


@dataclass(frozen=True)
class Problem:
    """Something wrong with a record, in a sentence."""

    path: str
    """Of the record's folder, or of a file, below the results."""
    reason: str
    left_out: bool
    """Whether nothing of the record is in the table, or the rest of it is."""


@dataclass(frozen=True)
class Collection:
    """All that is below a folder of results, of one data set."""

    dataset: str
    records: tuple[Record, ...]
    """In order of their paths."""
    problems: tuple[Problem, ...]
    missing: tuple[str, ...]
    """What a grid lacks, a sentence each."""


def collect(
    results: Path, dataset: str, passed_over: Sequence[str] = (), progress: Progress = iter
) -> Collection:
    """Read and check every record below `results`.

    Args:
        results: searched at any depth.
        dataset: records of other data sets are left out, and listed.
        passed_over: data sets whose records are for something else: they are not even listed.
        progress: wraps the iteration over the records' folders.

    Raises:
        UserError: there is no such folder.
    """
    if not results.is_dir():
        raise UserError(f"there is no folder {results}: name the folder of records with records=")
    folders = sorted({file.parent for file in results.rglob(SUMMARY_FILE)})
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
        found = list(compare(records))
        out = {problem.path for problem in found if problem.left_out}
        records = [record for record in records if record.path not in out]
        problems += found
    ordered = sorted(problems, key=lambda problem: (problem.path, problem.reason))
    return Collection(dataset, tuple(records), tuple(ordered), tuple(gaps(records)))


def read_checked(
    folder: Path, results: Path, dataset: str, passed_over: Sequence[str]
) -> tuple[Record | None, list[Problem]]:
    """Read one record; None if it cannot be used, and what is wrong with it."""
    path = folder.relative_to(results).as_posix()
    try:
        record = read_record(folder, path)
        reasons = contradictions(record)
    except RecordError as error:
        return None, [Problem(path, str(error), left_out=True)]
    if reasons:
        return None, [Problem(path, reason, left_out=True) for reason in reasons]
    if record.summary.dataset in set(passed_over) - {dataset}:
        return None, []
    if record.summary.dataset != dataset:
        other = f"it is of the data set {record.summary.dataset}, the table of {dataset}"
        return None, [Problem(path, other, left_out=True)]
    if record.config is None:
        return record, []
    record, reasons = with_sizes(record)
    record, of_adaptive = with_adaptive(record)
    reasons += of_adaptive
    model = record.summary.model
    if model is None:
        reasons.append("it says nothing of parameters, operations and training time")
    elif model.training is None:
        reasons.append("it says nothing of training time")
    return record, [Problem(path, reason, left_out=False) for reason in reasons]


def with_sizes(record: Record) -> tuple[Record, list[str]]:
    """Add the file sizes of a recurrent codec, unless something is wrong with them."""
    try:
        sizes = read_sizes(record)
        means = read_json(record.folder / MEAN_SIZES_FILE)
        reasons = list(wrong_sizes(record, sizes, means))
    except RecordError as error:
        reasons = [str(error)]
    if reasons:
        return record, [
            f"{reason}; its rows with entropy coders are left out" for reason in reasons
        ]
    return replace(record, sizes=sizes), []


def with_adaptive(record: Record) -> tuple[Record, list[str]]:
    """Add the adaptive files of a recurrent codec, unless something is wrong with them."""
    try:
        files = read_adaptive(record)
        means = read_json(record.folder / MEAN_ADAPTIVE_FILE) if files else {}
        reasons = list(wrong_adaptive(record, files, means)) if files else []
    except RecordError as error:
        files, reasons = {}, [str(error)]
    if reasons:
        return record, [f"{reason}; its adaptive files are left out" for reason in reasons]
    return replace(record, adaptive=files), []


def incomplete(results: Path) -> Iterator[tuple[Path, str]]:
    """What holds no whole record, and why: half a record, a file not finished, a run alone."""
    for folder in {file.parent for name in TRACES for file in results.rglob(name)}:
        if not (folder / SUMMARY_FILE).is_file():
            yield folder, f"it is half a record: {SUMMARY_FILE} is missing"
    for file in results.rglob(".*.partial*"):
        yield file, "it was left by a program that was interrupted"
    for run in {config.parent for config in results.rglob("config.yaml")}:
        if run.parent.name != "entropy" and not any(run.rglob(SUMMARY_FILE)):
            yield run, "it is a run without a record: measure it with rnn-codec evaluate"


def other_images(records: Sequence[Record]) -> Iterator[Problem]:
    """Records of other images than most; of as many, the first in order are right."""
    sets = Counter(record.images for record in records)
    if len(sets) <= 1:
        return
    common = min(sets, key=lambda images: (-sets[images], images))
    for record in records:
        if record.images != common:
            differing = sorted(set(record.images) ^ set(common))
            reason = f"it is of other images than most records: {', '.join(differing)}"
            yield Problem(record.path, reason, left_out=True)


def contradicting_pairs(records: Sequence[Record]) -> Iterator[Problem]:
    """Records that say they are of one training, or of one row and seed, with other figures.

    In one row neither can be used. In two experiments a training may have been repeated, on another
    machine or against the clock: both stay. Weights of one training that are stored in two
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
    """Records that repeat another of the same row, seed and figures: the first in order counts."""
    keys = row_keys(records)
    first: dict[tuple[object, ...], Record] = {}
    for record in records:
        key = (*keys[record.path], record.seed)
        if key in first:
            yield Problem(record.path, f"it repeats {first[key].path}", left_out=True)
        first.setdefault(key, record)


def gaps(records: Sequence[Record]) -> Iterator[str]:
    """What an experiment of several recurrent codecs lacks to be a full grid.

    The grid is every cell with every framework, seed and entropy coder that occurs in it.
    """
    grids: dict[tuple[str, str], list[Record]] = defaultdict(list)
    for record in records:
        if record.config is not None:
            grids[record.experiment, str(record.name_of("network"))].append(record)
    for (experiment, network), found in sorted(grids.items()):
        have = {(str(r.name_of("cell")), str(r.name_of("recon")), str(r.seed)) for r in found}
        axes = [sorted(set(values)) for values in zip(*have, strict=True)]
        for cell, recon, seed in product(*axes):
            if (cell, recon, seed) not in have:
                yield f"{experiment}, {network}: no record of {cell}, {recon}, seed {seed}"
        coders = {coder for record in found for coder in record.sizes} - {NO_CODER}
        for record in found:
            if lacking := sorted(coders - set(record.sizes)):
                yield f"{experiment}, {network}: {record.path} lacks {', '.join(lacking)}"


def _of_one_training(one: Record, other: Record) -> bool:
    models = one.summary.model, other.summary.model
    identities = {model.identity if model is not None else None for model in models}
    precisions = {_precision(record) for record in (one, other)}
    return len(identities) == 1 and identities != {None} and len(precisions) == 1


def _precision(record: Record) -> object:
    """In which the weights are stored, where the record says it."""
    export = (record.config or {}).get("export")
    return export.get("dtype") if isinstance(export, Mapping) else None


def _same_figures(one: Record, other: Record) -> bool:
    if one.points != other.points or set(one.sizes) != set(other.sizes):
        return False
    if set(one.adaptive) != set(other.adaptive):
        return False
    coders: list[str | None] = [None, *sorted(one.sizes), *sorted(one.adaptive)]
    metrics = one.scores.keys() & other.scores.keys()
    arrays = [(one.scores[metric], other.scores[metric]) for metric in metrics]
    arrays += [(one.rates(coder), other.rates(coder)) for coder in coders]
    return all(same(mine, theirs, ROUNDING) for mine, theirs in arrays)
