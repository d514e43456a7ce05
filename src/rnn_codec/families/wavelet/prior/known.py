"""`rnn_codec.families.wavelet.known` for training: the same numbers, for PyTorch."""

import torch
import torch.nn.functional as F
from torch import Tensor

from rnn_codec.families.wavelet.known import (
    AROUND,
    MAGNITUDES,
    MOST_AROUND,
    MOST_MAGNITUDE,
    UNITS,
    WINDOW,
)


def known(magnitudes: Tensor, signs: Tensor) -> Tensor:
    """The known state (B, 3N, h, w) of coefficients (B, N, h, w).

    Args:
        magnitudes: int32, in units of the last plane that was coded.
        signs: −1 or 1.
    """
    tables = [torch.tensor(table, device=signs.device) / UNITS for table in (MAGNITUDES, AROUND)]
    around = F.avg_pool2d(
        magnitudes.clamp(max=MOST_AROUND).float(), WINDOW, 1, WINDOW // 2, divisor_override=1
    )
    kinds = [
        signs * (magnitudes > 0),
        tables[0][magnitudes.clamp(max=MOST_MAGNITUDE)],
        tables[1][around.int()],
    ]
    return torch.cat(kinds, 1).contiguous(memory_format=torch.channels_last)
