"""The table of the page: the columns of the comparison, with hints for sorting and tooltips."""

from collections.abc import Sequence

from rnn_codec_lab.comparison.collecting import Collection
from rnn_codec_lab.comparison.columns import NAME, ORIGIN, RowColumn
from rnn_codec_lab.comparison.rows import SORTED_BY, Row
from rnn_codec_lab.comparison.statistics import Estimate
from rnn_codec_lab.comparison.tables import filled

NOTE = (
    "Areas are under the curves from 0.125 to 2 bpp, at the rates of the row's entropy coder "
    "(none: the bits themselves). Point at a heading for its meaning, click it to sort."
)


def table_content(
    rows: Sequence[Row], columns: Sequence[RowColumn], collection: Collection
) -> dict[str, object]:
    """Return the content of the table: columns with a title and a value, cells, and problems."""
    shown = filled([column for column in columns if column.title], rows)
    names = [column.name for column in shown]
    first = f"{SORTED_BY}_auc"
    return {
        "columns": [_heading(column) for column in shown],
        "rows": [[_cell(column, row) for column in shown] for row in rows],
        "sorted_by": names.index(first) if first in names else 0,
        "descending": first in names,
        "note": NOTE,
        "problems": [f"{p.path}: {p.reason}" for p in collection.problems] + [*collection.missing],
    }


def _heading(column: RowColumn) -> dict[str, object]:
    return {
        "label": column.title[0].upper() + column.title[1:],
        "title": column.meaning,
        "numeric": column.numeric,
        "ascending": column.falling,
        "badge": column is ORIGIN,
        "head": column is NAME,
    }


def _cell(column: RowColumn, row: Row) -> dict[str, object]:
    """Return a cell: its text, the value it is sorted by, and its tooltip."""
    value = column.value(row)
    title = ""
    if isinstance(value, Estimate) and value.std is not None:
        title = f"mean and deviation of {value.count} seeds"
    return {"value": column.cells(row)[column.name], "text": column.text(row), "title": title}
