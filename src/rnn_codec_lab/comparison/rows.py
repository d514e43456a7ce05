"""The rows of the comparison, one for each model and entropy coder.

A row has figures averaged over seeds, and ranks.
"""

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

import numpy as np

from rnn_codec.errors import InvalidOptionError
from rnn_codec.metrics.curve import Curve, areas_under, column_means
from rnn_codec.metrics.scores import SCORES
from rnn_codec_lab.comparison.collecting import Collection
from rnn_codec_lab.comparison.published import Published
from rnn_codec_lab.comparison.statistics import (
    Estimate,
    Interval,
    estimate,
    image_weights,
    resampled_areas,
    standings,
)
from rnn_codec_lab.comparison.variants import FAMILY, NETWORK, RowKey, row_keys
from rnn_codec_lab.evaluation.record import NO_CODER, Record, bd_rates, saved_at

MEASURED, PUBLISHED = "measured", "published"
SORTED_BY = "ms_ssim"
"""The metric whose area rows are sorted by; its columns come first."""
ENTROPY_CODED = "published"
"""The entropy coder of a published curve whose rates are after entropy coding."""

Group = tuple[str, str | None, str | None]
"""Experiment, network and entropy coder: rows that share them are ranked together."""
Key = TypeVar("Key")
Progress = Callable[[Sequence[Group]], Iterable[Group]]


@dataclass(frozen=True)
class Comparison:
    """How rows are compared."""

    resamples: int = 2000
    """Number of resamples of the bootstrap."""
    confidence: float = 0.95
    """Confidence of the bootstrap's intervals, 0 … 1."""
    seed: int = 0
    """Seed of the bootstrap."""
    min_overlap: float = 0.5
    """Smallest share of the narrower range of qualities that two curves must have in common for a
    BD-rate, 0 … 1."""
    anchors: tuple[str, ...] = ("jpeg_420", "webp")
    """Classic codecs that BD-rates are computed against."""
    saving_at: tuple[float, ...] = (0.25, 2.0)
    """Nominal rates, in bits per pixel, at which savings are given."""

    def __post_init__(self) -> None:
        if self.resamples < 1:
            raise InvalidOptionError(f"resamples must be at least 1, not {self.resamples}")
        if not 0 < self.confidence < 1:
            raise InvalidOptionError(f"confidence must be between 0 and 1, not {self.confidence:g}")
        if not 0 <= self.min_overlap <= 1:
            raise InvalidOptionError(f"min_overlap must be in 0 … 1, not {self.min_overlap:g}")


@dataclass(frozen=True)
class Row:
    """A model with one kind of files, a classic codec, or a model of a paper."""

    origin: str
    """`MEASURED` or `PUBLISHED`."""
    experiment: str
    """The first folder below the results; for published rows the stem of their file."""
    name: str
    labels: Mapping[str, str] = field(default_factory=dict)
    """Labels of the codec: family, cell, …"""
    coder: str | None = None
    """The entropy coder, or the tune, of the files (`Record.coder`)."""
    trained: bool = False
    """Whether it was trained and measured here."""
    variant: str = ""
    """Options that tell the row from others with the same labels; for papers, the training data."""
    seeds: tuple[int, ...] = ()
    images: int | None = None
    curve: Curve | None = None
    """Mean curve over images and seeds, at the rates of the row's entropy coder."""
    areas: Mapping[str, Estimate] = field(default_factory=dict)
    """Areas by metric, each under the mean curve of a seed."""
    ranks: Mapping[str, int] = field(default_factory=dict)
    """Ranks by metric among the rows of the group (`Standing`); empty if the row is alone."""
    behind_best: Mapping[str, Interval] = field(default_factory=dict)
    """By metric, the row's area minus the largest of the group."""
    of_paper: tuple[float, ...] = ()
    """The paper's areas under `SORTED_BY` for the same labels; for rows without a coder only."""
    bd_rates: Mapping[tuple[str, str], Estimate] = field(default_factory=dict)
    """BD-rates in per cent by (anchor, metric), where the curves overlap."""
    savings: Mapping[float, Estimate] = field(default_factory=dict)
    """Saved shares of the bits, 0 … 1, by nominal rate; for rows with an entropy coder only."""
    parameters: int | None = None
    macs_per_pixel: float | None = None
    training_seconds: Estimate | None = None
    """Training time of the codec and the row's entropy coder."""
    source: str = ""
    """Source of published figures."""
    records: tuple[str, ...] = ()
    """Paths of the records, one for each seed."""

    @property
    def group(self) -> Group:
        """The properties that rows which are ranked together share."""
        return self.experiment, self.labels.get(NETWORK), self.coder


