"""Arranges rows as tables, whatever they are then written in.

A measured experiment has tables of quality, of BD-rates, and of savings and costs, with a group of
lines for each entropy coder; classic codecs, published curves and published areas have one each.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from rnn_codec.comparison.published import FOREIGN_METRIC
from rnn_codec.comparison.records import NO_CODER
from rnn_codec.comparison.rows import MEASURED, PUBLISHED, Row
from rnn_codec.comparison.statistics import Estimate

ABSENT = "–"
DECIMALS = {"ms_ssim": 4, "psnr": 2, "psnr_hvs": 2, "psnr_hvs_luma": 2, FOREIGN_METRIC: 2}
NAMES = {
    "ms_ssim": "MS-SSIM",
    "psnr": "PSNR",
    "psnr_hvs": "PSNR-HVS",
    FOREIGN_METRIC: "PSNR-HVS of 2011",
}
ANCHOR_NAMES = {"jpeg_420": "JPEG 4:2:0", "webp": "WebP"}
CODER_TITLES = {
    NO_CODER: "no entropy coding: nominal rates",
    "single_iteration": "single_iteration: rates of files",
    "progressive": "progressive: rates of files",
}


@dataclass(frozen=True)
class Column:
    """What one column shows of a row."""

    heading: str
    cell: Callable[[Row], str]
    numeric: bool = True
    """Whether it is aligned right."""


@dataclass(frozen=True)
class Group:
    """Lines of a table that belong together."""

    title: str
    """Empty where it needs none."""
    lines: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Table:
    """Texts, arranged."""

    title: str
    headings: tuple[str, ...]
    numeric: tuple[bool, ...]
    groups: tuple[Group, ...]


@dataclass(frozen=True)
class Section:
    """Tables under one heading."""

    title: str
    origin: str
    """`MEASURED` or `PUBLISHED`."""
    tables: tuple[Table, ...]


def sections(rows: Sequence[Row], anchors: Sequence[str], at: Sequence[float]) -> list[Section]:
    """Every section: experiments, classic codecs, published curves, published areas."""
    found = []
    measured = [row for row in rows if row.origin == MEASURED]
    for place in dict.fromkeys(_place(row) for row in measured if row.coder is not None):
        own = [row for row in measured if row.coder is not None and _place(row) == place]
        found.append(_experiment(own, _paper(rows), anchors, at))
    if classic := [row for row in measured if row.coder is None]:
        found.append(Section("Classic codecs (measured)", MEASURED, _classic(classic, anchors)))
    published = [row for row in rows if row.origin == PUBLISHED]
    if tables := _published(published, anchors):
        found.append(Section("Papers (published)", PUBLISHED, tables))
    return found


def _experiment(
    rows: Sequence[Row],
    paper: Mapping[tuple[str | None, str | None], str],
    anchors: Sequence[str],
    at: Sequence[float],
) -> Section:
    """The tables of an experiment with one network."""
    names = [_name("cell", "cell"), _name("framework", "recon")]
    if any(row.variant for row in rows):
        names.append(_name("options", "variant"))
    groups = [
        (CODER_TITLES.get(str(coder), f"{coder}: rates of files"), of_coder)
        for coder in dict.fromkeys(row.coder for row in rows)
        if (of_coder := [row for row in rows if row.coder == coder])
    ]
    title = f"{rows[0].experiment}, network {rows[0].network} (measured, {_seeds(rows)})"
    tables = (
        _table("AUC and ranks", [*names, *_ranked(_of_paper(paper))], groups),
        _table("BD-rates, %", [*names, *_bd_rates(anchors)], groups),
        _table("savings and costs", [*names, *map(_saving, at), *_costs()], groups),
    )
    return Section(title, MEASURED, tables)


def _classic(rows: Sequence[Row], anchors: Sequence[str]) -> tuple[Table, ...]:
    """The tables of the classic codecs."""
    groups = [("", rows)]
    return (
        _table("AUC and ranks", [_name("codec"), *_ranked()], groups),
        _table("BD-rates, %", [_name("codec"), *_bd_rates(anchors)], groups),
    )


def _published(rows: Sequence[Row], anchors: Sequence[str]) -> tuple[Table, ...]:
    """The tables of the published curves, and one of the published areas."""
    names = [_name("model"), _name("trained on", "variant")]
    coded = Column("entropy coding", lambda row: "no" if row.coder == NO_CODER else "yes", False)
    curves, areas = ([r for r in rows if (r.curve is None) == flat] for flat in (False, True))
    of_curves = [*names, coded, _area("ms_ssim"), _area("psnr")]
    of_areas = [*names, _area("ms_ssim"), _area(FOREIGN_METRIC)]
    tables = (
        _table("AUC of curves", of_curves, [("", curves)]),
        _table(
            "BD-rates of curves against codecs measured here, %",
            [*names, *_bd_rates(anchors)],
            [("", curves)],
        ),
        _table("AUC as published, Toderici et al. 2017, table 1", of_areas, [("", areas)]),
    )
    return tuple(table for table in tables if table.groups[0].lines)


def _table(
    title: str, columns: Sequence[Column], groups: Iterable[tuple[str, Sequence[Row]]]
) -> Table:
    lines = [
        Group(name, tuple(tuple(column.cell(row) for column in columns) for row in rows))
        for name, rows in groups
    ]
    headings = tuple(column.heading for column in columns)
    return Table(title, headings, tuple(column.numeric for column in columns), tuple(lines))


def _name(heading: str, attribute: str = "name") -> Column:
    return Column(heading, lambda row: getattr(row, attribute) or ABSENT, numeric=False)


def _ranked(*after_first: Column) -> list[Column]:
    """Areas with their ranks; further columns stand after the first."""
    ms_ssim, psnr_hvs = ([_area(metric), _rank(metric)] for metric in ("ms_ssim", "psnr_hvs"))
    return [*ms_ssim, *after_first, *psnr_hvs, _area("psnr")]


def _area(metric: str) -> Column:
    digits = DECIMALS[metric]
    return Column(NAMES[metric], lambda row: with_spread(row.areas.get(metric), digits))


def _rank(metric: str) -> Column:
    return Column("rank", lambda row: str(row.ranks.get(metric, ABSENT)))


def _bd_rates(anchors: Sequence[str]) -> list[Column]:
    return [_bd_rate(anchor, metric) for anchor in anchors for metric in ("ms_ssim", "psnr")]


def _bd_rate(anchor: str, metric: str) -> Column:
    name = ANCHOR_NAMES.get(anchor, anchor)
    return Column(
        f"{name}, {NAMES[metric]}",
        lambda row: with_spread(row.bd_rates.get((anchor, metric)), 1, "+"),
    )


def _saving(bpp: float) -> Column:
    def cell(row: Row) -> str:
        found = row.savings.get(bpp)
        return ABSENT if found is None else with_spread(_scaled(found, 100), 1)

    return Column(f"saved at {bpp:g} bpp, %", cell)


def _costs() -> list[Column]:
    return [
        Column("parameters", lambda row: magnitude(row.parameters)),
        Column("MAC per pixel", lambda row: magnitude(row.macs_per_pixel)),
        Column("training, min", _minutes),
    ]


def _minutes(row: Row) -> str:
    found = row.training_seconds
    return ABSENT if found is None else with_spread(_scaled(found, 1 / 60), 1)


def _of_paper(paper: Mapping[tuple[str | None, str | None], str]) -> Column:
    """The paper's areas, beside rows that count bits as it does."""

    def cell(row: Row) -> str:
        return paper.get((row.cell, row.recon), ABSENT) if row.coder == NO_CODER else ABSENT

    return Column("paper's", cell)


