"""Columns, and tables of them, whatever they are then written in."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from rnn_codec_lab.comparison.statistics import Estimate, Interval
from rnn_codec_lab.evaluation.table import ABSENT

Item = TypeVar("Item")
Value = str | float | Estimate | Interval | None
"""What a column has of an item; None where there is nothing."""

PLAIN: tuple[str, ...] = ()
ESTIMATE = ("mean", "std")
INTERVAL = ("difference", "low", "high")


@dataclass(frozen=True)
class Column(Generic[Item]):
    """What tables and the page say of an item in one column."""

    name: str
    """In CSV files, which hold values unscaled and with all digits."""
    title: str
    """The heading elsewhere; a column without one is in CSV files only."""
    value: Callable[[Item], Value]
    meaning: str = ""
    """A sentence for readers of the page."""
    table: str = ""
    """The title of the table of documents that it is in; empty for none, or for names."""
    digits: int | None = None
    """After the point; None for three significant ones, with k, M or G."""
    scale: float = 1.0
    """What is shown for a value of 1."""
    sign: str = "-"
    """`+` to show that of positive figures as well."""
    attributes: tuple[str, ...] = PLAIN
    """Of values that are more than one number, the main one first: each is a column of CSV."""
    numeric: bool = True
    """Whether it is aligned right."""
    falling: bool = False
    """Whether less is better."""

    def text(self, item: Item) -> str:
        """What is shown of an item: with its standard deviation, if it has one.

        >>> area = Column[Estimate]("auc", "AUC", lambda found: found, digits=4)
        >>> area.text(Estimate(1.75, 0.0012, 3)), area.text(Estimate(-2.5, None, 1))
        ('1.7500 ± 0.0012', '−2.5000')
        """
        value = self.value(item)
        if value is None or isinstance(value, str):
            return value or ABSENT
        if isinstance(value, Estimate) and value.std is not None:
            return f"{self._number(value.mean)} ± {value.std * self.scale:.{self.digits}f}"
        return self._number(main_number(value))

    def cells(self, item: Item) -> dict[str, str | float | None]:
        """Cells of a line in a CSV file, by their headings."""
        value = self.value(item)
        if not self.attributes:
            assert not isinstance(value, Estimate | Interval)
            return {self.name: value}
        suffixes = ("", *(f"_{attribute}" for attribute in self.attributes[1:]))
        return {
            self.name + suffix: getattr(value, attribute, None)
            for suffix, attribute in zip(suffixes, self.attributes, strict=True)
        }

    def _number(self, number: float) -> str:
        if self.digits is None:
            return magnitude(number * self.scale)
        return f"{number * self.scale:{self.sign}.{self.digits}f}".replace("-", "−")


@dataclass(frozen=True)
class Group:
    """Lines of a table that belong together."""

    title: str
    """Empty where it needs none."""
    lines: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Table:
    """Texts, arranged."""

    title: str
    headings: tuple[str, ...]
    numeric: tuple[bool, ...]
    groups: tuple[Group, ...]


def arrange(
    title: str,
    columns: Iterable[Column[Item]],
    groups: Sequence[tuple[str, Sequence[Item]]],
) -> Table:
    """A table of groups of items, without the columns that have a value of none of them."""
    items = [item for _, own in groups for item in own]
    shown = filled(columns, items)
    return Table(
        title=title,
        headings=tuple(column.title for column in shown),
        numeric=tuple(column.numeric for column in shown),
        groups=tuple(
            Group(name, tuple(tuple(column.text(item) for column in shown) for item in own))
            for name, own in groups
        ),
    )


def filled(columns: Iterable[Column[Item]], items: Sequence[Item]) -> list[Column[Item]]:
    """The columns that have a value of one of the items."""
    return [c for c in columns if any(c.value(item) is not None for item in items)]


def main_number(value: float | Estimate | Interval) -> float:
    """The number that stands for a value."""
    if isinstance(value, Estimate):
        return value.mean
    return value.difference if isinstance(value, Interval) else value


def magnitude(number: float) -> str:
    """A number to three digits, with k, M or G.

    >>> magnitude(1_234_567), magnitude(11_340.0), magnitude(24)
    ('1.23 M', '11.3 k', '24')
    """
    for unit, size in (("G", 1e9), ("M", 1e6), ("k", 1e3)):
        if number >= size:
            return f"{number / size:.3g} {unit}"
    return f"{number:.3g}"
