"""The requirements of every metric on the images that it compares."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor


def check_pair(image: Tensor, reference: Tensor) -> None:
    """Raise unless both tensors are uint8 with the same shape (B, 3, H, W).

    Raises `TypeError` for another dtype: floats in [0, 1] taken for [0, 255] would give excellent
    but meaningless scores. Raises `ValueError` for another shape, or if the shapes differ.
    """
    for name, tensor in (("image", image), ("reference", reference)):
        if tensor.dtype != torch.uint8:
            raise TypeError(f"{name} must be uint8 in 0..255, not {tensor.dtype}")
        if tensor.ndim != 4 or tensor.shape[1] != 3:
            raise ValueError(f"{name} must have shape (B, 3, H, W), not {tuple(tensor.shape)}")
    if image.shape != reference.shape:
        raise ValueError(
            f"image {tuple(image.shape)} and reference {tuple(reference.shape)} differ in shape"
        )


def pixels_to_batch(pixels: NDArray[np.uint8]) -> Tensor:
    """Copy the pixels of one image, (H, W, 3), to a batch of one, (1, 3, H, W).

    `pixels` may be any view of an array, even a mirrored one.

    >>> pixels_to_batch(np.zeros((4, 6, 3), np.uint8)[::-1, ::2]).shape
    torch.Size([1, 3, 4, 3])
    """
    # PyTorch does not support negative strides.
    return torch.tensor(np.ascontiguousarray(pixels)).permute(2, 0, 1).unsqueeze(0)
