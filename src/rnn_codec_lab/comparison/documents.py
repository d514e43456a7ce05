"""The documents of a comparison: ablation.md, ablation.csv and ablation.tex."""

import csv
import io
from collections.abc import Sequence
from pathlib import Path

from rnn_codec.files import atomic_path
from rnn_codec_lab.comparison import latex, markdown
from rnn_codec_lab.comparison.collecting import Collection
from rnn_codec_lab.comparison.columns import RowColumn
from rnn_codec_lab.comparison.notes import notes, problem_lines
from rnn_codec_lab.comparison.rows import Comparison, Row
from rnn_codec_lab.comparison.sections import sections


def write_documents(
    folder: Path,
    collection: Collection,
    rows: Sequence[Row],
    columns: Sequence[RowColumn],
    comparison: Comparison,
) -> None:
    """Write the three files to a folder, which is made if need be."""
    found, protocol = sections(rows, columns), notes(collection, comparison)
    title = f"Ablation on {collection.dataset}"
    introduction = (
        f"Of {len(collection.records)} records, put together by `make ablation-table`. "
        "Every number is in `ablation.csv`, with all its digits."
    )
    problems = problem_lines(collection)
    contents = {
        "md": markdown.document(title, introduction, found, protocol, problems),
        "csv": csv_text(rows, columns),
        "tex": latex.document(found, protocol),
    }
    folder.mkdir(parents=True, exist_ok=True)
    for suffix, content in contents.items():
        with atomic_path(folder / f"ablation.{suffix}") as partial:
            partial.write_text(content, encoding="utf-8")


def csv_text(rows: Sequence[Row], columns: Sequence[RowColumn]) -> str:
    """One line a row, every number as it was computed; a cell without a figure is empty."""
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
