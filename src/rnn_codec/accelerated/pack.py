"""Photographs in one file of bounded size, for a machine that they must travel to.

pack = a ZIP archive, not compressed again:
    training/00000.webp …
    validation/00000.webp …
"""

import io
import zipfile
import zlib
from multiprocessing.pool import ThreadPool
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from rnn_codec.errors import UserError

Pixels = NDArray[np.uint8]

UNREADABLE = (
    *(zipfile.BadZipFile, OSError, ValueError, EOFError, zlib.error),
    # Damage that looks like another way of packing, or like a password.
    *(NotImplementedError, RuntimeError),
)
"""What reading a damaged archive raises."""


def read_pack(path: Path, part: str) -> list[Pixels]:
    """The pictures (H, W, 3) of a part, in order.

    Raises:
        UserError: there is no such file, or it is no pack.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            names = sorted(name for name in archive.namelist() if name.startswith(f"{part}/"))
            contents = [archive.read(name) for name in names]
        with ThreadPool() as pool:
            return pool.map(_decode, contents)
    except FileNotFoundError:
        raise UserError(f"there is no file {path}: src/pack_photographs.py makes it") from None
    except UNREADABLE as error:
        raise UserError(f"{path} is not a pack of photographs, or is damaged: {error}") from error


def _decode(content: bytes) -> Pixels:
    with Image.open(io.BytesIO(content), formats=["WEBP"]) as image:
        return np.array(image.convert("RGB"))
