"""Random crops as a function of seed, step and process: no state to save, exact resumption."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import count
from typing import Protocol

import lightning as L
import numpy as np
import torch
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import DataLoader, IterableDataset

from rnn_codec.data.decoding import DecodedImages
from rnn_codec.errors import UserError


class Sampler(Protocol):
    """Draws batches. Two calls with the same arguments return the same batch."""

    def batch(self, step: int, rank: int, world_size: int) -> Tensor:
        """The share of process `rank` in the batch of `world_size` processes, uint8 (B, 3, S, S).

        Process r has the rows r·B to (r+1)·B of a global batch of world_size·B pictures. The global
        batch depends only on its size, the seed and the step, not on the number of processes.
        """
        ...


class CropSampler:
    """Cuts random squares out of pictures, and mirrors them left to right with probability 1/2.

    All positions in all pictures are equally likely.

    Args:
        images: pictures with sides of at least `crop_size`.
        crop_size: side S of the squares, in pixels.
        batch_size: pictures B in the batch of one process.
    """

    def __init__(self, images: DecodedImages, crop_size: int, batch_size: int, seed: int) -> None:
        if min(images.shortest_sides, default=0) < crop_size:
            raise UserError(f"crops of {crop_size} pixels need pictures of at least that size")
        self.images = images
        self.crop_size = crop_size
        self.batch_size = batch_size
        self.seed = seed
        # Positions are numbered through all pictures, row by row. For each picture: the number of
        # positions in a row, the first position, and the last one plus 1.
        self._columns = images.widths - crop_size + 1
        positions = self._columns * (images.heights - crop_size + 1)
        self._ends = np.cumsum(positions)
        self._firsts = self._ends - positions

    def batch(self, step: int, rank: int, world_size: int) -> Tensor:
        rng = step_rng(self.seed, step)
        size = world_size * self.batch_size
        positions = rng.integers(self._ends[-1], size=size)
        flips = rng.random(size) < 0.5
        share = slice(rank * self.batch_size, (rank + 1) * self.batch_size)
        return self._cut(*self._corners(positions[share]), flips[share])

    def _corners(self, positions: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The index of each crop's first byte in the flat pixels, and the bytes in a row."""
        picture = np.searchsorted(self._ends, positions, side="right")
        row, column = np.divmod(positions - self._firsts[picture], self._columns[picture])
        stride = self.images.widths[picture] * 3
        return self.images.offsets[picture] + row * stride + column * 3, stride

    def _cut(
        self, corner: NDArray[np.int64], stride: NDArray[np.int64], flips: NDArray[np.bool_]
    ) -> Tensor:
        """The crops (B, 3, S, S) at the given corners, mirrored where `flips` is set."""
        # All runs of pixels of the length of a crop's row, by the index of their first byte.
        runs = sliding_window_view(self.images.pixels, self.crop_size * 3)
        starts = corner[:, None] + stride[:, None] * np.arange(self.crop_size)
        crops = runs[starts].reshape(-1, self.crop_size, self.crop_size, 3)
        crops[flips] = crops[flips, :, ::-1]
        return torch.from_numpy(crops).permute(0, 3, 1, 2)


class DeviceCropSampler(CropSampler):
    """Cuts the same crops as `CropSampler` out of pixels on a device.

    Only the positions of crops are copied to the device, without waiting. `pixels` are the pixels
    of `images`.
    """

    def __init__(
        self, images: DecodedImages, crop_size: int, batch_size: int, seed: int, pixels: Tensor
    ) -> None:
        super().__init__(images, crop_size, batch_size, seed)
        self._pixels = pixels.view(-1, 3)

    def _cut(
        self, corner: NDArray[np.int64], stride: NDArray[np.int64], flips: NDArray[np.bool_]
    ) -> Tensor:
        # The row of a mirrored crop is read from its end.
        first, step = np.where(flips, self.crop_size - 1, 0), np.where(flips, -1, 1)
        places = torch.from_numpy(np.stack([corner // 3 + first, stride // 3, step]))
        if self._pixels.is_cuda:
            places = places.pin_memory()
        places = places.to(self._pixels.device, non_blocking=True)
        start, down, across = places[:, :, None, None]
        steps = torch.arange(self.crop_size, device=self._pixels.device)
        index = start + down * steps[:, None] + across * steps
        return self._pixels[index].permute(0, 3, 1, 2)


@dataclass(frozen=True)
class LateCrops:
    """The crops of the late part of a training: see `CropSampler`."""

    is_late: Callable[[int], bool]
    """Whether the batch of a number belongs to the late part; called when it is drawn."""
    crop_size: int
    batch_size: int


@dataclass(frozen=True)
class ChangingSampler:
    """Draws each batch from the sampler that `choose` returns for the batch's number."""

    choose: Callable[[int], Sampler]

    def batch(self, step: int, rank: int, world_size: int) -> Tensor:
        return self.choose(step).batch(step, rank, world_size)


def step_rng(seed: int, step: int, *stream: int) -> np.random.Generator:
    """The random generator of one step, independent of all other steps and streams."""
    return np.random.Generator(np.random.Philox(np.random.SeedSequence([seed, step, *stream])))


class Endless(IterableDataset[Tensor]):
    """An endless sequence of batches, for `DataLoader(batch_size=None)`.

    Args:
        draw: draws the batch of a number.
        first: number of the first batch; a resumed training continues where it stopped.
    """

    def __init__(self, draw: Callable[[int], Tensor], first: int) -> None:
        self.draw, self.first = draw, first

    def __iter__(self) -> Iterator[Tensor]:
        return map(self.draw, count(self.first))


def training_loader(sampler: Sampler, trainer: L.Trainer | None) -> DataLoader[Tensor]:
    """Endless batches of this process, from the trainer's current step on."""
    rank, world_size = process_of(trainer)
    draw = partial(sampler.batch, rank=rank, world_size=world_size)
    first = trainer.global_step * trainer.accumulate_grad_batches if trainer else 0
    return DataLoader(Endless(draw, first), batch_size=None)


def process_of(trainer: L.Trainer | None) -> tuple[int, int]:
    """The rank of this process, and the number of processes."""
    return (trainer.global_rank, trainer.world_size) if trainer else (0, 1)
