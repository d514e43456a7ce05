"""Images of any size: replicate to a multiple of the stride, crop after."""

import torch.nn.functional as F
from torch import Tensor


def pad_to_multiple(image: Tensor, multiple: int) -> Tensor:
    """Repeat the last row and column until both sides are multiples; (B, C, H, W) → (B, C, H', W').

    Repeated pixels cost fewer bits than zeros: no edge that is not in the picture.

    Example:
        >>> import torch
        >>> pad_to_multiple(torch.tensor([[[[1.0, 2.0]]]]), 4)[0, 0, -1]
        tensor([1., 2., 2., 2.])
    """
    height, width = image.shape[-2:]
    below, right = -height % multiple, -width % multiple
    return F.pad(image, (0, right, 0, below), mode="replicate")


def crop(image: Tensor, height: int, width: int) -> Tensor:
    """Undo the padding: the upper left height × width pixels."""
    return image[..., :height, :width]
