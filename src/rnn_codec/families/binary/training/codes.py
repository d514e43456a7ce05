"""The codes of a frozen codec: computed once, cached as packed bits, cut into training crops.

cache/<codec and pictures>/<picture>.npy     uint8 (T, 32, h, ⌈w/8⌉), then the width
"""

import hashlib
from collections.abc import Sequence
from pathlib import Path

import lightning as L
import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from rnn_codec.data.crops import process_of, step_rng, training_loader
from rnn_codec.data.decoding import DecodedImages, cache_folder, digest_of
from rnn_codec.data.modules import TrainingDataModule, centre_crop, spread
from rnn_codec.errors import UserError
from rnn_codec.families.binary.code import STRIDE
from rnn_codec.families.binary.codec import RecurrentCodec, code_size
from rnn_codec.families.binary.training.options import CoderOptions
from rnn_codec.files import atomic_path
from rnn_codec.metrics.images import pixels_to_batch
from rnn_codec.progress import progress

Bits = NDArray[np.bool_]
"""The bits of one picture, all T iterations of the codec, (T, 32, h, w)."""
WHOLE = 0.25
"""Share of the batches that have all iterations; otherwise the last ones would learn too little."""


class CodesDataModule(L.LightningDataModule):
    """Provides the codes of another data module's pictures.

    Batches are symbols −1 and +1, and 0 where a position has stopped, (n, B, 32, S, S), n from 1 to
    T. In validation they are those of complete pictures, with T iterations and without stops.

    Args:
        codec: the trained codec.
        pictures: the source of the pictures, which also defines which are held out.
    """

    def __init__(
        self, codec: RecurrentCodec, pictures: TrainingDataModule, options: CoderOptions, seed: int
    ) -> None:
        super().__init__()
        if options.longest_side < options.crop_size * STRIDE:
            raise UserError(
                f"coder.longest_side={options.longest_side} leaves pictures smaller than a crop of "
                f"coder.crop_size={options.crop_size} positions of {STRIDE} pixels"
            )
        self.codec = codec
        self.pictures = pictures
        self.options = options
        self.seed = seed

    def check_sizes(self) -> None:
        """Raise UserError if no picture is large enough for a crop, before any is coded."""
        own, training = self.options, self.pictures.split.training
        chosen = training.select(spread(len(training), own.most_pictures))
        sides = np.minimum(chosen.shortest_sides, own.longest_side)
        patch = self.codec.reconstruction.patch
        if max(min(code_size(side, side, patch)) for side in sides.tolist()) < own.crop_size:
            raise UserError(
                f"no picture has {own.crop_size} positions of {STRIDE} pixels on each side: "
                "set coder.crop_size lower"
            )

    def prepare_data(self) -> None:
        """Code the pictures, in one process, before all processes read the cache."""
        self._training()
        self._validation()

    def train_dataloader(self) -> DataLoader[Tensor]:
        """Endless batches, starting at the trainer's current step."""
        own, codes = self.options, self._training()
        sampler = CodeSampler(codes, own.crop_size, own.batch_size, own.stops, self.seed)
        return training_loader(sampler, self.trainer)

    def val_dataloader(self) -> DataLoader[Tensor]:
        """This process's share of the codes of held-out pictures, one picture per batch."""
        rank, world_size = process_of(self.trainer)
        codes = [to_signs(bits[:, None]) for bits in self._validation()[rank::world_size]]
        # Lightning would mistake a bare list for several loaders.
        dataset: Dataset[Tensor] = codes  # type: ignore[assignment]
        return DataLoader(dataset, batch_size=None)

    def _training(self) -> list[Bits]:
        return self._codes(self.pictures.split.training, self.options.most_pictures)

    def _validation(self) -> list[Bits]:
        return self._codes(self.pictures.split.validation, self.pictures.validation_images)

    def _codes(self, images: DecodedImages, most: int) -> list[Bits]:
        chosen, longest = images.select(spread(len(images), most)), self.options.longest_side
        key = digest_of([digest_of_weights(self.codec), longest, chosen.digest])
        folder = cache_folder(Path(self.options.cache_dir, key))
        paths = [folder / f"{index:06d}.npy" for index in range(len(chosen))]
        missing = [index for index, path in enumerate(paths) if not path.is_file()]
        for index in progress(missing, "Coding pictures") if missing else ():
            picture = centre_crop(chosen.image(index), longest, longest)
            write_codes(paths[index], code(self.codec, picture))
        return [read_codes(path) for path in paths]


