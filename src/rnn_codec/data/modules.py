"""What the configuration group `data` names: where pictures come from, for training and measuring.

Training, validation and evaluation see pictures as uint8. Beside Lightning's loaders every module
has `evaluation_name` and `evaluation_images()`, for measuring a trained codec.
"""

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn, cast

import lightning as L
import numpy as np
from lightning.pytorch.utilities import rank_zero_warn
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from rnn_codec.data.crops import (
    ChangingSampler,
    CropSampler,
    LateCrops,
    MixedSampler,
    Sampler,
    TrainingBatches,
)
from rnn_codec.data.kodak import download, kodak_checksums, kodak_paths
from rnn_codec.data.package_photographs import HELD_OUT, TRAINING, locate
from rnn_codec.data.packing import PackedImages, digest_of, pack
from rnn_codec.data.reading import find_images, read_rgb
from rnn_codec.data.tiles import Mining, TileSampler, mine
from rnn_codec.errors import UserError
from rnn_codec.metrics.images import pixels_to_batch
from rnn_codec.metrics.ms_ssim import SHORTEST_SIDE

NamedImage = tuple[str, NDArray[np.uint8]]


@dataclass(frozen=True)
class Split:
    """Pictures for training, and others held out for validation."""

    training: PackedImages
    validation: PackedImages


class TrainingDataModule(L.LightningDataModule):
    """What all modules that can train have in common.

    Args:
        crop_size: side of the squares that are trained on, in pixels.
        batch_size: squares in the batch of one process.
        seed: seed of the crops.
        cache_dir: folder for decoded pictures.
        validation_crop: longest side of the pictures validated on during training, in pixels:
            larger ones are cut to their centre.
        validation_images: most pictures validated on.
    """

    def __init__(
        self,
        crop_size: int,
        batch_size: int,
        seed: int,
        cache_dir: str,
        validation_crop: int,
        validation_images: int,
    ) -> None:
        super().__init__()
        require_at_least(1, crop_size=crop_size, batch_size=batch_size)
        require_at_least(1, validation_images=validation_images)
        require_at_least(SHORTEST_SIDE, validation_crop=validation_crop)
        self.crop_size = crop_size
        self.batch_size = batch_size
        self.seed = seed
        self.cache_dir = cache_dir
        self.validation_crop = validation_crop
        self.validation_images = validation_images
        self._split: Split | None = None
        self._late: LateCrops | None = None

    @property
    @abstractmethod
    def evaluation_name(self) -> str:
        """Name of the pictures that `evaluation_images` yields."""

    @abstractmethod
    def evaluation_images(self) -> Iterator[NamedImage]:
        """Name and pixels (H, W, 3) of every picture to measure on."""

    @abstractmethod
    def load(self) -> Split:
        """Decode the pictures, or open those decoded before."""

    def change_crops(self, late: LateCrops) -> None:
        """Train on crops of another size, or another number of them, from some step on."""
        require_at_least(1, crop_size=late.crop_size, batch_size=late.batch_size)
        self._late = late

    def build_sampler(self, training: PackedImages, crop_size: int, batch_size: int) -> Sampler:
        """What draws batches of one size."""
        return CropSampler(training, crop_size, batch_size, self.seed)

    @property
    def sampler(self) -> Sampler:
        """What draws training batches."""
        training, late = self.split.training, self._late
        first = self.build_sampler(training, self.crop_size, self.batch_size)
        if late is None:
            return first
        enough = large_enough(training, late.crop_size, "the late part of the training")
        then = self.build_sampler(enough, late.crop_size, late.batch_size)
        return ChangingSampler(first, then, late.first_batch)

    @property
    def split(self) -> Split:
        """The pictures, loaded at first use, without those that are too small."""
        if self._split is None:
            whole = self.load()
            self._split = Split(
                training=large_enough(whole.training, self.crop_size, "training"),
                validation=large_enough(whole.validation, SHORTEST_SIDE, "validation"),
            )
        return self._split

    @property
    def fingerprint(self) -> str:
        """16 hexadecimal digits that differ when a picture trained or validated on does."""
        return digest_of([self.split.training.fingerprint, self.split.validation.fingerprint])

    def prepare_data(self) -> None:
        """Fill the cache: Lightning calls this in one process a machine, before all others."""
        # Building it mines the tiles.
        _ = self.sampler

    def train_dataloader(self) -> DataLoader[Tensor]:
        """Endless batches uint8 (B, 3, S, S), from the step that the trainer stands at."""
        batches = TrainingBatches(self.sampler, self._first_batch(), *self._process())
        return DataLoader(batches, batch_size=None)

    def val_dataloader(self) -> DataLoader[Tensor]:
        """This process's share of the validation pictures, uint8 (1, 3, H, W), each counted once.

        Raises:
            UserError: there are fewer pictures than processes.
        """
        rank, world_size = self._process()
        held_out = self.split.validation
        chosen = spread(len(held_out), self.validation_images)
        if len(chosen) < world_size:
            raise UserError(
                f"{len(chosen)} validation pictures cannot be shared by {world_size} processes: "
                "hold out more pictures, or set trainer.devices lower"
            )
        pictures = (held_out.image(index) for index in chosen[rank::world_size])
        batches = [pixels_to_batch(centre_crop(p, self.validation_crop)) for p in pictures]
        # Lightning takes a bare list for several loaders.
        return DataLoader(cast(Dataset[Tensor], batches), batch_size=None)

    def _process(self) -> tuple[int, int]:
        return (self.trainer.global_rank, self.trainer.world_size) if self.trainer else (0, 1)

    def _first_batch(self) -> int:
        if self.trainer is None:
            return 0
        return self.trainer.global_step * self.trainer.accumulate_grad_batches


