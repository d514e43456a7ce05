"""Files that are either whole or absent."""

import csv
import errno
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

from rnn_codec.errors import UserError


def make_folder(path: str | Path, advice: str = "") -> Path:
    """Make a folder, and those it lies in, unless it is there.

    Raises:
        UserError: it cannot be made; `advice` ends the sentence.
    """
    folder = Path(path)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"cannot make the folder {folder}: {error.strerror}{advice}") from error
    return folder


@contextmanager
def atomic_path(path: str | Path) -> Iterator[Path]:
    """Yield a temporary sibling of `path` that takes its name when the block succeeds.

    The sibling lies in the same folder, so that the renaming is atomic, and keeps the suffix, from
    which Pillow and matplotlib choose a format. If the block raises, the sibling is removed and
    whatever `path` held before stays. A reader thus never meets half a file. The folder must exist;
    a block that writes nothing ends in `FileNotFoundError`.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with atomic_path(Path(folder) / "a.txt") as partial:
    ...         _ = partial.write_text("whole")
    ...     print([file.name for file in Path(folder).iterdir()])
    ['a.txt']
    """
    path = Path(path)
    partial = path.with_name(f".{path.stem}.{uuid4().hex[:12]}.partial{path.suffix}")
    try:
        yield partial
        partial.replace(path)
    except OSError as error:
        # A full disk does not say which file it has no room for.
        if error.errno == errno.ENOSPC:
            error.filename = str(path)
        raise
    finally:
        partial.unlink(missing_ok=True)


def write_json(path: str | Path, content: Mapping[str, Any]) -> None:
    """Write an object as JSON, whole or not at all; raises `ValueError` for NaN or infinity."""
    text = json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False)
    with atomic_path(path) as partial:
        partial.write_text(text + "\n", encoding="utf-8")


def write_csv(path: str | Path, columns: Iterable[str], rows: Iterable[Sequence[object]]) -> None:
    """Write a CSV file, whole or not at all."""
    with atomic_path(path) as partial, partial.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        writer.writerows(rows)
