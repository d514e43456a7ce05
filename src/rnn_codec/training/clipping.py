"""Gradient clipping."""

from collections.abc import Iterable

import torch
from torch import nn


def clip_gradients(parameters: Iterable[nn.Parameter], largest_norm: float | None) -> None:
    """Shorten the gradient to `largest_norm` if it is longer; None leaves it.

    Gradients must not be scaled, as they are by a float16 scaler; in bfloat16 there is none.
    """
    if largest_norm is not None:
        torch.nn.utils.clip_grad_norm_(parameters, largest_norm)
