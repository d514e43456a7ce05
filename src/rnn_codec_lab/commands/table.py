"""Compare all records of a folder, as Markdown, CSV and LaTeX."""

import sys
from functools import partial
from pathlib import Path

from omegaconf import DictConfig
from rich.console import Console
from rich.markup import escape

from rnn_codec.commands.configured import configured
from rnn_codec.configuration import plain
from rnn_codec.errors import UserError
from rnn_codec.files import make_folder
from rnn_codec.progress import progress
from rnn_codec_lab.comparison.collecting import Collection, collect
from rnn_codec_lab.comparison.columns import columns
from rnn_codec_lab.comparison.documents import (
    Section,
    sections,
    shown_in_terminal,
    write_documents,
)
from rnn_codec_lab.comparison.published import load_published
from rnn_codec_lab.comparison.rows import Comparison, table_rows
from rnn_codec_lab.evaluation.record import write_compressai

WIDTH = 100
"""Width of the tables, in characters, where the output is not a terminal."""


def write_table(config: DictConfig) -> None:
    """Read the records, write the table as Markdown, CSV and LaTeX, and print it."""
    comparison = read_comparison(config)
    reading, ranking = (partial(progress, description=text) for text in ("reading", "comparing"))
    collection = collect(Path(config.records), config.dataset, config.passed_over, reading)
    published = load_published(Path(config.published)) if config.published is not None else []
    rows = table_rows(collection, published, comparison, ranking)
    shown = columns(rows, comparison.anchors, comparison.saving_at)
    write_documents(Path(config.output), collection, rows, shown, comparison)
    if config.compressai is not None:
        export_curves(Path(config.compressai), collection)
    show(collection, sections(rows, shown))
    print(f"Written to {Path(config.output) / 'ablation'}.md, .csv and .tex")
    faults = len(collection.wrong)
    if config.strict and faults:
        raise UserError(f"{faults} records are missing, incomplete or left out: see the list above")


def read_comparison(config: DictConfig) -> Comparison:
    """Return the configured comparison."""
    options = plain(config.comparison)
    lists = {name: tuple(options[name]) for name in ("anchors", "saving_at")}
    return Comparison(**{**options, **lists})


def export_curves(folder: Path, collection: Collection) -> None:
    """Write the mean curves of every record in CompressAI's format."""
    make_folder(folder)
    for record in collection.records:
        for curve in record.compared:
            name = f"{record.path}/{curve}".replace("/", "-").replace(", ", "_")
            write_compressai(folder / f"{name}.json", record.about, record.mean(curve))


def show(collection: Collection, found: list[Section]) -> None:
    """Print the tables, then the problems."""
    console = Console(width=None if sys.stdout.isatty() else WIDTH)
    for section in found:
        console.print(*shown_in_terminal(section), sep="\n")
    for where, what in collection.wrong:
        console.print(f"[yellow]{escape(where)}[/]: {escape(what)}", highlight=False)


main = configured(write_table, "table")