def table_rows(
    collection: Collection,
    published: Iterable[Published],
    comparison: Comparison,
    progress: Progress = iter,
) -> list[Row]:
    """Return every row: measured ones by group and falling MS-SSIM area, then published ones.

    Args:
        collection: the records.
        published: published models; those of other data sets are left out.
        comparison: how rows are compared.
        progress: wraps the iteration over the groups that are ranked.
    """
    classic = {r.about.name: r.mean() for r in reversed(collection.records) if r.config is None}
    anchors = {name: classic[name] for name in comparison.anchors if name in classic}
    members = group_records(collection.records)
    unranked = {
        (key, curve): measured_row(key, curve, records, anchors, comparison)
        for (key, curve), records in members.items()
    }
    groups: dict[Group, list[tuple[RowKey, str]]] = defaultdict(list)
    for key, row in unranked.items():
        groups[row.group].append(key)
    rows = []
    coders = list(dict.fromkeys(row.coder for row in unranked.values()))
    for group in progress(sorted(groups, key=lambda group: _order(group, coders))):
        own = {key: unranked[key] for key in sorted(groups[group], key=str)}
        ranked = with_ranks(own, members, comparison)
        rows += sorted(ranked, key=lambda row: -sorting_area(row))
    of_dataset = [entry for entry in published if entry.dataset == collection.dataset]
    of_papers = [published_row(entry, anchors, comparison) for entry in of_dataset]
    return [beside_paper(row, of_papers) for row in rows] + of_papers


def sorting_area(row: Row) -> float:
    """Return the area that rows are sorted by; minus infinity if the row has none."""
    area = row.areas.get(SORTED_BY)
    return -math.inf if area is None else area.mean


def beside_paper(row: Row, of_papers: Sequence[Row]) -> Row:
    """Add the published areas for its labels to a measured row without entropy coding."""
    if row.coder != NO_CODER:
        return row
    same = [p for p in of_papers if p.labels and p.labels.items() <= row.labels.items()]
    areas = [paper.areas.get(SORTED_BY) for paper in same if paper.curve is None]
    return replace(row, of_paper=tuple(area.mean for area in areas if area is not None))


def group_records(records: Sequence[Record]) -> dict[tuple[RowKey, str], list[Record]]:
    """Return the records of each row, by ascending seed; a row is one curve of a model."""
    keys, members = row_keys(records), defaultdict(list)
    for record in sorted(records, key=lambda record: (record.seed or 0, record.path)):
        for curve in record.compared:
            members[keys[record.path], curve].append(record)
    return dict(members)


def measured_row(
    key: RowKey,
    curve: str,
    records: Sequence[Record],
    anchors: Mapping[str, Curve],
    comparison: Comparison,
) -> Row:
    """Return the row of records that differ only in their seed, without ranks."""
    curves = [record.mean(curve) for record in records]
    anchors = {name: anchor for name, anchor in anchors.items() if name != key.name}
    models = [record.about.model for record in records]
    known = next(filter(None, models), None)
    labels = dict(key.labels)
    names = [value for name, value in labels.items() if name not in {FAMILY, NETWORK}]
    return Row(
        origin=MEASURED,
        experiment=key.experiment,
        name=key.name or " ".join(names) or labels.get(FAMILY, ""),
        labels=labels,
        coder=records[0].coder(curve),
        trained=records[0].config is not None,
        variant=key.variant,
        seeds=tuple(record.seed for record in records if record.seed is not None),
        images=len(records[0].images),
        curve=_mean_of_curves(curves),
        areas=_estimates([areas_under(curve) for curve in curves]),
        bd_rates=_estimates([_bd_rates(curve, anchors, comparison) for curve in curves]),
        savings=_estimates([saved_at(record, curve, comparison.saving_at) for record in records]),
        parameters=known.parameters if known else None,
        macs_per_pixel=known.macs_per_pixel if known else None,
        training_seconds=_training_seconds(records, curve),
        records=tuple(record.path for record in records),
    )


