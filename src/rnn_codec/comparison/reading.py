"""Reads the files of one record, and refuses what is not whole."""

import csv
import json
from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np

from rnn_codec.comparison.records import Array, Record, Sizes
from rnn_codec.evaluation.curve import METRICS
from rnn_codec.evaluation.file_sizes import FileSize
from rnn_codec.evaluation.measurement import Measurement
from rnn_codec.evaluation.record import SUMMARY_FILE, read_summary

PER_IMAGE_FILE = "per_image.csv"
SIZES_FILE = "file_sizes.csv"
MEAN_SIZES_FILE = "file_sizes.json"


class RecordError(ValueError):
    """A record's file cannot be used; the message is a sentence that names the file."""


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
        reason = _first_line(error).replace(f"{folder}/", "")
        raise RecordError(f"{SUMMARY_FILE} cannot be read: {reason}") from error
    rows = read_rows(folder / PER_IMAGE_FILE, [field.name for field in fields(Measurement)])
    images, points, columns = tabulate(rows, "point", ("bpp", *METRICS), PER_IMAGE_FILE)
    scores = {metric: columns[metric] for metric in METRICS}
    return Record(path, folder, summary, images, points, columns["bpp"], scores)


def read_sizes(record: Record) -> dict[str, Sizes]:
    """Read `file_sizes.csv`: rates of every entropy coder, in the order of the record's images.

    Raises:
        RecordError: it is missing, not whole, or of other images or iterations than the record.
    """
    rows = read_rows(record.folder / SIZES_FILE, [field.name for field in fields(FileSize)])
    return {
        coder: _sizes([row for row in rows if row["coder"] == coder], record)
        for coder in dict.fromkeys(row["coder"] for row in rows)
    }


def read_mean_sizes(record: Record) -> dict[str, Any]:
    """Read `file_sizes.json`.

    Raises:
        RecordError: it is missing or not whole.
    """
    return read_json(record.folder / MEAN_SIZES_FILE)


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
        raise RecordError(f"{path.name} cannot be read: {_first_line(error)}") from error
    if not isinstance(content, dict):
        raise RecordError(f"{path.name} does not hold an object")
    return content


def read_rows(path: Path, columns: Sequence[str]) -> list[dict[str, str]]:
    """Read a CSV file with these columns and at least one row.

    Raises:
        RecordError: it is missing, has other columns, no rows, or a row of another length.
    """
    try:
        with path.open(newline="", encoding="utf-8") as file:
            lines = list(csv.reader(file))
    except FileNotFoundError as error:
        raise RecordError(f"{path.name} is missing") from error
    except (ValueError, OSError, csv.Error) as error:
        raise RecordError(f"{path.name} cannot be read: {_first_line(error)}") from error
    if not lines or lines[0] != list(columns):
        raise RecordError(f"{path.name} does not have the columns {', '.join(columns)}")
    if len(lines) == 1:
        raise RecordError(f"{path.name} has no rows")
    for number, line in enumerate(lines[1:], start=2):
        if len(line) != len(columns):
            raise RecordError(f"{path.name} breaks off in line {number}")
    return [dict(zip(columns, line, strict=True)) for line in lines[1:]]


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
    if iterations != record.points:
        raise RecordError(f"{SIZES_FILE} is of other iterations than {PER_IMAGE_FILE}")
    if (values["pixels"] <= 0).any():
        raise RecordError(f"{SIZES_FILE} has an image without pixels")
    rates = [8 * values[column] / values["pixels"] for column in columns[1:]]
    return Sizes(*rates)


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
