"""The file of an integer prior in the folder of a run: all that coding needs of the prior."""

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rnn_codec.errors import UserError, reason

if TYPE_CHECKING:
    from numpy.typing import NDArray

ENGINE_FILE = "prior.safetensors"


def read_engine_file(folder: Path) -> "tuple[Mapping[str, NDArray[Any]], bytes]":
    """The engine's tensors by name, and the SHA-256 of their file.

    Raises:
        UserError: the file cannot be read.
    """
    # This imports NumPy, which a program that only inspects files does not need.
    from safetensors import SafetensorError  # noqa: PLC0415
    from safetensors.numpy import load  # noqa: PLC0415

    path = folder / ENGINE_FILE
    try:
        content = path.read_bytes()
        return load(content), hashlib.sha256(content).digest()
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror}") from error
    except (SafetensorError, ValueError, KeyError) as error:
        raise UserError(f"{path} is damaged: {reason(error)}") from error


def cores() -> int:
    """The number of processor cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
