"""The documents of a comparison, ablation.md, .csv and .tex, and its tables for a terminal.

There is a section for each experiment, for classic codecs and for papers. A section has tables of
quality, of BD-rates, and of savings and costs, if there are figures for them. Each table has a
group of lines for each entropy coder, and a column for each label that the title does not have.
"""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from rich.console import RenderableType
from rich.text import Text

from rnn_codec.files import atomic_path, make_folder
from rnn_codec.metrics.curve import HIGHEST_BPP, LOWEST_BPP
from rnn_codec_lab.comparison.collecting import Collection
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
from rnn_codec_lab.comparison.rows import MEASURED, Comparison, Row
from rnn_codec_lab.comparison.tables import (
    Table,
    arrange,
    escape_markdown,
    filled,
    latex,
    markdown,
    terminal,
)
from rnn_codec_lab.comparison.variants import FAMILY, NETWORK
from rnn_codec_lab.evaluation.measurement import ADAPTIVE
from rnn_codec_lab.evaluation.record import NO_CODER

PREAMBLE = r"""% Written by rnn-codec table. Include it with \input in a document that has
% \usepackage{booktabs} and \usepackage{graphicx}."""


@dataclass(frozen=True)
class Section:
    """Tables under one heading."""

    title: str
    tables: list[Table]


def write_documents(
    folder: Path,
    collection: Collection,
    rows: Sequence[Row],
    columns: Sequence[RowColumn],
    comparison: Comparison,
) -> None:
    """Write the three files to a folder, which is created if necessary."""
    found, protocol = sections(rows, columns), notes(collection, comparison)
    contents = {
        "md": markdown_document(collection, found, protocol),
        "csv": csv_text(rows, columns),
        "tex": latex_document(found, protocol),
    }
    make_folder(folder)
    for suffix, content in contents.items():
        with atomic_path(folder / f"ablation.{suffix}") as partial:
            partial.write_text(content, encoding="utf-8")


def markdown_document(
    collection: Collection, sections: Sequence[Section], notes: Sequence[str]
) -> str:
    """Return the Markdown of every table, the notes and the problems."""
    parts = [
        f"# {escape_markdown(f'Ablation on {collection.dataset}')}",
        f"Compiled from {len(collection.records)} records by `make ablation-table`. "
        "`ablation.csv` has every number in full precision.",
    ]
    for section in sections:
        parts.append(f"## {escape_markdown(section.title)}")
        for table in section.tables:
            title = table.title[0].upper() + table.title[1:]
            parts += [f"{escape_markdown(title)}:", markdown(table)]
    parts += ["## How to read it", "\n".join(f"- {escape_markdown(note)}" for note in notes)]
    problems = [f"- `{where}`: {escape_markdown(what)}" for where, what in collection.wrong]
    parts += ["## Records missing, incomplete or left out", "\n".join(problems) or "None."]
    return "\n\n".join(parts) + "\n"


def latex_document(sections: Sequence[Section], notes: Sequence[str]) -> str:
    """Return the LaTeX of every table, with the notes as comments."""
    tables = [
        latex(table, f"{section.title}: {table.title}")
        for section in sections
        for table in section.tables
    ]
    comments = "\n".join(f"% {note}" for note in notes)
    return "\n\n".join([PREAMBLE, *tables, comments]) + "\n"


def csv_text(rows: Sequence[Row], columns: Sequence[RowColumn]) -> str:
    """Return CSV with one line a row and numbers in full precision; missing figures are empty."""
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


def shown_in_terminal(section: Section) -> Iterator[RenderableType]:
    """Yield a title and a table for each group of each table."""
    for table in section.tables:
        for group in table.groups:
            titles = filter(None, (section.title, table.title, group))
            yield Text(": ".join(titles), style="bold")
            yield terminal(table, group)


def sections(rows: Sequence[Row], columns: Sequence[RowColumn]) -> list[Section]:
    """Return every section that has rows."""
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
            found.append(Section(title, _tables(names, columns, {"": own})))
    return found


def _experiments(rows: Sequence[Row], columns: Sequence[RowColumn]) -> Iterator[Section]:
    """Yield a section for each pair of experiment and network."""
    places = [(row.experiment, row.labels.get(NETWORK)) for row in rows]
    for place in dict.fromkeys(places):
        own = [row for row, other in zip(rows, places, strict=True) if other == place]
        groups = {
            _group_title(coder): [row for row in own if row.coder == coder]
            for coder in dict.fromkeys(row.coder for row in own)
        }
        network = "" if place[1] is None else f", network {place[1]}"
        title = f"{place[0]}{network} (measured, {_seeds(own)})"
        labels = [c for c in label_columns(own) if c.name not in {FAMILY, NETWORK}]
        yield Section(title, _tables([*(labels or [NAME]), OPTIONS], columns, groups))


