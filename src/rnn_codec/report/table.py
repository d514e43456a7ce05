"""The table of the page, from the rows of the aggregator."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rnn_codec.comparison import Estimate, Row

FIRST = "MS-SSIM"
"""The column that the table is sorted by at first."""


@dataclass(frozen=True)
class Cell:
    """One value.

    Attributes:
        value: what the table is sorted by; None where there is nothing.
        text: what it shows.
        title: more, for who points at it.
    """

    value: str | float | None
    text: str = ""
    title: str = ""


@dataclass(frozen=True)
class Column:
    """One column.

    Attributes:
        label: its heading.
        title: what it means.
        cell: its value in a row.
        numeric: whether it holds numbers.
        ascending: whether the least number is the best.
        badge: whether its values are marks.
        head: whether its values name the rows.
    """

    label: str
    title: str
    cell: Callable[[Row], Cell]
    numeric: bool = False
    ascending: bool = False
    badge: bool = False
    head: bool = False


EMPTY = Cell(None)


def columns_of(rows: Sequence[Row]) -> list[Column]:
    """The columns that have a value in one of the rows."""
    anchors = dict.fromkeys(key for row in rows for key in row.bd_rates)
    rates = dict.fromkeys(rate for row in rows for rate in row.savings)
    columns = [
        Column("Name", "Codec or run", lambda row: text(row.name), head=True),
        Column("Options", "What tells trainings apart", lambda row: text(row.variant)),
        Column("Coder", "Entropy coder of the files", lambda row: text(row.coder)),
        Column("Origin", "Measured by this code, or not", lambda row: text(row.origin), badge=True),
        area_column(FIRST, "ms_ssim", 4),
        area_column("PSNR", "psnr", 2),
        area_column("PSNR-HVS", "psnr_hvs", 2),
        area_column("PSNR-HVS luma", "psnr_hvs_luma", 2),
        area_column("PSNR-HVS 2011", "psnr_hvs_2011", 2),
        rank_column("ms_ssim"),
        *(bd_column(anchor, metric) for anchor, metric in anchors),
        *(saving_column(rate) for rate in rates),
        Column(
            "Parameters", "Weights of encoder and decoder", lambda row: count(row.parameters),
            numeric=True, ascending=True,
        ),
        Column(
            "kMAC/pixel", "Thousand multiplications for each pixel and iteration, both networks",
            lambda row: scaled(row.macs_per_pixel, 1e-3, 1), numeric=True, ascending=True,
        ),
        Column(
            "Training, h", "Hours of training, entropy coder included",
            lambda row: estimate(row.training_seconds, 1 / 3600, 2), numeric=True, ascending=True,
        ),
        Column("Cell", "Recurrent cell", lambda row: text(row.cell)),
        Column("Framework", "Reconstruction framework", lambda row: text(row.recon)),
        Column("Network", "Depth of the layers", lambda row: text(row.network)),
        Column("Seeds", "Trainings averaged", lambda row: count(len(row.seeds)), numeric=True),
        Column("Images", "Images averaged", lambda row: count(row.images), numeric=True),
        Column("Experiment", "Folder of the records", lambda row: text(row.experiment)),
        Column("Source", "Where published figures are from", lambda row: text(row.source)),
    ]  # fmt: skip
    return [column for column in columns if any(column.cell(row) != EMPTY for row in rows)]


def area_column(label: str, metric: str, digits: int) -> Column:
    """Area under a curve."""
    title = f"Area under the {label} curve from 0.125 to 2 bpp"
    if metric == "psnr_hvs_2011":
        title += "; the paper's metric, whose figures cannot be compared with PSNR-HVS"
    return Column(
        label, title, lambda row: estimate(row.areas.get(metric), 1, digits), numeric=True
    )


def rank_column(metric: str) -> Column:
    """Rank among the rows of one group."""
    title = f"1, and 1 more for each model of the group with a significantly larger {FIRST} area"
    return Column(
        "Rank", title, lambda row: count(row.ranks.get(metric)), numeric=True, ascending=True
    )


def bd_column(anchor: str, metric: str) -> Column:
    """Mean difference of rates."""
    names = {"ms_ssim": "MS-SSIM", "psnr": "PSNR"}
    label = f"BD {anchor}, {names.get(metric, metric)}"
    title = f"Mean difference of the rates from those of {anchor} at equal {metric}, per cent"
    return Column(
        label, title, lambda row: estimate(row.bd_rates.get((anchor, metric)), 1, 1),
        numeric=True, ascending=True,
    )  # fmt: skip


def saving_column(rate: float) -> Column:
    """What entropy coding saves."""
    title = f"Share of the bits that the files save at {rate:g} bpp before entropy coding, per cent"
    return Column(
        f"Saved at {rate:g}, %", title, lambda row: estimate(row.savings.get(rate), 100, 1),
        numeric=True,
    )  # fmt: skip


def text(value: str | None) -> Cell:
    """A name.

    >>> text("gru"), text("") == EMPTY
    (Cell(value='gru', text='gru', title=''), True)
    """
    return Cell(value, value) if value else EMPTY


def count(value: int | None) -> Cell:
    """A whole number.

    >>> count(12345).text
    '12,345'
    """
    return Cell(value, f"{value:,}") if value else EMPTY


def scaled(value: float | None, factor: float, digits: int) -> Cell:
    """A number in another unit.

    >>> scaled(1500.0, 1e-3, 1).text
    '1.5'
    """
    return EMPTY if value is None else Cell(value, f"{value * factor:,.{digits}f}")


def estimate(value: Estimate | None, factor: float, digits: int) -> Cell:
    """A mean, with the standard deviation over seeds where there is one."""
    if value is None:
        return EMPTY
    shown = f"{value.mean * factor:.{digits}f}"
    if value.std is None:
        return Cell(value.mean, shown)
    spread = f"{value.std * factor:.{digits}f}"
    return Cell(value.mean, f"{shown} ± {spread}", f"mean and deviation of {value.count} seeds")
