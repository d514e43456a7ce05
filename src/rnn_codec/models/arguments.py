"""What callers give a model to code: a picture, and a mask of what matters in it."""

from typing import Any

import numpy as np

from rnn_codec.errors import InvalidOptionError, UserError
from rnn_codec.models.protocol import Mask, Pixels

WHITE = 255


def picture(pixels: Any) -> Pixels:
    """Pixels as models take them, uint8 (H, W, 3).

    Raises:
        InvalidOptionError: they are something else.
        UserError: there are none.
    """
    if not isinstance(pixels, np.ndarray):
        raise InvalidOptionError(
            "a picture is a NumPy array, uint8 (H, W, 3) in RGB, and not of the type "
            f"{type(pixels).__name__}: numpy.asarray makes one"
        )
    if pixels.ndim != 3 or pixels.shape[2] != 3 or pixels.dtype != np.uint8:
        raise InvalidOptionError(f"a picture is uint8 (H, W, 3), not {_described(pixels)}")
    if not pixels.size:
        raise UserError("the picture has no pixels")
    return pixels


def mask(importance: Any, pixels: Pixels) -> Mask:
    """A mask for a picture: uint8, 255 where it matters; bool, True; or floats, 1.

    Raises:
        InvalidOptionError: it is something else.
        UserError: it has another shape than the picture.
    """
    if not isinstance(importance, np.ndarray):
        raise InvalidOptionError(
            f"importance is a NumPy array (H, W), and not of the type {type(importance).__name__}"
        )
    if importance.shape != pixels.shape[:2]:
        of_mask = f"{importance.shape}"
        if importance.ndim == 2:
            of_mask = f"{importance.shape[1]}×{importance.shape[0]}"
        raise UserError(f"the mask is {of_mask}, and the picture {pixels.shape[1]}×{len(pixels)}")
    if importance.dtype == np.bool_:
        return importance.astype(np.uint8) * np.uint8(WHITE)
    if importance.dtype.kind == "f":
        return _of_shares(importance)
    if importance.dtype != np.uint8:
        raise InvalidOptionError(
            f"importance is uint8, bool, or floats 0 … 1, not {importance.dtype}"
        )
    if importance.max() == 1:
        raise InvalidOptionError(
            f"importance has no value above 1, where {WHITE} is white: scale it, or give an array "
            "of bool"
        )
    return importance


def _of_shares(importance: Any) -> Mask:
    # In this order NaN is refused, too.
    if not (importance.min() >= 0 and importance.max() <= 1):
        raise InvalidOptionError(
            f"importance as floats is 0 … 1, not {importance.min():g} … {importance.max():g}"
        )
    found: Mask = np.rint(importance * WHITE).astype(np.uint8)
    return found


def _described(array: Any) -> str:
    return f"{array.dtype} {tuple(array.shape)}"
