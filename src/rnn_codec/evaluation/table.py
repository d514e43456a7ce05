"""A rate–distortion curve as a table for the terminal."""

from collections.abc import Iterable, Mapping, Sequence

from rich import box
from rich.markup import escape
from rich.table import Table

from rnn_codec.evaluation.curve import Curve, areas_under, quality_at
from rnn_codec.metrics.scores import in_documents

ABSENT = "–"


def curve_table(
    curve: Curve,
    title: str,
    point_heading: str = "iteration",
    beside: Sequence[tuple[str, Curve]] = (),
) -> Table:
    """Return a table of the curve, a row per point and a last one of areas (0.125 to 2 bpp).

    `beside` are other codecs' (label, curve) pairs: their scores at equal rate stand in columns to
    the right, interpolated, "–" beyond their measured rates.
    """
    own = [score.title for score in in_documents().values()]
    others = [f"{label}\n{heading}" for label, _ in beside for heading in own]
    table = empty_table(title, [point_heading, "bpp", *own, *others])
    curves = [curve, *(other for _, other in beside)]
    for index, (point, bpp) in enumerate(zip(curve.point, curve.bpp, strict=True)):
        at_point = {metric: scores[index] for metric, scores in curve.scores.items()}
        at_rate = [_at_rate(other, bpp) for other in curves[1:]]
        table.add_row(f"{point:g}", f"{bpp:.3f}", *_cells(at_point, *at_rate))
    table.add_section()
    table.add_row("AUC", "", *_cells(*map(areas_under, curves)))
    return table


def empty_table(title: str, headings: Iterable[str]) -> Table:
    """A table for the terminal, its columns aligned right, without rows yet."""
    # As narrow as this a curve with one codec beside fits 80 characters.
    table = Table(title=escape(title), box=box.SIMPLE_HEAD, collapse_padding=True, pad_edge=False)
    table.title_justify = "left"
    for heading in headings:
        table.add_column(escape(heading), justify="right")
    return table


def _at_rate(curve: Curve, bpp: float) -> dict[str, float | None]:
    return {metric: quality_at(curve.bpp, scores, bpp) for metric, scores in curve.scores.items()}


def _cells(*of_codecs: Mapping[str, float | None]) -> list[str]:
    """Figures of each codec, by metric."""
    return [
        ABSENT if (value := found.get(metric)) is None else f"{value:.{score.digits}f}"
        for found in of_codecs
        for metric, score in in_documents().items()
    ]
