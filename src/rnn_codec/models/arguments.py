"""Checks of the arguments of coding: a picture, and a mask of its important parts."""

from typing import Any

import numpy as np

from rnn_codec.errors import InvalidOptionError, UserError
from rnn_codec.models.protocol import Mask, Pixels

WHITE = 255


def picture(pixels: Any) -> Pixels:
    """Return the pixels, which must be uint8 (H, W, 3).

    Raises:
        InvalidOptionError: they are something else.
        UserError: the picture has no pixels.
    """
    if not isinstance(pixels, np.ndarray):
        raise InvalidOptionError(
            "a picture must be a NumPy array, uint8 (H, W, 3) in RGB, not of the type "
            f"{type(pixels).__name__}: convert it with numpy.asarray"
        )
    if pixels.ndim != 3 or pixels.shape[2] != 3 or pixels.dtype != np.uint8:
        raise InvalidOptionError(f"a picture must be uint8 (H, W, 3), not {_described(pixels)}")
    if not pixels.size:
        raise UserError("the picture has no pixels")
    return pixels


def mask(importance: Any, pixels: Pixels) -> Mask:
    """The mask of a picture as uint8, from uint8, bool or floats.

    Where the picture matters most, the mask is 255, True or 1.

    Raises:
        InvalidOptionError: the mask is something else.
        UserError: the mask has another shape than the picture.
    """
    if not isinstance(importance, np.ndarray):
        raise InvalidOptionError(
            f"importance must be a NumPy array (H, W), not of the type {type(importance).__name__}"
        )
    if importance.shape != pixels.shape[:2]:
        of_mask = f"{importance.shape}"
        if importance.ndim == 2:
            of_mask = f"{importance.shape[1]}×{importance.shape[0]}"
        raise UserError(f"the mask is {of_mask}, but the picture {pixels.shape[1]}×{len(pixels)}")
    if importance.dtype == np.bool_:
        return importance.astype(np.uint8) * np.uint8(WHITE)
    if importance.dtype.kind == "f":
        return _of_shares(importance)
    if importance.dtype != np.uint8:
        raise InvalidOptionError(
            f"importance must be uint8, bool, or floats 0 … 1, not {importance.dtype}"
        )
    if importance.max() == 1:
        raise InvalidOptionError(
            f"importance has no value above 1, but white is {WHITE}: scale it, or pass an array of "
            "bool"
        )
    return importance


def _of_shares(importance: Any) -> Mask:
    # Written this way, the condition also refuses NaN.
    if not (importance.min() >= 0 and importance.max() <= 1):
        raise InvalidOptionError(
            f"importance as floats must be 0 … 1, not {importance.min():g} … {importance.max():g}"
        )
    found: Mask = np.rint(importance * WHITE).astype(np.uint8)
    return found


def _described(array: Any) -> str:
    return f"{array.dtype} {tuple(array.shape)}"
