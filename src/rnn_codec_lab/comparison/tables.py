"""Columns, and tables of them in Markdown, in LaTeX and on a terminal."""

import re
import textwrap
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from rich import box
from rich.markup import escape as escape_rich
from rich.table import Table as RichTable

from rnn_codec_lab.comparison.statistics import Estimate, Interval
from rnn_codec_lab.evaluation.table import ABSENT

Item = TypeVar("Item")
Value = str | float | Estimate | Interval | None
"""The value of an item in a column; None if it has none."""

ESTIMATE = ("mean", "std")
INTERVAL = ("difference", "low", "high")

OF_LATEX = {
    "\\": r"\textbackslash{}",
    **{character: f"\\{character}" for character in "&%$#_{}"},
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "–": "--",
    "−": "$-$",
    "±": r"$\pm$",
    "×": r"$\times$",
    "…": r"\dots{}",
    "≥": r"$\ge$",
}
"""Replacements of characters that are special to LaTeX, or that not every engine supports."""


@dataclass(frozen=True)
class Column(Generic[Item]):
    """A column of tables and of the page."""

    name: str
    """Heading in CSV files, whose values are unscaled and in full precision."""
    title: str
    """Heading elsewhere; a column without one is in CSV files only."""
    value: Callable[[Item], Value]
    meaning: str = ""
    """Explanation for readers of the page."""
    table: str = ""
    """Title of the column's table in documents; empty for columns without one, and for names."""
    digits: int | None = None
    """Digits after the point; None for three significant digits with k, M or G."""
    scale: float = 1.0
    """Factor by which values are multiplied before they are shown."""
    sign: str = "-"
    """`+` to show the sign of positive figures, too."""
    attributes: tuple[str, ...] = ()
    """Attributes of values with several numbers, the main one first: each is a CSV column."""
    numeric: bool = True
    """Whether the column is right-aligned."""
    falling: bool = False
    """Whether smaller is better."""

    def text(self, item: Item) -> str:
        """Return the text shown for an item, with the standard deviation if it has one.

        >>> area = Column[Estimate]("auc", "AUC", lambda e: e, digits=4, attributes=ESTIMATE)
        >>> area.text(Estimate(1.75, 0.0012, 3)), area.text(Estimate(-2.5, None, 1))
        ('1.7500 ± 0.0012', '−2.5000')
        """
        main = self.cells(item)[self.name]
        if main is None or isinstance(main, str):
            return main or ABSENT
        if self.digits is None:
            return magnitude(main * self.scale)
        shown = f"{main * self.scale:{self.sign}.{self.digits}f}".replace("-", "−")
        value = self.value(item)
        if isinstance(value, Estimate) and value.std is not None:
            shown += f" ± {value.std * self.scale:.{self.digits}f}"
        return shown

    def cells(self, item: Item) -> dict[str, str | float | None]:
        """Return the CSV cells of an item by heading; the main one has the column's name."""
        value = self.value(item)
        if not self.attributes:
            assert not isinstance(value, Estimate | Interval)
            return {self.name: value}
        main, *others = self.attributes
        names = {self.name: main} | {f"{self.name}_{other}": other for other in others}
        return {name: getattr(value, attribute, None) for name, attribute in names.items()}


def magnitude(number: float) -> str:
    """Format a number with three significant digits and k, M or G.

    >>> magnitude(1_234_567), magnitude(11_340.0), magnitude(24)
    ('1.23 M', '11.3 k', '24')
    """
    for unit, size in (("G", 1e9), ("M", 1e6), ("k", 1e3)):
        if number >= size:
            return f"{number / size:.3g} {unit}"
    return f"{number:.3g}"


@dataclass(frozen=True)
class Table:
    """A table of texts."""

    title: str
    headings: list[str]
    numeric: list[bool]
    """For each column, whether it is right-aligned."""
    groups: dict[str, list[list[str]]]
    """Groups of lines by title; the title is empty if a group needs none."""


def arrange(
    title: str, columns: Iterable[Column[Item]], groups: Mapping[str, Sequence[Item]]
) -> Table:
    """Return a table of groups of items, without columns that have no value for any item."""
    shown = filled(columns, [item for own in groups.values() for item in own])
    return Table(
        title,
        [column.title for column in shown],
        [column.numeric for column in shown],
        {
            name: [[column.text(item) for column in shown] for item in own]
            for name, own in groups.items()
        },
    )


def filled(columns: Iterable[Column[Item]], items: Sequence[Item]) -> list[Column[Item]]:
    """Return the columns that have a value for at least one item."""
    return [c for c in columns if any(c.value(item) is not None for item in items)]


def markdown(table: Table) -> str:
    """Return a table as GitHub-flavoured Markdown; groups start with a line of their title."""
    lines = [table.headings, ["---:" if number else "---" for number in table.numeric]]
    for title, own in table.groups.items():
        if title:
            lines.append([f"**{escape_markdown(title)}**", *[""] * (len(table.headings) - 1)])
        lines += [[*map(escape_markdown, line)] for line in own]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def escape_markdown(text: str) -> str:
    r"""Escape characters that Markdown would read as markup.

    >>> escape_markdown("residual_gru <b> | c*")
    'residual\\_gru \\<b> \\| c\\*'
    """
    return re.sub(r"([\\`*_|<[])", r"\\\1", text).replace("\n", " ")


def latex(table: Table, caption: str) -> str:
    """Return a table environment in the style of booktabs, no wider than the text."""
    columns = "".join("r" if numeric else "l" for numeric in table.numeric)
    lines = [
        r"\begin{table*}",
        r"\centering",
        rf"\caption{{{escape_latex(caption)}}}",
        r"\resizebox{\ifdim\width>\textwidth\textwidth\else\width\fi}{!}{%",
        rf"\begin{{tabular}}{{{columns}}}",
        r"\toprule",
        _latex_line(table.headings),
    ]
    for title, own in table.groups.items():
        lines.append(r"\midrule")
        if title:
            heading = rf"\emph{{{escape_latex(title)}}}"
            lines.append(rf"\multicolumn{{{len(columns)}}}{{l}}{{{heading}}} \\")
        lines += map(_latex_line, own)
    lines += [r"\bottomrule", r"\end{tabular}}", r"\end{table*}"]
    return "\n".join(lines)


def escape_latex(text: str) -> str:
    r"""Escape a text for LaTeX.

    >>> escape_latex("residual_gru −5 %")
    'residual\\_gru $-$5 \\%'
    """
    return "".join(OF_LATEX.get(character, character) for character in text)


def _latex_line(cells: Sequence[str]) -> str:
    return " & ".join(map(escape_latex, cells)) + r" \\"


def terminal(table: Table, group: str) -> RichTable:
    """Return the lines of one group as a table for the terminal, without its title."""
    # A hundred characters have no room for spaces within cells or long headings on one line.
    lines = [
        [cell.replace(" ± ", "±").replace(" / ", "/") for cell in line]
        for line in table.groups[group]
    ]
    shown = RichTable(box=box.SIMPLE_HEAD, pad_edge=False, padding=0)
    cells = [max(len(line[column]) for line in lines) for column in range(len(table.headings))]
    for heading, numeric, width in zip(table.headings, table.numeric, cells, strict=True):
        widest = max(width, *map(len, heading.split()))
        folded = textwrap.fill(heading, widest, break_on_hyphens=False)
        shown.add_column(
            escape_rich(folded), justify="right" if numeric else "left", overflow="fold"
        )
    for line in lines:
        shown.add_row(*map(escape_rich, line))
    return shown