def published_row(entry: Published, anchors: Mapping[str, Curve], comparison: Comparison) -> Row:
    """Return the row of a model of a paper, with BD-rates against measured codecs."""
    found = _bd_rates(entry.curve, anchors, comparison) if entry.curve is not None else {}
    return Row(
        origin=PUBLISHED,
        experiment=entry.file,
        name=entry.name,
        labels=entry.labels,
        coder=ENTROPY_CODED if entry.entropy_coding else NO_CODER,
        variant=entry.training_data,
        curve=entry.curve,
        areas={metric: estimate([area]) for metric, area in entry.areas.items()},
        bd_rates=_estimates([found]),
        source=entry.source,
    )


def with_ranks(
    rows: Mapping[tuple[RowKey, str], Row],
    members: Mapping[tuple[RowKey, str], Sequence[Record]],
    comparison: Comparison,
) -> list[Row]:
    """Rank the rows of one group by every metric; a single row gets no rank."""
    if len(rows) == 1:
        return list(rows.values())
    ranks: dict[object, dict[str, int]] = defaultdict(dict)
    behind: dict[object, dict[str, Interval]] = defaultdict(dict)
    images = next(len(members[key][0].images) for key in rows)
    rng = np.random.default_rng(comparison.seed)
    weights = image_weights(images, comparison.resamples, rng)
    for metric in SCORES:
        if not all(metric in row.areas for row in rows.values()):
            continue
        resampled = {}
        for key in rows:
            curves = [record.curves[key[1]] for record in members[key]]
            runs = [(curve.bpp, curve.scores[metric]) for curve in curves]
            resampled[key] = resampled_areas(runs, weights, rng)
        means = {key: row.areas[metric].mean for key, row in rows.items()}
        for key, standing in standings(means, resampled, comparison.confidence).items():
            ranks[key][metric], behind[key][metric] = standing.rank, standing.behind_best
    return [replace(row, ranks=ranks[key], behind_best=behind[key]) for key, row in rows.items()]


def _bd_rates(
    curve: Curve, anchors: Mapping[str, Curve], comparison: Comparison
) -> dict[tuple[str, str], float]:
    """Return BD-rates by (anchor, metric), where the curves overlap enough."""
    return {
        (name, metric): rate
        for name, anchor in anchors.items()
        for metric, rate in bd_rates(curve, anchor, comparison.min_overlap).items()
    }


def _estimates(of_seeds: Sequence[Mapping[Key, float]]) -> dict[Key, Estimate]:
    """Return estimates of the figures that every seed has."""
    common = [key for key in of_seeds[0] if all(key in found for found in of_seeds)]
    return {key: estimate([found[key] for found in of_seeds]) for key in common}


def _training_seconds(records: Sequence[Record], curve: str) -> Estimate | None:
    """Return the training time of all parts of a codec; None unless every seed has it."""
    known = [s for record in records if (s := _seconds_of_all_parts(record, curve)) is not None]
    return estimate(known) if len(known) == len(records) else None


def _seconds_of_all_parts(record: Record, curve: str) -> float | None:
    """Return the training time of a codec and of what is trained after it; None if not known."""
    model = record.about.model
    if model is None or model.training is None or (record.config or {}).get("start_from"):
        # No record has what the weights cost that a training started from.
        return None
    after = model.restoration_training_seconds
    # A codec with a nominal rate has entropy coders of its own, but none for adaptive files.
    if record.named(kind="nominal"):
        trained = curve in record.entropy_coders
        after = model.coder_training_seconds.get(curve) if trained else 0.0
    return None if after is None else model.training.seconds + after


def _mean_of_curves(curves: Sequence[Curve]) -> Curve:
    metrics = [m for m in curves[0].scores if all(m in curve.scores for curve in curves)]
    return Curve(
        column_means([curve.point for curve in curves]),
        column_means([curve.bpp for curve in curves]),
        {metric: column_means([curve.scores[metric] for curve in curves]) for metric in metrics},
    )


def _order(group: Group, coders: Sequence[str | None]) -> tuple[object, ...]:
    """Return a sort key: experiment, network, then entropy coders in the order of measuring."""
    experiment, network, coder = group
    return experiment, network or "", coder != NO_CODER, coders.index(coder)
