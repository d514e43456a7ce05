"""A record, read from its folder; what is not whole is refused."""

import csv
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnn_codec.errors import reason
from rnn_codec.evaluation.adaptive import ADAPTIVE_COLUMNS, ADAPTIVE_FILE
from rnn_codec.evaluation.curve import Curve
from rnn_codec.evaluation.file_sizes import SIZES_COLUMNS, SIZES_FILE
from rnn_codec.evaluation.record import (
    MEASUREMENT_COLUMNS,
    PER_IMAGE_FILE,
    SUMMARY_FILE,
    Summary,
    read_summary,
)
from rnn_codec.metrics.scores import SCORES

NO_CODER = "none"
"""The entropy coder that writes every bit as it is: its rates are the nominal ones."""

Array = NDArray[np.float64]


class RecordError(ValueError):
    """A record's file cannot be used; the message is a sentence that names the file."""


@dataclass(frozen=True, eq=False)
class Sizes:
    """Rates of one entropy coder, bits per pixel, (images, points)."""

    nominal_bpp: Array
    ideal_bpp: Array
    file_bpp: Array

    def means(self) -> dict[str, tuple[float, ...]]:
        """Over the images, by name."""
        return {name: _means(rates) for name, rates in vars(self).items()}


@dataclass(frozen=True, eq=False)
class AdaptiveFiles:
    """Files for one tune, in the order of the record's images; (images, rates asked for).

    Attributes:
        asked: bits per pixel that were asked for.
        bpp: those of the files.
        scores: by metric.
    """

    asked: tuple[float, ...]
    bpp: Array
    scores: Mapping[str, Array]

    def mean_curve(self) -> Curve:
        """Means over the images."""
        scores = {metric: _means(values) for metric, values in self.scores.items()}
        return Curve(self.asked, _means(self.bpp), scores)


@dataclass(frozen=True, eq=False)
class Record:
    """A codec measured on a data set. Rows of the arrays are images, columns points."""

    path: str
    """Of its folder, below the results; POSIX."""
    folder: Path
    summary: Summary
    images: tuple[str, ...]
    """Names, sorted."""
    points: tuple[float, ...]
    """Iterations, or qualities of a classic codec, ascending."""
    bpp: Array
    """Nominal rates of a recurrent codec, those of the files of a classic one."""
    scores: Mapping[str, Array]
    """By metric."""
    sizes: Mapping[str, Sizes] = field(default_factory=dict)
    """By entropy coder; empty for classic codecs, and where files were not measured."""
    adaptive: Mapping[str, AdaptiveFiles] = field(default_factory=dict)
    """By `adaptive_name` of their tunes; empty where they were not measured."""

    @property
    def experiment(self) -> str:
        """The first folder below the results."""
        return self.path.split("/", 1)[0]

    @property
    def config(self) -> Mapping[str, Any] | None:
        """The configuration of the training; None for classic codecs."""
        config = self.summary.settings.get("config")
        return config if isinstance(config, dict) else None

    def name_of(self, group: str) -> str | None:
        """Of a recurrent codec's cell, recon or network."""
        return self.config[group]["name"] if self.config is not None else None

    @property
    def seed(self) -> int | None:
        """Of the training of a recurrent codec."""
        seed = self.summary.settings.get("seed")
        return seed if isinstance(seed, int) else None

    def rates(self, coder: str | None) -> Array:
        """Bits per pixel, (images, points): nominal for `NO_CODER`, else those of the files.

        Of a classic codec, whose coder is None, those of its files. Adaptive files go by
        `adaptive_name`.
        """
        if coder in self.adaptive:
            return self.adaptive[str(coder)].bpp
        return self.bpp if coder in {None, NO_CODER} else self.sizes[str(coder)].file_bpp

    def qualities(self, coder: str | None, metric: str) -> Array:
        """A metric at `rates`, (images, points): files may hold fewer iterations than there are."""
        if coder in self.adaptive:
            return self.adaptive[str(coder)].scores[metric]
        return self.scores[metric][:, : self.rates(coder).shape[1]]

    def mean_curve(self, coder: str | None) -> Curve:
        """Means over the images, over the rates of a coder (`rates`)."""
        if coder in self.adaptive:
            return self.adaptive[str(coder)].mean_curve()
        rates = _means(self.rates(coder))
        scores = {metric: _means(self.qualities(coder, metric)) for metric in self.scores}
        return Curve(self.points[: len(rates)], rates, scores)


def read_record(folder: Path, path: str) -> Record:
    """Read `summary.json` and `per_image.csv`; `sizes` stays empty.

    Args:
        folder: the record's.
        path: what the record is called, below the results.

    Raises:
        RecordError: a file is missing or not whole.
    """
    try:
        summary = read_summary(folder)
    except (ValueError, OSError, TypeError, KeyError, AttributeError, RecursionError) as error:
        # The message must not depend on where the results lie.
        why = reason(error).replace(f"{folder}/", "")
        raise RecordError(f"{SUMMARY_FILE} cannot be read: {why}") from error
    rows = read_rows(folder / PER_IMAGE_FILE, MEASUREMENT_COLUMNS, SCORES)
    # Records from before a metric was added do without it.
    metrics = [column for column in rows[0] if column not in MEASUREMENT_COLUMNS]
    images, points, scores = tabulate(rows, "point", ("bpp", *metrics), PER_IMAGE_FILE)
    return Record(path, folder, summary, images, points, scores.pop("bpp"), scores)