class CodeSampler:
    """Cuts random squares out of codes; every place in every picture is equally likely.

    About every fourth batch has all T iterations. The others have the first n, with n = 1 … T at
    random, so the first iterations, whose bits can be predicted best, are trained the most.

    Args:
        codes: bits of pictures; those smaller than a crop are skipped, but some must be left.
        crop_size: side of the squares, in positions.
        batch_size: squares per batch of one process.
        stops: share of the squares in which positions stop; see `random_stops`.
    """

    def __init__(
        self, codes: Sequence[Bits], crop_size: int, batch_size: int, stops: float, seed: int
    ) -> None:
        self.codes = [bits for bits in codes if min(bits.shape[2:]) >= crop_size]
        self.crop_size = crop_size
        self.batch_size = batch_size
        self.stops = stops
        self.seed = seed
        places = [(b.shape[2] - crop_size + 1) * (b.shape[3] - crop_size + 1) for b in self.codes]
        self._ends = np.cumsum(places)

    def batch(self, step: int, rank: int, world_size: int) -> Tensor:
        """One process's share of the batch of a step; see `crops.Sampler`."""
        rng, size = step_rng(self.seed, step), world_size * self.batch_size
        iterations = int(rng.integers(len(self.codes[0]))) + 1
        if rng.random() < WHOLE:
            iterations = len(self.codes[0])
        places = rng.integers(self._ends[-1], size=size)
        stops = random_stops(rng, size, self.crop_size, iterations)
        stops[rng.random(size) >= self.stops] = iterations
        share = slice(rank * self.batch_size, (rank + 1) * self.batch_size)
        crops = [self._crop(int(place))[:iterations] for place in places[share]]
        alive = np.arange(iterations)[:, None, None, None] < stops[share]
        return to_signs(np.stack(crops, axis=1)) * torch.from_numpy(alive).unsqueeze(2)

    def _crop(self, place: int) -> Bits:
        picture = int(np.searchsorted(self._ends, place, side="right"))
        bits, size = self.codes[picture], self.crop_size
        first = int(self._ends[picture - 1]) if picture else 0
        top, left = divmod(place - first, bits.shape[3] - size + 1)
        return bits[:, :, top : top + size, left : left + size]


def random_stops(
    rng: np.random.Generator, count: int, size: int, iterations: int
) -> NDArray[np.int64]:
    """Random stops: the iterations after which each position stops, (count, size, size).

    They imitate those that an encoder chooses: similar at neighbouring positions, and early in some
    squares, late in others.
    """
    level = rng.random((count, 1, 1))
    rough = torch.from_numpy(rng.standard_normal((count, 1, 4, 4)))
    hills = F.interpolate(rough, (size, size), mode="bilinear", align_corners=True)[:, 0].numpy()
    share = level + 0.3 * hills + 0.1 * rng.standard_normal((count, size, size))
    return np.rint(share * iterations).clip(0, iterations).astype(np.int64)


def to_signs(bits: Bits) -> Tensor:
    """Convert bits to −1.0 and +1.0."""
    return torch.from_numpy(np.ascontiguousarray(bits)).float() * 2 - 1


def code(codec: RecurrentCodec, picture: NDArray[np.uint8]) -> Bits:
    """The bits of all iterations of a picture (H, W, 3), computed on the codec's device."""
    device = next(codec.parameters()).device
    codes = codec.encode(pixels_to_batch(picture).to(device), codec.iterations)
    return codes.bits[:, 0].cpu().numpy()


def digest_of_weights(codec: RecurrentCodec) -> str:
    """A digest that differs if any weight differs."""
    sha = hashlib.sha256()
    for name, tensor in sorted(codec.state_dict().items()):
        sha.update(name.encode() + tensor.detach().cpu().contiguous().numpy().tobytes())
    return sha.hexdigest()


def write_codes(path: Path, bits: Bits) -> None:
    """Write bits (…, w), packed eight to a byte, and then the width."""
    packed = np.packbits(bits, axis=-1)
    with atomic_path(path) as partial, partial.open("wb") as file:
        np.save(file, packed)
        np.save(file, np.array(bits.shape[-1]))


def read_codes(path: Path) -> Bits:
    """Read a file of `write_codes`; raises UserError if it is damaged."""
    try:
        with path.open("rb") as file:
            packed, width = np.load(file), int(np.load(file))
        return np.unpackbits(packed, axis=-1, count=width).astype(np.bool_)
    except (ValueError, OSError, EOFError) as error:
        raise UserError(f"the cache file {path} is damaged: delete it and start again") from error
