"""Arranges rows for documents: a section for each experiment, for classic codecs and for papers.

A section has tables of quality, of BD-rates, and of savings and costs, as far as there are figures,
with a group of lines for each entropy coder, and a column for each label that its title does not
have.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from rnn_codec_lab.comparison.columns import (
    BD_RATES,
    CODER,
    COSTS,
    NAME,
    OPTIONS,
    QUALITY,
    RowColumn,
    label_columns,
)
from rnn_codec_lab.comparison.rows import MEASURED, Row
from rnn_codec_lab.comparison.tables import Table, arrange, filled
from rnn_codec_lab.comparison.variants import FAMILY, NETWORK
from rnn_codec_lab.evaluation.measurement import ADAPTIVE
from rnn_codec_lab.evaluation.record import NO_CODER


@dataclass(frozen=True)
class Section:
    """Tables under one heading."""

    title: str
    tables: tuple[Table, ...]


def sections(rows: Sequence[Row], columns: Sequence[RowColumn]) -> list[Section]:
    """Every section, without those that have no rows."""
    measured = [row for row in rows if row.origin == MEASURED]
    published = [row for row in rows if row.origin != MEASURED]
    found = list(_experiments([row for row in measured if row.trained], columns))
    of_papers = [NAME, replace(OPTIONS, title="trained on"), CODER]
    for title, names, own in (
        ("Classic codecs (measured)", [NAME], [row for row in measured if not row.trained]),
        ("Papers: curves (published)", of_papers, [r for r in published if r.curve is not None]),
        ("Papers: areas (published)", of_papers, [r for r in published if r.curve is None]),
    ):
        if own:
            found.append(Section(title, tuple(_tables(names, columns, [("", own)]))))
    return found


def _experiments(rows: Sequence[Row], columns: Sequence[RowColumn]) -> Iterator[Section]:
    """An experiment with one network each."""
    places = [(row.experiment, row.labels.get(NETWORK)) for row in rows]
    for place in dict.fromkeys(places):
        own = [row for row, other in zip(rows, places, strict=True) if other == place]
        groups = [
            (_group_title(coder), [row for row in own if row.coder == coder])
            for coder in dict.fromkeys(row.coder for row in own)
        ]
        network = "" if place[1] is None else f", network {place[1]}"
        title = f"{place[0]}{network} (measured, {_seeds(own)})"
        labels = [c for c in label_columns(own) if c.name not in {FAMILY, NETWORK}]
        yield Section(title, tuple(_tables([*(labels or [NAME]), OPTIONS], columns, groups)))


def _tables(
    names: Sequence[RowColumn],
    columns: Sequence[RowColumn],
    groups: Sequence[tuple[str, Sequence[Row]]],
) -> Iterator[Table]:
    """The tables that have a figure."""
    rows = [row for _, own in groups for row in own]
    for title in (QUALITY, BD_RATES, COSTS):
        own = [column for column in columns if column.table == title]
        if filled(own, rows):
            yield arrange(title, [*names, *own], groups)


def _group_title(coder: str | None) -> str:
    if coder is None:
        return ""
    if coder.startswith(ADAPTIVE):
        return f"files, {coder}"
    return "no entropy coding: nominal rates" if coder == NO_CODER else f"{coder}: rates of files"


def _seeds(rows: Sequence[Row]) -> str:
    """How many seeds the rows have.

    >>> _seeds([Row("measured", "a", "b", seeds=(0, 1)), Row("measured", "a", "c", seeds=(0,))])
    '1 to 2 seeds'
    """
    fewest, most = (limit(len(row.seeds) for row in rows) for limit in (min, max))
    if fewest < most:
        return f"{fewest} to {most} seeds"
    return f"{most} seeds" if most > 1 else "1 seed"