def read_sizes(record: Record) -> dict[str, Sizes]:
    """Read `file_sizes.csv`: rates of every entropy coder, in the order of the record's images.

    Raises:
        RecordError: it is missing, not whole, or of other images or iterations than the record.
    """
    rows = read_rows(record.folder / SIZES_FILE, SIZES_COLUMNS)
    return {
        coder: _sizes([row for row in rows if row["coder"] == coder], record)
        for coder in dict.fromkeys(row["coder"] for row in rows)
    }


def adaptive_name(tune: str) -> str:
    """What adaptive files are called where files go by their entropy coder."""
    return f"adaptive, {tune}"


def read_adaptive(record: Record) -> dict[str, AdaptiveFiles]:
    """Read `adaptive.csv`; nothing where there is none.

    Raises:
        RecordError: it is not whole, or of other images than the record.
    """
    path = record.folder / ADAPTIVE_FILE
    if not path.is_file():
        return {}
    rows = read_rows(path, ADAPTIVE_COLUMNS, SCORES)
    metrics = [column for column in rows[0] if column not in ADAPTIVE_COLUMNS]
    found = {}
    for tune in dict.fromkeys(row["tune"] for row in rows):
        own = [row for row in rows if row["tune"] == tune]
        images, asked, values = tabulate(own, "rate", ("bpp", *metrics), ADAPTIVE_FILE)
        if images != record.images:
            raise RecordError(f"{ADAPTIVE_FILE} is of other images than {PER_IMAGE_FILE}")
        found[adaptive_name(tune)] = AdaptiveFiles(asked, values.pop("bpp"), values)
    return found


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON file that holds an object.

    Raises:
        RecordError: it is missing or holds something else.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise RecordError(f"{path.name} is missing") from error
    except (ValueError, OSError, RecursionError) as error:
        raise RecordError(f"{path.name} cannot be read: {reason(error)}") from error
    if not isinstance(content, dict):
        raise RecordError(f"{path.name} does not hold an object")
    return content


def read_rows(
    path: Path, columns: Sequence[str], further: Collection[str] = ()
) -> list[dict[str, str]]:
    """Read a CSV file with at least one row.

    Args:
        path: the file.
        columns: that it has, in this order.
        further: columns that may follow.

    Raises:
        RecordError: it is missing, has other columns, no rows, or a row of another length.
    """
    try:
        with path.open(newline="", encoding="utf-8") as file:
            lines = list(csv.reader(file))
    except FileNotFoundError as error:
        raise RecordError(f"{path.name} is missing") from error
    except (ValueError, OSError, csv.Error) as error:
        raise RecordError(f"{path.name} cannot be read: {reason(error)}") from error
    head = lines[0] if lines else []
    rest = head[len(columns) :]
    if head[: len(columns)] != list(columns) or not set(rest) <= set(further):
        known = ", ".join((*columns, *further))
        raise RecordError(f"{path.name} does not have the columns {known}")
    if len(set(head)) < len(head):
        raise RecordError(f"{path.name} has a column twice")
    if len(lines) == 1:
        raise RecordError(f"{path.name} has no rows")
    for number, line in enumerate(lines[1:], start=2):
        if len(line) != len(head):
            raise RecordError(f"{path.name} breaks off in line {number}")
    return [dict(zip(head, line, strict=True)) for line in lines[1:]]


def tabulate(
    rows: Sequence[Mapping[str, str]], point: str, columns: Sequence[str], file: str
) -> tuple[tuple[str, ...], tuple[float, ...], dict[str, Array]]:
    """Arrange rows of (image, point, numbers) as arrays.

    Returns:
        Names of the images, sorted; points, ascending; and each column as (images, points).

    Raises:
        RecordError: a number is none, or an image lacks a point or has it twice.
    """
    found: dict[tuple[str, float], list[float]] = {}
    for row in rows:
        try:
            key = row["image"], float(row[point])
            numbers = [float(row[column]) for column in columns]
        except ValueError as error:
            raise RecordError(f"{file} has something else than a number: {error}") from error
        if key in found:
            raise RecordError(f"{file} has {row['image']} at {point} {key[1]:g} twice")
        if not np.isfinite(numbers).all():
            raise RecordError(f"{file} has a number that is not finite, of {row['image']}")
        found[key] = numbers
    images = tuple(sorted({image for image, _ in found}))
    points = tuple(sorted({at for _, at in found}))
    for image in images:
        for at in points:
            if (image, at) not in found:
                raise RecordError(f"{file} lacks {image} at {point} {at:g}")
    table = np.array([[found[image, at] for at in points] for image in images])
    return images, points, {column: table[..., i] for i, column in enumerate(columns)}


def _sizes(rows: Sequence[Mapping[str, str]], record: Record) -> Sizes:
    columns = ("pixels", "nominal_bytes", "ideal_bytes", "file_bytes")
    images, iterations, values = tabulate(rows, "iteration", columns, SIZES_FILE)
    if images != record.images:
        raise RecordError(f"{SIZES_FILE} is of other images than {PER_IMAGE_FILE}")
    if iterations != record.points[: len(iterations)]:
        raise RecordError(f"{SIZES_FILE} is of other iterations than {PER_IMAGE_FILE}")
    if (values["pixels"] <= 0).any():
        raise RecordError(f"{SIZES_FILE} has an image without pixels")
    rates = [8 * values[column] / values["pixels"] for column in columns[1:]]
    return Sizes(*rates)


def _means(values: Array) -> tuple[float, ...]:
    return tuple(float(value) for value in values.mean(axis=0))
