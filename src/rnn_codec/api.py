"""The functions of the public interface: see `rnn_codec`."""

import os
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from rnn_codec import rates
from rnn_codec.errors import InvalidOptionError
from rnn_codec.models.find import DEFAULT_MODEL, find_model, load_model
from rnn_codec.models.protocol import Mask, Model, Pixels, open_file
from rnn_codec.paths import user_path
from rnn_codec.rates import Rate
from rnn_codec.rnc.file import MAX_PIXELS, File

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer as Buffer

load = load_model
KEPT = 4
"""Number of models that each cache keeps in memory."""


def open(source: "str | os.PathLike[str] | Buffer", max_pixels: int = MAX_PIXELS) -> File:
    """Open a `.rnc` file, complete or truncated, from its path or its bytes; nothing is decoded.

    Raises:
        UserError: the file cannot be read, or is damaged.
    """
    if isinstance(source, str | os.PathLike):
        source = user_path("the name of the file", source)
    return open_file(source, max_pixels)


def compress(
    pixels: Pixels,
    rate: Rate = rates.DEFAULT,
    model: "Model | str | os.PathLike[str]" = DEFAULT_MODEL,
    tune: str | None = None,
    importance: "Mask | None" = None,
    effort: int = 0,
) -> bytes:
    """Compress a picture; returns the bytes of a `.rnc` file.

    Args:
        pixels: uint8 RGB, (H, W, 3).
        rate: how large the file may be, or how good the picture must be.
        model: a loaded model, its folder, or its name.
        tune: what the encoder optimises; see `rnn-codec compress --help`.
        importance: a grey mask (H, W), white where the picture matters: uint8, bool, or floats
            0 … 1.
        effort: how long to search for a better file, 0 … 9; above 0 it needs the extra `train`.

    Raises:
        UserError: there is no such model, or the rate cannot be met.
    """
    loaded = model if isinstance(model, Model) else _named_model(_name(model))
    return loaded.compress(pixels, rate, tune, importance, effort)


def decompress(
    source: "str | os.PathLike[str] | Buffer | File",
    max_pixels: int = MAX_PIXELS,
    fast: bool = False,
) -> Pixels:
    """Decompress a file, complete or truncated, with the model that made it; returns the pixels.

    Args:
        source: an open file, its path, or its bytes in any object with the buffer protocol.
        max_pixels: larger pictures are refused.
        fast: whether to skip the restoration network.

    Raises:
        UserError: the file is damaged, its model cannot be found, or nothing of the picture has
            arrived.
    """
    file = source if isinstance(source, File) else open(source, max_pixels)
    model = _model_of_file(file.head.model, file.head.version)
    return (model.fast() if fast else model).decode(file).pixels


def _name(model: Any) -> str:
    if isinstance(model, str | os.PathLike):
        return os.fspath(model)
    raise InvalidOptionError(
        f"a model must be a name, a folder, or what load() returns, not of the type "
        f"{type(model).__name__}"
    )


@lru_cache(KEPT)
def _named_model(place: str) -> Model:
    return load_model(place)


@lru_cache(KEPT)
def _model_of_file(identifier: bytes, version: int) -> Model:
    return find_model(identifier, version=version)
