"""Coding of Pillow's images; a module of its own, because `rnn_codec.pillow` must import quickly.

Image ─► upright ─► sRGB ─► Model.encode ─► file          Model.decode ─► bytes of RGB
"""

import warnings
from collections.abc import Callable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from rnn_codec import rates
from rnn_codec.errors import InvalidOptionError
from rnn_codec.models.find import DEFAULT_MODEL, find_folder, find_model, load_model
from rnn_codec.models.protocol import Model, open_file
from rnn_codec.pictures.metadata import upright
from rnn_codec.pictures.reading import to_rgb
from rnn_codec.pillow import NO_LIMIT
from rnn_codec.rates import MSSSIM, PSNR, BitsPerPixel, Bytes, Levels, Rate
from rnn_codec.runs.folder import RunFolder, is_there

RATES: Mapping[str, Callable[[Any], Rate]] = {
    "iterations": Levels,
    "bytes": Bytes,
    "bpp": BitsPerPixel,
    "psnr": PSNR,
    "ms_ssim": MSSSIM,
}
"""Keywords of `Image.save` that set the rate."""

PASSED_ON = ("tune", "importance", "effort")
"""Keywords of `Image.save` that `Model.encode` takes too."""

KEPT = 4
"""Number of models that each cache keeps: models of files, and models in folders."""

LINE_OF_SAVE = 4
"""Stack frames from the encoding of a picture to the caller of `Image.save`, for warnings."""


def encode(image: Image.Image, options: Mapping[str, Any], device: str) -> bytes:
    """Code an image; returns the bytes of the file. `rnn_codec.pillow` describes the conversions.

    Args:
        image: an image in any mode that Pillow can convert to RGB.
        options: keywords of `Image.save`. None means that a keyword is not given; `exif`,
            `icc_profile` and `xmp` override the entries of `image.info`.
        device: where networks run, if `options` does not contain it.

    Raises:
        UserError: as `load_model` and `Model.encode`.
        ValueError: there are two rates, or one is out of range.
    """
    given = [name for name in RATES if options.get(name) is not None]
    if len(given) > 1:
        raise InvalidOptionError(f"only one of {' and '.join(given)} can be met")
    rate = RATES[given[0]](options[given[0]]) if given else rates.DEFAULT
    model = _model_to_save_with(options, device)
    info: dict[Any, Any] = {**image.info, **options}

    def passed(value: Any) -> Any:
        is_map = isinstance(value, Image.Image)
        return np.asarray(upright(value, info).convert("L")) if is_map else value

    others = {name: passed(options[name]) for name in PASSED_ON if options.get(name) is not None}
    encoded = model.encode(to_rgb(upright(image, info), info), rate, **others)
    if not encoded.reached:
        warnings.warn(f"{rate} is not reached", stacklevel=LINE_OF_SAVE)
    return encoded.data


def _model_to_save_with(options: Mapping[str, Any], device: str) -> Model:
    model = options.get("model")
    if isinstance(model, Model):
        return model
    run = RunFolder(find_folder(DEFAULT_MODEL if model is None else model).resolve())
    return _named_model(
        run.path, _written(run), options.get("entropy"), options.get("device") or device
    )


def _written(run: RunFolder) -> tuple[int, ...]:
    """When a model's files were written: after further training it counts as another model."""
    parts = (run, *run.coders(), *run.restorations())
    files = (file for part in parts for file in (part.config, part.weights, part.checkpoint))
    return tuple(file.stat().st_mtime_ns for file in files if is_there(file))


@lru_cache(KEPT)
def _named_model(folder: Path, _: tuple[int, ...], entropy: str | None, device: str) -> Model:
    return load_model(folder, entropy, device)


@lru_cache(KEPT)
def _model_of_file(identifier: bytes, version: int, device: str) -> Model:
    return find_model(identifier, device=device, version=version)


def decode(data: bytes, iterations: int, device: str) -> bytes:
    """The pixels of a file, height × width × 3 bytes, after at most `iterations` iterations."""
    file = open_file(data, NO_LIMIT)
    decoded = _model_of_file(file.head.model, file.head.version, device).decode(file, iterations)
    return decoded.pixels.tobytes()