class PhotosDataModule(TrainingDataModule):
    """A few photographs from installed packages: a start that needs no data and no network.

    Training validates on the held-out ones, which are also those to measure on.
    See `package_photographs` for the pictures and their licences.
    """

    @property
    def evaluation_name(self) -> str:
        """Always photos."""
        return "photos"

    def evaluation_images(self) -> Iterator[NamedImage]:
        """The three held-out photographs."""
        return ((path.name, read_rgb(path)) for path in located(HELD_OUT))

    def load(self) -> Split:
        """Decode the photographs, or open those decoded before."""
        return Split(
            training=pack(located(TRAINING), self.cache_dir),
            validation=pack(located(HELD_OUT), self.cache_dir),
        )


class FolderDataModule(TrainingDataModule):
    """Photographs from a folder and its subfolders.

    No crop comes from a picture that is held out, nor from a copy of it.

    Args:
        root: folder of photographs.
        validation_root: folder of the pictures to validate on; none to hold some of `root` out.
        holdout_every: without `validation_root`, one picture in this many is held out.
        common: see `TrainingDataModule`.
    """

    def __init__(
        self, root: str | None, validation_root: str | None, holdout_every: int, **common: Any
    ) -> None:
        super().__init__(**common)
        require_at_least(2, holdout_every=holdout_every)
        if root is None:
            raise UserError("no photographs to read: set data.root=<folder of photographs>")
        self.root = Path(root)
        self.validation_root = validation_root
        self.holdout_every = holdout_every

    @property
    def evaluation_name(self) -> str:
        """The folder's name."""
        return self.root.resolve().name

    def evaluation_images(self) -> Iterator[NamedImage]:
        """Every picture of the folder; one that cannot be read is an error."""
        paths = find_images(self.root)
        return ((str(path.relative_to(self.root)), read_rgb(path)) for path in paths)

    def load(self) -> Split:
        """Decode the photographs, or open those decoded before, and hold some out."""
        images = pack(find_images(self.root), self.cache_dir)
        if self.validation_root is not None:
            validation = pack(find_images(self.validation_root), self.cache_dir)
        else:
            validation = hold_out(images, self.holdout_every)
        return Split(training=without(images, validation), validation=validation)


