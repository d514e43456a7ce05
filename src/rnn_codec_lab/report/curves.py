"""The rate–distortion curves of the page, from the rows of the comparison."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rnn_codec.metrics.scores import DECIBELS, SCORES
from rnn_codec_lab.comparison.rows import SORTED_BY, Row, sorting_area
from rnn_codec_lab.comparison.variants import FAMILY, NETWORK
from rnn_codec_lab.evaluation.measurement import ADAPTIVE
from rnn_codec_lab.evaluation.record import NO_CODER

NOMINAL = "nominal"
"""The rate of bits before entropy coding."""
BEST = "best"
"""The rate of files with the best measured entropy coder; without one, of the bits."""
ONLY = "only"
"""The only rate of a published codec, or of one without a choice of entropy coder."""
IN_DECIBELS = "_db"
"""Suffix of the name of a metric in dB."""


@dataclass(frozen=True)
class Line:
    """A curve of quality over one kind of rate."""

    points: list[float]
    """Levels or qualities; empty if unknown."""
    bpp: list[float]
    """Bits per pixel at each point."""
    scores: dict[str, list[float]]
    """Scores by metric; metrics that are not in dB also as `<metric>_db`."""


@dataclass(frozen=True)
class ReportCurve:
    """The curves of one codec."""

    name: str
    """Unique on the page."""
    kind: str
    """One of network, classic and published."""
    source: str
    lines: dict[str, Line]
    """Lines by kind of rate: `ONLY`, or `NOMINAL`, `BEST` and entropy coders."""
    shown: bool
    """Whether the page shows it at first: classic codecs, and the best model of each family."""


def curves_of(rows: Iterable[Row]) -> list[ReportCurve]:
    """Return the curves of rows that have one; rows that differ only in the coder share a curve."""
    codecs: dict[tuple[object, ...], list[Row]] = defaultdict(list)
    for row in rows:
        if row.curve is not None:
            name = None if row.trained else row.name
            codecs[row.origin, row.experiment, row.variant, *row.labels.items(), name].append(row)
    first = [own[0] for own in codecs.values()]
    best = {id(row) for row in _best_of_families(codecs.values())}
    return [
        ReportCurve(
            name=_name(own[0], first),
            kind=_kind(own[0]),
            source=_source(own[0]),
            lines=_lines(own),
            shown=_kind(own[0]) == "classic" or id(own[0]) in best,
        )
        for own in codecs.values()
    ]


def _best_of_families(codecs: Iterable[Sequence[Row]]) -> list[Row]:
    """Return the first row of the model with the largest area of each family."""
    best: dict[str | None, tuple[float, Row]] = {}
    for own in codecs:
        if _kind(own[0]) == "network":
            family, area = own[0].labels.get(FAMILY), max(map(sorting_area, own))
            if family not in best or area > best[family][0]:
                best[family] = area, own[0]
    return [row for _, row in best.values()]


def _name(row: Row, rows: Sequence[Row]) -> str:
    """Return a row's name, extended by as many parts as it takes to be unique among the rows.

    Names of models begin with their family if there are several.
    """
    for known in range(len(_parts(row))):
        own = _parts(row)[: known + 1]
        if sum(_parts(other)[: known + 1] == own for other in rows) == 1:
            break
    name = ", ".join(part for part in own if part)
    families = {other.labels.get(FAMILY) for other in rows if _kind(other) == "network"}
    several = _kind(row) == "network" and len(families) > 1
    return f"{row.labels.get(FAMILY)}: {name}" if several else name


def _parts(row: Row) -> tuple[str, ...]:
    return row.name, row.variant, row.labels.get(NETWORK, ""), row.experiment


def _kind(row: Row) -> str:
    if row.origin == "published":
        return "published"
    return "network" if row.trained else "classic"


def _source(row: Row) -> str:
    if row.origin == "published":
        return row.source
    seeds = f", mean of {len(row.seeds)} seeds" if len(row.seeds) > 1 else ""
    return f"measured here on {row.images} images{seeds}: {', '.join(row.records)}"


def _lines(rows: Sequence[Row]) -> dict[str, Line]:
    if _kind(rows[0]) != "network" or rows[0].coder is None:
        return {ONLY: _line(rows[0])}
    of_coder = {row.coder: _line(row) for row in rows}
    # Adaptive files are a choice of their own, not candidates for the best coder.
    alike = [line for name, line in of_coder.items() if not str(name).startswith(ADAPTIVE)]
    best = min(alike, key=lambda line: sum(line.bpp) / len(line.bpp))
    named = {NOMINAL if name == NO_CODER else str(name): of_coder[name] for name in of_coder}
    return named | {BEST: best}


def _line(row: Row) -> Line:
    assert row.curve is not None
    curve = row.curve
    scores = {metric: list(values) for metric, values in curve.scores.items()}
    in_decibels = {
        metric + IN_DECIBELS: SCORES[metric].decibels(values).tolist()
        for metric, values in scores.items()
        if SCORES[metric].unit != DECIBELS
    }
    return Line(list(curve.point), list(curve.bpp), scores | in_decibels)


def metric_choices() -> list[dict[str, object]]:
    """Return the qualities that the page can draw; those not in dB also converted to dB."""
    found = []
    for name in sorted(SCORES, key=lambda metric: metric != SORTED_BY):
        score = SCORES[name]
        if score.unit != DECIBELS:
            label = f"{score.title}, {DECIBELS}"
            found.append((name + IN_DECIBELS, label, score.title, DECIBELS, 2))
        found.append((name, score.title, score.title, score.unit, score.digits))
    return [
        {
            "value": value,
            "label": label,
            "axis": f"{title} ({unit})" if unit else title,
            "unit": unit,
            "digits": digits,
        }
        for value, label, title, unit, digits in found
    ]


def rate_choices(curves: Iterable[ReportCurve]) -> list[dict[str, str]]:
    """Return the rates over which the page can draw the curves of learned codecs."""
    labels = {BEST: "files, best entropy coder", NOMINAL: "bits before entropy coding"}
    drawn = dict.fromkeys(rate for curve in curves for rate in curve.lines)
    others = [rate for rate in drawn if rate not in {*labels, ONLY}]
    labels |= {r: f"files, {r}{'' if r.startswith(ADAPTIVE) else ' coder'}" for r in others}
    return [{"value": rate, "label": label} for rate, label in labels.items() if rate in drawn]
