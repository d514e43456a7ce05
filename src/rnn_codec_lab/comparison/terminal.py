"""Tables for the terminal."""

import textwrap
from dataclasses import replace

from rich import box
from rich.console import RenderableType
from rich.markup import escape
from rich.table import Table as RichTable
from rich.text import Text

from rnn_codec_lab.comparison.sections import Section
from rnn_codec_lab.comparison.tables import Table


def terminal(section: Section) -> list[RenderableType]:
    """For each group of each table a title and a table."""
    shown: list[RenderableType] = []
    for table in section.tables:
        for group in table.groups:
            titles = (section.title, table.title, group.title)
            title = Text(": ".join(filter(None, titles)), style="bold")
            shown += [title, rich_table(replace(table, groups=(group,)))]
    return shown


def rich_table(table: Table) -> RichTable:
    """A table, without titles."""
    lines = [line for group in table.groups for line in group.lines]
    shown = RichTable(box=box.SIMPLE_HEAD, pad_edge=False, padding=0)
    for column, (heading, numeric) in enumerate(zip(table.headings, table.numeric, strict=True)):
        longest = max(len(brief(line[column])) for line in lines)
        shown.add_column(
            escape(folded(heading, longest)),
            justify="right" if numeric else "left",
            overflow="fold",
        )
    for line in lines:
        shown.add_row(*(escape(brief(cell)) for cell in line))
    return shown


def brief(cell: str) -> str:
    """A cell without the spaces that a hundred columns have no room for.

    >>> brief("1.7500 ± 0.0012")
    '1.7500±0.0012'
    """
    return cell.replace(" ± ", "±").replace(" / ", "/")


def folded(heading: str, width: int) -> str:
    r"""A heading in lines no longer than its column's cells, as far as its words allow.

    >>> folded("saved at 2 bpp, %", 9)
    'saved at\n2 bpp, %'
    """
    return textwrap.fill(
        heading,
        max([width, *map(len, heading.split())]),
        break_long_words=False,
        break_on_hyphens=False,
    )
