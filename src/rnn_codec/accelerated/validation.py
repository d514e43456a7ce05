"""Quality on pictures held out."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from rnn_codec.codec import RecurrentCodec

PEAK = 255.0


def psnr_curve(
    codec: RecurrentCodec, pictures: Sequence[NDArray[np.uint8]], device: torch.device
) -> list[float]:
    """Mean PSNR of pictures (H, W, 3) after each iteration, dB.

    The formula is that of `rnn_codec.metrics.psnr`, whose package needs more than is installed
    where an accelerator is lent.
    """
    values = torch.zeros(codec.iterations, dtype=torch.float64, device=device)
    # Every size of pictures would be timed anew with all kernels that there are.
    with torch.backends.cudnn.flags(enabled=True, benchmark=False):
        for pixels in pictures:
            image = torch.from_numpy(pixels).permute(2, 0, 1)[None].to(device)
            for index, decoded in enumerate(codec.decode(codec.encode(image, codec.iterations))):
                error = (decoded.double() - image.double()).square().mean()
                values[index] += 10 * torch.log10(PEAK**2 / error)
    return (values / len(pictures)).tolist()
