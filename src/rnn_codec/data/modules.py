"""The data sets of the configuration group `data` that can be trained on.

Training, validation and evaluation see pictures as uint8. Besides Lightning's loaders, every module
has `evaluation_name` and `evaluation_images()`, for measuring a trained codec. So does
`rnn_codec.data.kodak.Kodak`, on which nothing is trained.
"""

from abc import abstractmethod
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal, cast

import lightning as L
import torch
from pydantic import Field
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from rnn_codec.data import DATA
from rnn_codec.data.crops import (
    ChangingSampler,
    CropSampler,
    DeviceCropSampler,
    LateCrops,
    Sampler,
    process_of,
    step_rng,
    training_loader,
)
from rnn_codec.data.decoding import DecodedImages, decode, digest_of
from rnn_codec.data.folders import find_images
from rnn_codec.data.kodak import Kodak, is_kodak
from rnn_codec.data.package_photographs import HELD_OUT, TRAINING, locate
from rnn_codec.data.split import Split, centre_crop, hold_out, large_enough, spread, without
from rnn_codec.data.tiles import mine, tile_images
from rnn_codec.errors import UserError
from rnn_codec.files import printable
from rnn_codec.metrics.images import pixels_to_batch
from rnn_codec.metrics.ms_ssim import SHORTEST_SIDE
from rnn_codec.pictures.reading import NamedImage, read_rgb
from rnn_codec.signatures import Count, Incidental

CHOICES = 1
"""The random stream that chooses between tiles and crops; samplers use other streams."""


class TrainingDataModule(L.LightningDataModule):
    """The base of all data sets to train on; conf/data explains the options."""

    evaluation_name: str
    """Name of the pictures that `evaluation_images` yields."""

    def __init__(
        self,
        crop_size: Count,
        batch_size: Count,
        cache_dir: Incidental[str],
        validation_crop: Annotated[int, Field(ge=SHORTEST_SIDE)],
        validation_images: Count,
    ) -> None:
        super().__init__()
        self.crop_size = crop_size
        self.batch_size = batch_size
        self.cache_dir = cache_dir
        self.validation_crop = validation_crop
        self.validation_images = validation_images
        self._split: Split | None = None
        self._pixels: Tensor | None = None
        self.draw_crops(seed=0)

    @abstractmethod
    def evaluation_images(self) -> Iterator[NamedImage]:
        """Name and pixels (H, W, 3) of every picture to measure on."""

    @abstractmethod
    def load(self) -> Split:
        """Decode the pictures, or open the cached ones."""

    def draw_crops(self, seed: int, late: LateCrops | None = None, on_device: bool = False) -> None:
        """Set how crops are drawn; `late` applies in the late part of the training.

        With `on_device` the same crops are cut on the trainer's device, which then holds the pixels
        of all pictures.
        """
        self.seed, self._late, self._on_device = seed, late, on_device

    def build_sampler(self, training: DecodedImages, crop_size: int, batch_size: int) -> Sampler:
        if not (self._on_device and self.trainer):
            return CropSampler(training, crop_size, batch_size, self.seed)
        if self._pixels is None:
            # A copy, because a tensor must be writable, and the mapped file is not.
            pixels = torch.from_numpy(training.pixels.copy())
            self._pixels = pixels.to(self.trainer.strategy.root_device)
        return DeviceCropSampler(training, crop_size, batch_size, self.seed, self._pixels)

    @property
    def sampler(self) -> Sampler:
        """The sampler of training batches."""
        training, late = self.split.training, self._late
        first = self.build_sampler(training, self.crop_size, self.batch_size)
        if late is None:
            return first
        enough = large_enough(training, late.crop_size, "the late part of the training")
        then = self.build_sampler(enough, late.crop_size, late.batch_size)
        return ChangingSampler(lambda batch: then if late.is_late(batch) else first)

    @property
    def split(self) -> Split:
        """The pictures, loaded on first use, without those that are too small."""
        if self._split is None:
            whole = self.load()
            self._split = Split(
                training=large_enough(whole.training, self.crop_size, "training"),
                validation=large_enough(whole.validation, SHORTEST_SIDE, "validation"),
            )
        return self._split

    @property
    def digest(self) -> str:
        """16 hexadecimal digits that change if a training or validation picture changes."""
        return digest_of([self.split.training.digest, self.split.validation.digest])

    def prepare_data(self) -> None:
        """Fill the cache: Lightning calls this first, in one process on each machine."""
        # Building the sampler mines the tiles.
        _ = self.sampler

    def train_dataloader(self) -> DataLoader[Tensor]:
        """Endless batches uint8 (B, 3, S, S), from the trainer's current step on."""
        return training_loader(self.sampler, self.trainer)

    def val_dataloader(self) -> DataLoader[Tensor]:
        """This process's share of the validation pictures, uint8 (1, 3, H, W), without repeats.

        Raises:
            UserError: there are fewer pictures than processes.
        """
        rank, world_size = process_of(self.trainer)
        held_out = self.split.validation
        chosen = spread(len(held_out), self.validation_images)
        if len(chosen) < world_size:
            raise UserError(
                f"{len(chosen)} validation pictures cannot be shared by {world_size} processes: "
                "hold out more pictures, or lower trainer.devices"
            )
        side = self.validation_crop
        pictures = (held_out.image(index) for index in chosen[rank::world_size])
        batches = [pixels_to_batch(centre_crop(p, side, side)) for p in pictures]
        # Lightning would take a bare list for several loaders.
        return DataLoader(cast(Dataset[Tensor], batches), batch_size=None)


