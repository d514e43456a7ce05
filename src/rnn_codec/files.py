"""Files that are written completely or not at all."""

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
"""In bytes. No format has a longer suffix, and file systems allow names of 255 bytes."""


def make_folder(path: str | Path, advice: str = "") -> Path:
    """Make a folder and its parents, unless they exist.

    Raises:
        UserError: the folder cannot be made; `advice` is appended to the message.
    """
    folder = Path(path)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"cannot make the folder {folder}: {error.strerror}{advice}") from error
    return folder


def check_writable(folder: Path) -> None:
    """Check that files can be created in a folder, by creating one.

    Raises:
        UserError: they cannot.
    """
    # Permissions are not enough: a disk may be read-only, or have a quota.
    probe = folder / f".{os.urandom(6).hex()}.partial"
    try:
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise UserError(f"the folder {folder} cannot be written to: {error.strerror}") from error


def printable(name: str | Path) -> str:
    """A file name as text that can be written anywhere, with unprintable bytes as \\x….

    These are bytes that are not UTF-8, which Python keeps as lone surrogates that no encoding has,
    and control characters, which would affect a terminal.

    >>> printable(os.fsdecode(b"caf\\xe9.png")), printable("café.png")
    ('caf\\\\xe9.png', 'café.png')
    """
    return escaped(os.fsencode(name).decode("utf-8", "backslashreplace"))


@contextmanager
def atomic_path(path: str | Path) -> Iterator[Path]:
    """Yield a temporary path beside `path` that is renamed to it when the block succeeds.

    The temporary file is in the same folder, so that renaming is atomic, and keeps the suffix, from
    which Pillow and matplotlib choose a format. It is on disk before it is renamed, so that nobody
    ever reads half a file, not even after a power failure. If the block raises, the temporary file
    is removed and the old content of `path` stays. If `path` is a link, the file that it points to
    is written. A file that is replaced keeps its mode. The folder must exist; a block that creates
    no file ends in `FileNotFoundError`.

    Raises:
        UserError: `path` is something other than a file, such as a device.
        OSError: the file cannot be written; `filename` of the error is `path`.

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
            # Whoever could not read the old content must not read the new.
            partial.touch(mode=0o600)
        yield partial
        sync(partial)
        if mode is not None:
            partial.chmod(mode)
        partial.replace(target)
        sync_folder(target.parent)
    except OSError as error:
        # The error of a full or broken disk does not name the file.
        if error.filename in {None, str(partial)}:
            error.filename = str(path)
        raise
    finally:
        _remove(partial)


def check_replaceable(path: str | Path) -> None:
    """Refuse to replace a device, a pipe or a socket.

    Raises:
        UserError: `path` is one of these, or a link to one.
    """
    try:
        mode = os.stat(path).st_mode
    except OSError:
        return
    # The system itself refuses to replace a folder.
    if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
        raise UserError(f"{path} is not a file but {_kind(mode)}: name another file")


def _kind(mode: int) -> str:
    if stat.S_ISFIFO(mode):
        return "a pipe"
    return "a socket" if stat.S_ISSOCK(mode) else "a device"


def sync(path: Path) -> None:
    """Wait until a file is on disk, not only in the system's cache."""
    _sync(path, os.O_RDWR)


def sync_folder(path: Path) -> None:
    """Wait until the names in a folder are on disk, where the system supports it."""
    with suppress(OSError):
        _sync(path, os.O_RDONLY)


def _sync(path: Path, flags: int) -> None:
    descriptor = os.open(path, flags)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_all(folder: Path) -> None:
    """Wait until all files below a folder, and their names, are on disk."""
    for path in folder.rglob("*"):
        (sync_folder if path.is_dir() else sync)(path)
    sync_folder(folder)


def _remove(partial: Path) -> None:
    """Remove a temporary file; on a disk that has become read-only it stays."""
    with suppress(OSError):
        partial.unlink(missing_ok=True)


def _mode(path: Path) -> int | None:
    """The permissions of a file; None if there is no regular file."""
    try:
        mode = path.stat().st_mode
    except OSError:
        return None
    return stat.S_IMODE(mode) if stat.S_ISREG(mode) else None


def write_json(path: str | Path, content: Mapping[str, Any]) -> None:
    """Write an object as JSON, atomically; raises `ValueError` for NaN or infinity."""
    text = json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False)
    with atomic_path(path) as partial:
        # A lone surrogate, as in file names that are not UTF-8, becomes JSON's own escape.
        partial.write_text(text + "\n", encoding="utf-8", errors="backslashreplace")


def write_csv(path: str | Path, columns: Iterable[str], rows: Iterable[Sequence[object]]) -> None:
    """Write a CSV file, atomically."""
    import csv  # noqa: PLC0415

    with atomic_path(path) as partial, partial.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        writer.writerows(rows)