def _tables(
    names: Sequence[RowColumn],
    columns: Sequence[RowColumn],
    groups: Mapping[str, Sequence[Row]],
) -> list[Table]:
    """Return the tables that have at least one figure."""
    rows = [row for own in groups.values() for row in own]
    of_tables = {t: [c for c in columns if c.table == t] for t in (QUALITY, BD_RATES, COSTS)}
    return [
        arrange(title, [*names, *own], groups)
        for title, own in of_tables.items()
        if filled(own, rows)
    ]


def _group_title(coder: str | None) -> str:
    if coder is None:
        return ""
    if coder.startswith(ADAPTIVE):
        return f"files, {coder}"
    return "no entropy coding: nominal rates" if coder == NO_CODER else f"{coder}: rates of files"


def _seeds(rows: Sequence[Row]) -> str:
    """Return in words how many seeds the rows have.

    >>> _seeds([Row("measured", "a", "b", seeds=(0, 1)), Row("measured", "a", "c", seeds=(0,))])
    '1 to 2 seeds'
    """
    fewest, most = (limit(len(row.seeds) for row in rows) for limit in (min, max))
    if fewest < most:
        return f"{fewest} to {most} seeds"
    return f"{most} seeds" if most > 1 else "1 seed"


def notes(collection: Collection, comparison: Comparison) -> list[str]:
    """Return the protocol of the comparison, a note for each point."""
    share, overlap = (
        f"{100 * part:g} %" for part in (comparison.confidence, comparison.min_overlap)
    )
    return [
        "Quality is the area under the mean quality–rate curve over the images of "
        f"{collection.dataset}, from {LOWEST_BPP:g} to {HIGHEST_BPP:g} bits per pixel by the "
        f"trapezoid rule, so the largest possible MS-SSIM area is {HIGHEST_BPP - LOWEST_BPP:g}. "
        "The rate of a point is the mean over the images, its quality the mean of their scores.",
        "Both ends are treated in the same way for every codec, measured or published. Above the "
        "highest measured rate the curve continues with its last quality, so rates that a codec "
        "cannot use bring it nothing. Below the lowest measured rate it continues with its first "
        "quality, which credits a codec that cannot go that low (JPEG starts at 0.17) with its "
        "worst picture. Parts of a curve outside the limits do not count.",
        "Rates of classic codecs and of rows with an entropy coder are those of whole files, "
        "header and check values included. Rates of rows without entropy coding count the bits "
        "themselves, as in the paper.",
        "± is the standard deviation over the seeds (n − 1); a figure without it is of one seed.",
        "Rank = 1 + the number of significantly better models among the rows of one experiment, "
        "network and entropy coder, but never better than the rank of a model with a larger area. "
        "Models share a rank if noise may have decided their order. A model is significantly "
        f"better if the {share} interval of a paired bootstrap of the difference in area lies "
        f"above zero. Each of the {comparison.resamples} resamples draws the images, the same for "
        "all models, and each model's seeds, and computes curve and area again. With one seed the "
        "interval does not contain the noise of training; with two or three the noise is "
        "underestimated. Intervals are not corrected for multiple comparisons.",
        "BD-rate is the Bjøntegaard delta rate against a classic codec measured here: the "
        "additional rate (−: the saving) at equal quality, computed by the package bjontegaard "
        "with PCHIP interpolation of log rate over quality in dB (MS-SSIM as "
        "−10 log10(1 − MS-SSIM)). It covers only the qualities that both curves reach, not rates "
        "at which a codec no longer improves. Points that are no better than a cheaper one are "
        "left out. There is no figure if the curves have less than "
        f"{overlap} of the narrower range of qualities in common.",
        "Saved: by how much files are smaller than the bits themselves, at the given rate before "
        "entropy coding. MAC: multiply–accumulate operations of encoder and decoder per pixel and "
        "iteration. Training time is that of the codec and, if the row has one, of its entropy "
        "coder, on the hardware that the record names; there is none for a training that started "
        "from the weights of another.",
        "The paper's: MS-SSIM areas of table 1 for the same cell and framework, without entropy "
        "coding, trained on the paper's 32×32 / high-entropy data, with networks of full width. "
        "Published figures have no rank, since scores of single images were not published. "
        "PSNR-HVS of 2011 is the paper's variant, after Gupta et al.; it cannot be compared with "
        "the PSNR-HVS measured here. The paper credits JPEG at the target rate, which JPEG "
        "exceeds at its lowest quality.",
    ]
