"""The restoration network: from a decoded picture to one nearer to the original.

    picture ─ unshuffled ─► 3×3 ──────────────────────────► + ─► 3×3 ─► 3×3 ─ shuffled ─► change
                             └─► 2×2 ─► blocks of 3×3 ─► 1×1 ┘
             half size              quarter size

It also sees the step to which each scale is coded, and so how much there is to restore.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from rnn_codec.families.wavelet.layout import COLOURS, SCALES

MULTIPLE = 32
"""Sides of pictures must be multiples of it."""
STEPS = SCALES * len(COLOURS)
"""The number of inputs that state the steps of luma and chroma of each scale."""
FACTOR = 2
"""The factor between the picture and half size, and between half and quarter size."""
_MIDDLE, _UNIT = 128.0, 64.0
_USUAL_STEP = 4.0
"""The log₂ of a typical step; in practice it is from 1 to 8."""
_MOST_STEPS = 4.0
"""Details are clipped to this number of steps: larger ones are not caused by quantisation."""
_LARGEST_STEP = 64.0


class Restoration(nn.Module):
    """The network drawn above.

    Args:
        width: channels at half size.
        inner: channels at quarter size.
        blocks: how many blocks of two layers there are at quarter size.
    """

    def __init__(self, width: int, inner: int, blocks: int) -> None:
        super().__init__()
        seen = 3 * FACTOR**2
        self.see = nn.Conv2d(2 * seen + 1, width, 3, padding=1)
        self.of_steps = nn.Linear(STEPS + 1, width)
        self.down = nn.Conv2d(width, inner, FACTOR, stride=FACTOR)
        self.of_steps_inside = nn.Linear(STEPS + 1, inner)
        self.blocks = nn.ModuleList(Block(inner) for _ in range(blocks))
        self.up = nn.Conv2d(inner, FACTOR**2 * width, 1)
        self.mix = nn.Conv2d(width, width, 3, padding=1)
        self.change = nn.Conv2d(width, seen, 3, padding=1)
        # At the start of training the network returns its picture unchanged.
        for weight in self.change.parameters():
            nn.init.zeros_(weight)

    def forward(self, picture: Tensor, steps: Tensor, strength: Tensor, fine: Tensor) -> Tensor:
        """The restored picture, of the same shape as `picture`.

        Args:
            picture: (B, 3, H, W), about 0 … 255, with sides that are multiples of `MULTIPLE`.
            steps: log₂ of the steps to which luma and chroma of each scale are coded, without gains
                of blocks, (B, `STEPS`).
            strength: how much structure counts relative to squared error, 0 … 1, (B, 1).
            fine: log₂ of the step of the finest luma, with gains of blocks, (B, 1, H/32, W/32).
        """
        x = F.pixel_unshuffle((picture - _MIDDLE) / _UNIT, FACTOR)
        step = F.interpolate(fine, scale_factor=MULTIPLE // FACTOR, mode="nearest")
        # 2 to the power of `step`: the ONNX exporter does not support exp2.
        size = torch.exp(step * math.log(2))
        details = ((x - _blurred(x)) * (_UNIT / size)).clamp(-_MOST_STEPS, _MOST_STEPS)
        known = torch.cat([steps / _USUAL_STEP - 1, strength], 1)
        seen = torch.cat([details, x, step / _USUAL_STEP - 1], 1)
        # Layers take half the time with channels innermost, a layout that their outputs keep.
        seen = self.see(seen.contiguous(memory_format=torch.channels_last))
        outer = F.relu(seen + self.of_steps(known)[:, :, None, None])
        inside = F.relu(self.down(outer) + self.of_steps_inside(known)[:, :, None, None])
        for block in self.blocks:
            inside = block(inside)
        outer = F.relu(outer + F.pixel_shuffle(self.up(inside), FACTOR))
        change = self.change(F.relu(self.mix(outer)))
        return picture + F.pixel_shuffle(change * (size.clamp(max=_LARGEST_STEP) / 4), FACTOR)


class Block(nn.Module):
    """A residual block: two layers whose output is added to their input."""

    def __init__(self, depth: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(depth, depth, 3, padding=1)
        self.second = nn.Conv2d(depth, depth, 3, padding=1)
        nn.init.normal_(self.second.weight, std=0.01)

    def forward(self, x: Tensor) -> Tensor:
        changed: Tensor = self.second(F.relu(self.first(x)))
        return x + changed


def _blurred(x: Tensor) -> Tensor:
    """The means of 3×3 windows."""
    return F.avg_pool2d(F.pad(x, (1, 1, 1, 1), mode="replicate"), 3, 1)


def parameters(network: Restoration) -> int:
    """The number of learned parameters."""
    return sum(weight.numel() for weight in network.parameters())


def macs_per_pixel(network: Restoration) -> float:
    """The multiply–accumulate operations per pixel."""
    outer, inner = 1 / FACTOR**2, 1 / FACTOR**4
    layers = [(network.see, outer), (network.mix, outer), (network.change, outer)]
    layers += [(network.down, inner), (network.up, inner)]
    layers += [
        (layer, inner)
        for block in network.blocks
        for layer in block.modules()
        if isinstance(layer, nn.Conv2d)
    ]
    return sum(layer.weight.numel() * share for layer, share in layers)
