"""Crops cut on the device, out of pixels that stay there."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from rnn_codec.errors import UserError
from rnn_codec.training.seeds import mix


class DeviceCrops:
    """Squares at random places of pictures, every other one mirrored; some are shrunk by two.

    A batch follows from seed and step alone. Every position of every picture is as likely.

    Args:
        pictures: uint8 (H, W, 3), of any sizes; those too small are left out.
        crop_size: side S of the squares, in pixels.
        batch_size: squares B of a batch.
        shrunk: how many of them show 2S × 2S pixels, averaged two by two: finer detail than
            photographs have at their own size, as in the paper's 32×32 data.
        seed: of the draws.
        device: where all of it happens.

    Raises:
        UserError: no picture is large enough, or more are to be shrunk than there are.
    """

    def __init__(
        self,
        pictures: Sequence[NDArray[np.uint8]],
        crop_size: int,
        batch_size: int,
        shrunk: int,
        seed: int,
        device: torch.device,
    ) -> None:
        if not 0 <= shrunk <= batch_size:
            raise UserError(f"of {batch_size} crops, {shrunk} cannot be shrunk")
        largest = crop_size * (2 if shrunk else 1)
        kept = [picture for picture in pictures if min(picture.shape[:2]) >= largest]
        if not kept:
            raise UserError(f"no picture has {largest} pixels on each side")
        self.batch_size = batch_size
        self.shrunk = shrunk
        self.crop_size = crop_size
        self.seed = seed
        self.device = device
        flat = np.concatenate([picture.reshape(-1, 3) for picture in kept])
        self._pixels = torch.from_numpy(flat).to(device)
        heights, widths = (torch.tensor([p.shape[axis] for p in kept]) for axis in (0, 1))
        offsets = torch.cumsum(heights * widths, 0) - heights * widths
        self._widths, self._offsets = widths.to(device), offsets.to(device)
        self._places = {
            side: Places(heights, widths, side, device) for side in {crop_size, largest}
        }
        self._generator = torch.Generator(device)

    def batch(self, step: int) -> Tensor:
        """The crops of a step, uint8 (B, 3, S, S), channels innermost."""
        self._generator.manual_seed(mix(self.seed, step, 1))
        plain = self._draw(self.batch_size - self.shrunk, self.crop_size)
        if not self.shrunk:
            return plain.permute(0, 3, 1, 2)
        size = self.crop_size
        large = self._draw(self.shrunk, 2 * size).view(self.shrunk, size, 2, size, 2, 3)
        means = large.float().mean(dim=(2, 4)).round().to(torch.uint8)
        return torch.cat([plain, means]).permute(0, 3, 1, 2)

    def _draw(self, count: int, side: int) -> Tensor:
        """Crops (count, side, side, 3), half of them mirrored."""
        generator, device = self._generator, self.device
        picture, top, left = self._places[side].draw(count, generator)
        mirrored = torch.rand(count, 1, generator=generator, device=device) < 0.5
        steps = torch.arange(side, device=device)
        across = left[:, None] + torch.where(mirrored, side - 1 - steps, steps)
        down = (top[:, None] + steps) * self._widths[picture][:, None]
        start = self._offsets[picture][:, None, None]
        return self._pixels[start + down[:, :, None] + across[:, None, :]]


class Places:
    """Where squares of one size can be cut, counted through all pictures, row by row.

    Args:
        heights: of the pictures, int64 (N,), on the CPU.
        widths: likewise.
        side: of the squares.
        device: where places are drawn.
    """

    def __init__(self, heights: Tensor, widths: Tensor, side: int, device: torch.device) -> None:
        columns = widths - side + 1
        ends = torch.cumsum(columns * (heights - side + 1), 0)
        # Read here, once: later it would make the processor wait for the device.
        self.count = int(ends[-1])
        self._columns, self._ends = columns.to(device), ends.to(device)
        self._firsts = torch.cat([ends.new_zeros(1), ends[:-1]]).to(device)

    def draw(self, count: int, generator: torch.Generator) -> tuple[Tensor, Tensor, Tensor]:
        """Picture, row and column of the upper left corner of some squares, (count,) each."""
        device = self._ends.device
        place = torch.randint(self.count, (count,), generator=generator, device=device)
        picture = torch.searchsorted(self._ends, place, right=True)
        within, columns = place - self._firsts[picture], self._columns[picture]
        return picture, within // columns, within % columns
