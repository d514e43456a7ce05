"""Images of any size: replicate to a multiple of the stride, crop after."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor


def padded_size(size: int, multiple: int) -> int:
    """The smallest multiple of `multiple` that is not below `size`.

    Example:
        >>> padded_size(33, 16), padded_size(32, 16), padded_size(1, 32)
        (48, 32, 32)
    """
    return -(-size // multiple) * multiple


def pad_to_multiple(image: "Tensor", multiple: int) -> "Tensor":
    """Repeat the last row and column until both sides are multiples; (B, C, H, W) → (B, C, H', W').

    Repeated pixels cost fewer bits than zeros: no edge that is not in the picture.

    Example:
        >>> import torch
        >>> pad_to_multiple(torch.tensor([[[[1.0, 2.0]]]]), 4)[0, 0, -1]
        tensor([1., 2., 2., 2.])
    """
    # Headers of files are read by `padded_size`, and reading one must not take PyTorch's seconds.
    import torch.nn.functional as F  # noqa: PLC0415

    height, width = image.shape[-2:]
    below, right = padded_size(height, multiple) - height, padded_size(width, multiple) - width
    return F.pad(image, (0, right, 0, below), mode="replicate")


def crop(image: "Tensor", height: int, width: int) -> "Tensor":
    """Undo the padding: the upper left height × width pixels."""
    return image[..., :height, :width]
