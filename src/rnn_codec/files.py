"""Files that are either whole or absent."""

import json
import os
import stat
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from rnn_codec.errors import UserError
from rnn_codec.streams import escaped

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


def check_writable(folder: Path) -> None:
    """Find out whether files can be made in a folder, by making one.

    Raises:
        UserError: they cannot.
    """
    # What rights say is not all: a disk may be read-only, or have a quota.
    probe = folder / f".{os.urandom(6).hex()}.partial"
    try:
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise UserError(f"the folder {folder} cannot be written to: {error.strerror}") from error


def printable(name: str | Path) -> str:
    """A file name as text that can be written anywhere; what is no character becomes \\x….

    Bytes that are not UTF-8, which Python keeps as lone surrogates that no encoding has, and what
    does something to a terminal.

    >>> printable(os.fsdecode(b"caf\\xe9.png")), printable("café.png")
    ('caf\\\\xe9.png', 'café.png')
    """
    return escaped(os.fsencode(name).decode("utf-8", "backslashreplace"))


@contextmanager
def atomic_path(path: str | Path) -> Iterator[Path]:
    """Yield a temporary sibling of `path` that takes its name when the block succeeds.

    The sibling lies in the same folder, so that the renaming is atomic, and keeps the suffix, from
    which Pillow and matplotlib choose a format. It is on the disk before it is renamed: a reader
    never meets half a file, nor does who comes back after the power has failed. If the block
    raises, the sibling is removed and whatever `path` held before stays. Where `path` is a link,
    the file that it leads to is written. One that is replaced keeps its mode. The folder must
    exist; a block that makes no new file ends in `FileNotFoundError`.

    Raises:
        UserError: there is something else than a file, such as a device.
        OSError: it cannot be written; its `filename` is `path`.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with atomic_path(Path(folder) / "a.txt") as partial:
    ...         _ = partial.write_text("whole")
    ...     print([file.name for file in Path(folder).iterdir()])
    ['a.txt']
    """
    path = Path(path)
    check_replaceable(path)
    target = Path(os.path.realpath(path)) if os.path.islink(path) else path
    suffix = path.suffix if len(os.fsencode(path.suffix)) <= LONGEST_SUFFIX else ""
    partial = target.with_name(f".{os.urandom(6).hex()}.partial{suffix}")
    mode = _mode(target)
    try:
        if mode is not None:
            # Nobody may read the new content who could not read the old.
            partial.touch(mode=0o600)
        yield partial
        sync(partial)
        if mode is not None:
            partial.chmod(mode)
        partial.replace(target)
        sync_folder(target.parent)
    except OSError as error:
        # A disk that is full, or broken, does not say which file it does not hold.
        if error.filename in {None, str(partial)}:
            error.filename = str(path)
        raise
    finally:
        _remove(partial)


def check_replaceable(path: str | Path) -> None:
    """Refuse to replace what is neither a file nor a folder: a device, a pipe, a socket.

    Raises:
        UserError: it is such a thing, or a link leads to one.
    """
    try:
        mode = os.stat(path).st_mode
    except OSError:
        return
    # A folder is refused by the system, in its own words.
    if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
        raise UserError(f"{path} is no file, but {_kind(mode)}: name another file")


def _kind(mode: int) -> str:
    if stat.S_ISFIFO(mode):
        return "a pipe"
    return "a socket" if stat.S_ISSOCK(mode) else "a device"


def sync(path: Path) -> None:
    """Wait until a file is on the disk, not only in the memory of the system."""
    _sync(path, os.O_RDWR)


def sync_folder(path: Path) -> None:
    """The same for the names in a folder, where the system can do it."""
    with suppress(OSError):
        _sync(path, os.O_RDONLY)


def _sync(path: Path, flags: int) -> None:
    descriptor = os.open(path, flags)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_all(folder: Path) -> None:
    """The same for all files below a folder, and their names."""
    for path in folder.rglob("*"):
        (sync_folder if path.is_dir() else sync)(path)
    sync_folder(folder)


def _remove(partial: Path) -> None:
    """On a disk that has become read-only what is left over stays."""
    with suppress(OSError):
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
