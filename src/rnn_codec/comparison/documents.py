"""The documents of a comparison: ablation.md, ablation.csv and ablation.tex."""

from collections.abc import Sequence
from pathlib import Path

from rnn_codec.comparison import csv_file, latex, markdown
from rnn_codec.comparison.collecting import Collection
from rnn_codec.comparison.columns import RowColumn
from rnn_codec.comparison.notes import notes, problem_lines
from rnn_codec.comparison.rows import Comparison, Row
from rnn_codec.comparison.sections import sections
from rnn_codec.files import atomic_path


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
        "csv": csv_file.document(rows, columns),
        "tex": latex.document(found, protocol),
    }
    folder.mkdir(parents=True, exist_ok=True)
    for suffix, content in contents.items():
        with atomic_path(folder / f"ablation.{suffix}") as partial:
            partial.write_text(content, encoding="utf-8")
