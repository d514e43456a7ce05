"""A rate–distortion curve as a table for the terminal."""

from collections.abc import Sequence

from rich import box
from rich.table import Table

from rnn_codec.evaluation.curve import Curve, areas_under, quality_at

COLUMNS = (("psnr", "PSNR", 2), ("ms_ssim", "MS-SSIM", 4), ("psnr_hvs", "PSNR-HVS", 2))
"""Metric, heading, decimals."""
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
    # As narrow as this a table with one codec beside fits 80 characters.
    table = Table(
        title=title,
        title_justify="left",
        box=box.SIMPLE_HEAD,
        collapse_padding=True,
        pad_edge=False,
    )
    own = [heading for _, heading, _ in COLUMNS]
    others = [f"{label}\n{heading}" for label, _ in beside for heading in own]
    for heading in (point_heading, "bpp", *own, *others):
        table.add_column(heading, justify="right")
    for index, (point, bpp) in enumerate(zip(curve.point, curve.bpp, strict=True)):
        cells = [cell for _, other in beside for cell in _at_rate(other, bpp)]
        table.add_row(f"{point:g}", f"{bpp:.3f}", *_at_point(curve, index), *cells)
    table.add_section()
    other_areas = [cell for _, other in beside for cell in _areas(other)]
    table.add_row("AUC", "", *_areas(curve), *other_areas)
    return table


def _at_point(curve: Curve, index: int) -> list[str]:
    return [_number(getattr(curve, metric)[index], digits) for metric, _, digits in COLUMNS]


def _at_rate(curve: Curve, bpp: float) -> list[str]:
    return [
        _number(quality_at(curve.bpp, getattr(curve, metric), bpp), digits)
        for metric, _, digits in COLUMNS
    ]


def _areas(curve: Curve) -> list[str]:
    areas = areas_under(curve)
    return [_number(areas[metric], digits) for metric, _, digits in COLUMNS]


def _number(value: float | None, digits: int) -> str:
    return ABSENT if value is None else f"{value:.{digits}f}"
