"""Crops cut on the device, out of pixels that stay there."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from rnn_codec.errors import UserError
from rnn_codec.training.seeds import mix


class DevicePictures:
    """Pictures of any sizes, one after another in the memory of a device.

    Args:
        pictures: uint8 (H, W, 3).
        device: where they lie.

    Raises:
        UserError: there are none.
    """

    def __init__(self, pictures: Sequence[NDArray[np.uint8]], device: torch.device) -> None:
        if not pictures:
            raise UserError("there are no training pictures in the pack")
        flat = np.concatenate([picture.reshape(-1, 3) for picture in pictures])
        self.device = device
        self.pixels = torch.from_numpy(flat).to(device)
        # On the processor: places are counted there, once.
        self.heights, self.widths = (
            torch.tensor([picture.shape[axis] for picture in pictures]) for axis in (0, 1)
        )
        sizes = self.heights * self.widths
        self.device_widths = self.widths.to(device)
        self.device_offsets = (torch.cumsum(sizes, 0) - sizes).to(device)


class DeviceCrops:
    """Squares at random places of pictures, every other one mirrored; some are shrunk by two.

    A batch follows from seed and step alone. Every position of every picture is as likely.

    Args:
        pictures: those too small are left out.
        crop_size: side S of the squares, in pixels.
        batch_size: squares B of a batch.
        shrunk: how many of them show 2S × 2S pixels, averaged two by two: finer detail than
            photographs have at their own size, as in the paper's 32×32 data.
        seed: of the draws.

    Raises:
        UserError: no picture is large enough, or more are to be shrunk than there are.
    """

    def __init__(
        self, pictures: DevicePictures, crop_size: int, batch_size: int, shrunk: int, seed: int
    ) -> None:
        if not 0 <= shrunk <= batch_size:
            raise UserError(f"of {batch_size} crops, {shrunk} cannot be shrunk")
        largest = crop_size * (2 if shrunk else 1)
        large_enough = torch.minimum(pictures.heights, pictures.widths) >= largest
        if not large_enough.any():
            raise UserError(f"no picture has {largest} pixels on each side")
        self.batch_size = batch_size
        self.shrunk = shrunk
        self.crop_size = crop_size
        self.seed = seed
        self._pictures = pictures
        self._places = {side: Places(pictures, large_enough, side) for side in {crop_size, largest}}
        self._generator = torch.Generator(pictures.device)

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
        generator, pictures = self._generator, self._pictures
        device = pictures.device
        picture, top, left = self._places[side].draw(count, generator)
        mirrored = torch.rand(count, 1, generator=generator, device=device) < 0.5
        steps = torch.arange(side, device=device)
        across = left[:, None] + torch.where(mirrored, side - 1 - steps, steps)
        down = (top[:, None] + steps) * pictures.device_widths[picture][:, None]
        start = pictures.device_offsets[picture][:, None, None]
        return pictures.pixels[start + down[:, :, None] + across[:, None, :]]


class Places:
    """Where squares of one size can be cut, counted through all pictures, row by row.

    Args:
        pictures: places are drawn where they lie.
        chosen: which of them have places, bool (N,), on the CPU; all of them are large enough.
        side: of the squares.
    """

    def __init__(self, pictures: DevicePictures, chosen: Tensor, side: int) -> None:
        device = pictures.device
        columns, rows = pictures.widths - side + 1, pictures.heights - side + 1
        ends = torch.cumsum(torch.where(chosen, columns * rows, 0), 0)
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