def _paper(rows: Sequence[Row]) -> dict[tuple[str | None, str | None], str]:
    """The published MS-SSIM areas of each cell and framework, as many as there are."""
    found: dict[tuple[str | None, str | None], list[str]] = {}
    for row in rows:
        if row.origin == PUBLISHED and row.curve is None and row.cell is not None:
            area = f"{row.areas['ms_ssim'].mean:.{DECIMALS['ms_ssim']}f}"
            found.setdefault((row.cell, row.recon), []).append(area)
    return {key: " / ".join(areas) for key, areas in found.items()}


def _place(row: Row) -> tuple[str, str | None]:
    return row.experiment, row.network


def _seeds(rows: Sequence[Row]) -> str:
    """How many seeds the rows have.

    >>> _seeds([Row("measured", "a", "b", seeds=(0, 1)), Row("measured", "a", "c", seeds=(0,))])
    '1 to 2 seeds'
    """
    fewest, most = (limit(len(row.seeds) for row in rows) for limit in (min, max))
    if fewest < most:
        return f"{fewest} to {most} seeds"
    return f"{most} seeds" if most > 1 else "1 seed"


def _scaled(found: Estimate, factor: float) -> Estimate:
    std = found.std * factor if found.std is not None else None
    return Estimate(found.mean * factor, std, found.count)


def with_spread(found: Estimate | None, digits: int, sign: str = "-") -> str:
    """A figure with its standard deviation, if it has one.

    >>> with_spread(Estimate(1.75, 0.0012, 3), 4), with_spread(Estimate(-2.5, None, 1), 1, "+")
    ('1.7500 ± 0.0012', '−2.5')
    """
    if found is None:
        return ABSENT
    spread = f" ± {found.std:.{digits}f}" if found.std is not None else ""
    return f"{found.mean:{sign}.{digits}f}{spread}".replace("-", "−")


def magnitude(number: float | None) -> str:
    """A number to three digits, with k, M or G.

    >>> magnitude(1_234_567), magnitude(11_340.0), magnitude(None)
    ('1.23 M', '11.3 k', '–')
    """
    if number is None:
        return ABSENT
    for unit, size in (("G", 1e9), ("M", 1e6), ("k", 1e3)):
        if number >= size:
            return f"{number / size:.3g} {unit}"
    return f"{number:.3g}"
