"""Gradient clipping."""

from collections.abc import Iterable

import torch
from torch import Tensor, nn


def clip_gradients(parameters: Iterable[nn.Parameter], largest_norm: float | None) -> Tensor:
    """Shorten the gradient to `largest_norm` if it is longer; None leaves its length.

    What is not finite becomes zero: one such step would spoil the weights for good. Nothing is
    read from a device. Gradients must not be scaled, as they are by a float16 scaler; in bfloat16
    there is none.

    Returns:
        The norm before, a scalar.
    """
    trained = [parameter for parameter in parameters if parameter.grad is not None]
    gradients = [parameter.grad for parameter in trained if parameter.grad is not None]
    norm = torch.nn.utils.get_total_norm(gradients)
    if largest_norm is not None:
        # A norm that is not finite makes a NaN or a zero of every entry.
        torch.nn.utils.clip_grads_with_norm_(trained, largest_norm, norm)
    for gradient in gradients:
        gradient.nan_to_num_(0, 0, 0)
    return norm
