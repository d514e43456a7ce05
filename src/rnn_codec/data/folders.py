"""The pictures in a folder of photographs."""

import os
import warnings
from collections import deque
from collections.abc import Iterator
from pathlib import Path

from rnn_codec.errors import UserError
from rnn_codec.pictures.reading import SUFFIXES


def find_images(root: str | Path) -> list[Path]:
    """List the pictures under a folder and its subfolders, sorted by path.

    A picture is a file whose name ends in one of `SUFFIXES`, in lower or upper case. Links are
    followed, but every folder is read only once. Hidden files and folders are left out, as are the
    __MACOSX folders of archives. A folder that cannot be read is left out with a warning.

    Raises:
        UserError: there is no such folder, or no picture in it.
    """
    root = Path(root)
    if not root.is_dir():
        raise UserError(f"there is no folder {root}: name a folder of photographs")
    paths = (
        folder / name
        for folder, names in _folders(root)
        for name in names
        if name[0] != "." and Path(name).suffix.lower() in SUFFIXES
    )
    found = [path for path in paths if os.path.isfile(path)]
    if not found:
        raise UserError(f"there is no picture ({', '.join(SUFFIXES)}) in the folder {root}")
    return sorted(found, key=lambda path: path.relative_to(root).as_posix())


def _folders(root: Path) -> Iterator[tuple[Path, list[str]]]:
    """Every folder once, with its files. Links come last, so that folders keep their own names."""
    read: set[tuple[int, int]] = set()
    waiting = deque([root])
    while waiting:
        for folder, subfolders, files in os.walk(waiting.popleft(), onerror=_warn_left_out):
            status = os.stat(folder)
            identity = (status.st_dev, status.st_ino)
            subfolders[:] = sorted(
                name for name in subfolders if name[0] != "." and name != "__MACOSX"
            )
            if identity in read:
                subfolders.clear()
                continue
            read.add(identity)
            paths = [Path(folder, name) for name in subfolders]
            waiting += [path for path in paths if path.is_symlink()]
            yield Path(folder), files


def _warn_left_out(error: OSError) -> None:
    reason = f"the folder {error.filename} cannot be read: {error.strerror}"
    warnings.warn(f"left out: {reason}", stacklevel=2)