class HighEntropyDataModule(FolderDataModule):
    """The hardest tiles of photographs from a folder: the paper's high-entropy data.

    Args:
        share: of the batches that consist of them; the others are random crops.
        tiles_per_picture: tiles taken from each picture; all if it has fewer.
        codec: what measures how hard a tile is, by the bytes it needs: png or webp.
        folder: see `FolderDataModule`; `crop_size` is the side of a tile.
    """

    def __init__(self, share: float, tiles_per_picture: int, codec: str, **folder: Any) -> None:
        super().__init__(**folder)
        if not 0 < share <= 1:
            raise UserError(f"data.share must be above 0 and at most 1, not {share}")
        require_at_least(1, tiles_per_picture=tiles_per_picture)
        self.share = share
        self.tiles_per_picture = tiles_per_picture
        self.codec = codec
        # An unknown codec is refused now, not when the tiles are mined.
        self._mining(self.crop_size)

    def build_sampler(self, training: PackedImages, crop_size: int, batch_size: int) -> Sampler:
        """What draws tiles, mined at the first call, and random crops."""
        tiles = mine(training, self._mining(crop_size), self.cache_dir)
        hardest = TileSampler(tiles, batch_size, self.seed)
        anywhere = super().build_sampler(training, crop_size, batch_size)
        return MixedSampler(hardest, anywhere, self.share, self.seed)

    def _mining(self, tile_size: int) -> Mining:
        return Mining(tile_size, self.tiles_per_picture, self.codec)


class KodakDataModule(L.LightningDataModule):
    """The 24 images of the Kodak suite: for measuring, never for training.

    Args:
        kodak_root: folder of kodim01.png to kodim24.png.
        url: where `download` finds them.
    """

    evaluation_name = "kodak"

    def __init__(self, kodak_root: str, url: str) -> None:
        super().__init__()
        self.kodak_root = kodak_root
        self.url = url

    def evaluation_images(self) -> Iterator[NamedImage]:
        """All 24 images."""
        return ((path.name, read_rgb(path)) for path in kodak_paths(self.kodak_root))

    def download(self) -> None:
        """Download what is missing of the 24 images."""
        download(self.kodak_root, self.url, kodak_checksums())

    def prepare_data(self) -> None:
        """Refuse: Lightning calls this to train or validate."""
        refuse_training()

    def train_dataloader(self) -> None:
        """Refuse."""
        refuse_training()

    def val_dataloader(self) -> None:
        """Refuse."""
        refuse_training()


def refuse_training() -> NoReturn:
    """Raise `UserError`: a codec trained or chosen on Kodak could not be compared on it."""
    raise UserError(
        "Kodak is for evaluation, never for training: train with data=photos, or with "
        "data=folder data.root=<folder of photographs>"
    )


def require_at_least(least: int, **options: int) -> None:
    """Raise `UserError` for an option of the group `data` that is too small."""
    for name, value in options.items():
        if value < least:
            raise UserError(f"data.{name} must be at least {least}, not {value}")


def located(pictures: Sequence[tuple[str, str]]) -> list[Path]:
    """Paths of pictures inside installed packages."""
    return [locate(package, name) for package, name in pictures]


def large_enough(images: PackedImages, side: int, use: str) -> PackedImages:
    """The pictures whose sides are all at least `side`; a warning names each other one.

    Raises:
        UserError: no picture is left.
    """
    enough = images.shortest_sides >= side
    for index in np.flatnonzero(~enough):
        size = f"{images.widths[index]}×{images.heights[index]}"
        rank_zero_warn(
            f"left out of {use}: {images.names[index]} is {size}, and {side} is the least"
        )
    if not enough.any():
        raise UserError(
            f"no picture is left for {use}: it needs some with sides of {side} pixels or more that "
            "are not used otherwise; set data.root and data.validation_root to two such folders"
        )
    return images.select(np.flatnonzero(enough).tolist())


def hold_out(images: PackedImages, every: int) -> PackedImages:
    """The first of the pictures that can be measured, and each one `every` places after it."""
    measurable = np.flatnonzero(images.shortest_sides >= SHORTEST_SIDE)
    return images.select(measurable[::every].tolist())


def without(images: PackedImages, held_out: PackedImages) -> PackedImages:
    """The pictures whose pixels are not those of a held-out one."""
    known = set(held_out.digests)
    return images.select([i for i, digest in enumerate(images.digests) if digest not in known])


def spread(available: int, most: int) -> list[int]:
    """Indices of at most `most` things, spread evenly over those available.

    >>> spread(10, 3), spread(2, 3)
    ([0, 3, 6], [0, 1])
    """
    chosen = min(available, most)
    return [index * available // chosen for index in range(chosen)]


def centre_crop(picture: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    """The centre of a picture (H, W, 3), with sides of at most `side`.

    >>> centre_crop(np.zeros((100, 300, 3), np.uint8), 200).shape
    (100, 200, 3)
    """
    top, left = (max(length - side, 0) // 2 for length in picture.shape[:2])
    return picture[top : top + side, left : left + side]
