"""Rows as CSV: one line a row, every number as it was computed."""

import csv
import io
from collections.abc import Sequence

from rnn_codec.comparison.columns import RowColumn
from rnn_codec.comparison.rows import Row


def document(rows: Sequence[Row], columns: Sequence[RowColumn]) -> str:
    """The whole file; a cell without a figure is empty."""
    lines = [
        {name: cell for column in columns for name, cell in column.cells(row).items()}
        for row in rows
    ]
    file = io.StringIO(newline="")
    if lines:
        writer = csv.DictWriter(file, list(lines[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(lines)
    return file.getvalue()
