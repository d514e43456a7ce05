"""Gradient clipping."""

from collections.abc import Iterable

import torch
from torch import nn


def clip_gradients(parameters: Iterable[nn.Parameter], largest_norm: float | None) -> None:
    """Shorten the gradient to `largest_norm` if it is longer; None leaves its length.

    What is not finite becomes zero: one such step would spoil the weights for good. Nothing is
    read from a device. Gradients must not be scaled, as they are by a float16 scaler; in bfloat16
    there is none.
    """
    trained = [parameter for parameter in parameters if parameter.grad is not None]
    if largest_norm is not None:
        # A norm that is not finite makes a NaN or a zero of every entry.
        torch.nn.utils.clip_grad_norm_(trained, largest_norm)
    for parameter in trained:
        assert parameter.grad is not None
        parameter.grad.nan_to_num_(0, 0, 0)
