"""Files that are either whole or absent."""

import errno
import json
import os
import stat
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rnn_codec.errors import UserError

LONGEST_SUFFIX = 32
"""Bytes. File systems allow 255 in a name, and no format has a longer suffix."""


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


def printable(name: str | Path) -> str:
    """A file name as text that can be written anywhere; bytes that are not UTF-8 become \\x….

    Python keeps such bytes as lone surrogates, which no encoding has.

    >>> printable(os.fsdecode(b"caf\\xe9.png")), printable("café.png")
    ('caf\\\\xe9.png', 'café.png')
    """
    return os.fsencode(name).decode("utf-8", "backslashreplace")


@contextmanager
def atomic_path(path: str | Path) -> Iterator[Path]:
    """Yield a temporary sibling of `path` that takes its name when the block succeeds.

    The sibling lies in the same folder, so that the renaming is atomic, and keeps the suffix, from
    which Pillow and matplotlib choose a format. If the block raises, the sibling is removed and
    whatever `path` held before stays. A reader thus never meets half a file. Where `path` is a
    link, the file that it leads to is written. One that is replaced keeps its mode. The folder must
    exist; a block that makes no new file ends in `FileNotFoundError`.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with atomic_path(Path(folder) / "a.txt") as partial:
    ...         _ = partial.write_text("whole")
    ...     print([file.name for file in Path(folder).iterdir()])
    ['a.txt']
    """
    path = Path(path)
    target = Path(os.path.realpath(path)) if os.path.islink(path) else path
    suffix = path.suffix if len(os.fsencode(path.suffix)) <= LONGEST_SUFFIX else ""
    partial = target.with_name(f".{os.urandom(6).hex()}.partial{suffix}")
    mode = _mode(target)
    try:
        if mode is not None:
            # Nobody may read the new content who could not read the old.
            partial.touch(mode=0o600)
        yield partial
        if mode is not None:
            partial.chmod(mode)
        partial.replace(target)
    except OSError as error:
        # A full disk does not say which file it has no room for.
        if error.errno == errno.ENOSPC:
            error.filename = str(path)
        raise
    finally:
        partial.unlink(missing_ok=True)


def _mode(path: Path) -> int | None:
    """Who may do what with a file; None if there is none."""
    try:
        mode = path.stat().st_mode
    except OSError:
        return None
    return stat.S_IMODE(mode) if stat.S_ISREG(mode) else None


def write_json(path: str | Path, content: Mapping[str, Any]) -> None:
    """Write an object as JSON, whole or not at all; raises `ValueError` for NaN or infinity."""
    text = json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False)
    with atomic_path(path) as partial:
        # Of a lone surrogate, as in file names that are not UTF-8, this makes JSON's own escape.
        partial.write_text(text + "\n", encoding="utf-8", errors="backslashreplace")


def write_csv(path: str | Path, columns: Iterable[str], rows: Iterable[Sequence[object]]) -> None:
    """Write a CSV file, whole or not at all."""
    import csv  # noqa: PLC0415

    with atomic_path(path) as partial, partial.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        writer.writerows(rows)
