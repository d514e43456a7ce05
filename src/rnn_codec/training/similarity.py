"""Structural similarity for losses, several times as fast as with convolutions.

The means over windows are two small matrix products for all pictures together.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

WINDOW = 11
"""Side of the window of SSIM, pixels [Wang et al. 2004]."""
SIGMA = 1.5
"""Standard deviation of the Gaussian in that window, pixels."""
LUMINANCE, CONTRAST = 0.01, 0.03
"""Constants of SSIM, as shares of the data range."""
WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)
"""Weights of the scales of MS-SSIM, from the finest [Wang et al. 2003]."""


def similarity(
    x: Tensor, y: Tensor, data_range: float, window: int = WINDOW
) -> tuple[Tensor, Tensor]:
    """The luminance term, and the contrast and structure term, of SSIM [Wang et al. 2004].

    There is no padding. Differences of squares need single precision, which is used even under
    autocast.

    Args:
        x, y: (..., H, W), of shapes that broadcast.
        data_range: range of their values.
        window: side of the windows, odd.

    Returns:
        Two tensors (..., H − window + 1, W − window + 1), whose product is SSIM.
    """
    with torch.autocast(x.device.type, enabled=False):
        x, y = x.float(), y.float()
        down, across = (_windows(length, window, x) for length in x.shape[-2:])

        def blur(image: Tensor) -> Tensor:
            return down @ image @ across.T

        mean_x, mean_y = blur(x), blur(y)
        of_means, means = mean_x * mean_y, mean_x * mean_x + mean_y * mean_y
        squares = blur(x * x) + blur(y * y) - means
        c1, c2 = (LUMINANCE * data_range) ** 2, (CONTRAST * data_range) ** 2
        luminance = (2 * of_means + c1) / (means + c1)
        return luminance, (2 * (blur(x * y) - of_means) + c2) / (squares + c2)


def ms_ssim(x: Tensor, y: Tensor, data_range: float) -> Tensor:
    """MS-SSIM of pictures (B, C, H, W), mean over channels, (B,) [Wang et al. 2003].

    The window is smaller than 11 if it does not fit into the coarsest of the five scales.
    """
    shortest = min(x.shape[-2:]) >> (len(WEIGHTS) - 1)
    window = min(WINDOW, shortest - (shortest + 1) % 2)
    found = []
    for scale in range(len(WEIGHTS)):
        if scale:
            x, y = F.avg_pool2d(x, 2), F.avg_pool2d(y, 2)
        luminance, structure = similarity(x, y, data_range, window)
        is_last = scale == len(WEIGHTS) - 1
        found.append((luminance * structure if is_last else structure).mean((-2, -1)))
    weights = torch.tensor(WEIGHTS, device=x.device)[:, None, None]
    return (F.relu(torch.stack(found)) ** weights).prod(0).mean(1)


def _windows(length: int, window: int, like: Tensor) -> Tensor:
    """The Gaussian window at each position of a line, (length − window + 1, length).

    It is computed on the device of `like`: a copy from the CPU would have to be waited for.
    """
    places = torch.arange(length, device=like.device, dtype=like.dtype)
    offsets = places - places[: length - window + 1, None] - window // 2
    bell = torch.exp(-(offsets**2) / (2 * SIGMA**2)) * (offsets.abs() <= window // 2)
    return bell / bell.sum(dim=1, keepdim=True)