@DATA.register("photos")
class PhotosDataModule(TrainingDataModule):
    """A few photographs from installed packages, for a start without data or network.

    The held-out ones serve for validation and for measuring.
    See `package_photographs` for the pictures and their licences.
    """

    evaluation_name = "photos"

    def evaluation_images(self) -> Iterator[NamedImage]:
        paths = (locate(*photograph) for photograph in HELD_OUT)
        return ((path.name, read_rgb(path)) for path in paths)

    def load(self) -> Split:
        parts = ([locate(*photograph) for photograph in part] for part in (TRAINING, HELD_OUT))
        return Split(*(decode(paths, self.cache_dir) for paths in parts))


@DATA.register("folder")
class FolderDataModule(TrainingDataModule):
    """Photographs from a folder and its subfolders.

    No crop comes from a held-out picture or a copy of one.
    """

    def __init__(
        self,
        root: Incidental[str | None],
        validation_root: Incidental[str | None],
        holdout_every: Annotated[int, Field(ge=2)],
        **common: Any,
    ) -> None:
        super().__init__(**common)
        if root is None:
            raise UserError("no photographs to read: set data.root=<folder of photographs>")
        self.root = Path(root)
        name = printable(self.root.resolve().name)
        self.evaluation_name = name
        if name.casefold() == Kodak.evaluation_name and is_kodak(self.root):
            self.evaluation_name = Kodak.evaluation_name
        elif name.casefold() in {Kodak.evaluation_name, PhotosDataModule.evaluation_name}:
            # It must not be mistaken for the well-known set of that name.
            self.evaluation_name = f"{name}-folder"
        self.validation_root = validation_root
        self.holdout_every = holdout_every

    def evaluation_images(self) -> Iterator[NamedImage]:
        """Every picture of the folder; an unreadable one is an error."""
        paths = find_images(self.root)
        return ((printable(path.relative_to(self.root)), read_rgb(path)) for path in paths)

    def load(self) -> Split:
        """Decode the photographs, or open the cached ones, and hold some out."""
        images = decode(find_images(self.root), self.cache_dir)
        if self.validation_root is not None:
            validation = decode(find_images(self.validation_root), self.cache_dir)
        else:
            validation = hold_out(images, self.holdout_every)
        return Split(training=without(images, validation), validation=validation)


@DATA.register("high_entropy")
class HighEntropyDataModule(FolderDataModule):
    """The hardest tiles of photographs from a folder: the paper's high-entropy data."""

    def __init__(
        self,
        share: Annotated[float, Field(gt=0, le=1)],
        tiles_per_picture: Count,
        codec: Literal["png", "webp"],
        **folder: Any,
    ) -> None:
        super().__init__(**folder)
        self.share = share
        self.tiles_per_picture = tiles_per_picture
        self.codec = codec

    def build_sampler(self, training: DecodedImages, crop_size: int, batch_size: int) -> Sampler:
        """The sampler of tiles, which are mined in the first call, and of random crops."""
        tiles = mine(training, crop_size, self.tiles_per_picture, self.codec, self.cache_dir)
        hardest = CropSampler(tile_images(tiles), crop_size, batch_size, self.seed)
        anywhere = super().build_sampler(training, crop_size, batch_size)

        def choose(batch: int) -> Sampler:
            drawn = step_rng(self.seed, batch, CHOICES).random()
            return hardest if drawn < self.share else anywhere

        return ChangingSampler(choose)
