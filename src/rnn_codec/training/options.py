"""Options of a training: which values they can have. `conf/` says what each means.

Types are checked where a configuration is read: see `rnn_codec.configuration`.
"""

import math
import re
from dataclasses import dataclass
from typing import Literal

from rnn_codec.errors import InvalidOptionError


@dataclass(frozen=True)
class TrainerOptions:
    """How a training is run.

    Raises:
        InvalidOptionError: an option has a value that it cannot have; so do the other classes here.
    """

    accelerator: str
    devices: int | Literal["auto"]
    num_nodes: int
    strategy: str
    precision: Literal["32-true", "bf16-mixed"]
    max_steps: int
    max_time: str | None
    val_check_interval: int
    log_every_n_steps: int
    gradient_clip_val: float | None
    accumulate_grad_batches: int
    broken_steps: int
    crops_on_device: bool
    progress_bar: bool

    def __post_init__(self) -> None:
        """Refuse what no training can be run with."""
        at_least(1, "trainer.num_nodes", self.num_nodes)
        at_least(1, "trainer.max_steps", self.max_steps)
        at_least(1, "trainer.val_check_interval", self.val_check_interval)
        at_least(1, "trainer.log_every_n_steps", self.log_every_n_steps)
        at_least(1, "trainer.accumulate_grad_batches", self.accumulate_grad_batches)
        at_least(1, "trainer.broken_steps", self.broken_steps)
        if self.devices != "auto":
            at_least(1, "trainer.devices", self.devices)
        if self.gradient_clip_val is not None:
            above_zero("trainer.gradient_clip_val", self.gradient_clip_val)
        if self.max_time is not None and not re.fullmatch(r"\d+(:\d\d){3}", self.max_time):
            raise InvalidOptionError(
                f"trainer.max_time must be DD:HH:MM:SS, as 00:01:30:00, not {self.max_time}"
            )

    @property
    def processes(self) -> int | None:
        """How many train together; None if as many as there are devices."""
        return None if self.devices == "auto" else self.devices * self.num_nodes

    @property
    def on_gpu(self) -> bool:
        """Whether it is to run on GPUs."""
        return self.accelerator in {"gpu", "cuda"}


@dataclass(frozen=True)
class Upkeep:
    """What is done beside the steps.

    Attributes:
        checkpoint_minutes: between two checkpoints.
        average_decay: share of the moving average of the weights that each step keeps; None for no
            average.
    """

    checkpoint_minutes: float
    average_decay: float | None

    def __post_init__(self) -> None:
        """Refuse what means nothing."""
        if not 0 <= self.checkpoint_minutes < math.inf:
            raise InvalidOptionError(
                f"checkpoint.every_minutes must not be below 0, but is {self.checkpoint_minutes}"
            )
        if self.average_decay is not None and not 0 <= self.average_decay < 1:
            raise InvalidOptionError(
                f"averaging.decay must be from 0 to below 1, or null, not {self.average_decay}"
            )


@dataclass(frozen=True)
class RunOptions:
    """What stands at the top of the configuration of a training."""

    name: str
    seed: int
    output_root: str
    output: str | None
    start_from: str | None
    blocks_per_picture: int
    min_iterations: int
    max_iterations: int
    stopped_crops: float

    def __post_init__(self) -> None:
        """Refuse numbers out of their range."""
        if not 0 <= self.stopped_crops <= 1:
            raise InvalidOptionError(
                f"stopped_crops must be a share, 0 … 1, not {self.stopped_crops}"
            )
        at_least(1, "blocks_per_picture", self.blocks_per_picture)
        if not 0 <= self.seed < 2**32:
            raise InvalidOptionError(f"seed must be 0 … {2**32 - 1}, not {self.seed}")


@dataclass(frozen=True)
class LateOptions:
    """The late part of a training."""

    begins: float
    crop_size: int
    batch_size: int
    min_iterations: int

    def __post_init__(self) -> None:
        """Refuse what is no share of the training."""
        if not 0 <= self.begins <= 1:
            raise InvalidOptionError(
                f"late.begins must be a share of the training, 0 … 1, not {self.begins}"
            )


@dataclass(frozen=True)
class CoderOptions:
    """The training of an entropy coder."""

    max_steps: int
    crop_size: int
    batch_size: int
    stops: float
    most_pictures: int
    longest_side: int
    cache_dir: str
    val_check_interval: int

    def __post_init__(self) -> None:
        """Refuse numbers that are too small."""
        at_least(1, "coder.max_steps", self.max_steps)
        at_least(1, "coder.val_check_interval", self.val_check_interval)
        if not 0 <= self.stops <= 1:
            raise InvalidOptionError(
                f"coder.stops must be a share of the crops, 0 … 1, not {self.stops}"
            )


@dataclass(frozen=True)
class ExportOptions:
    """The weights that a training leaves."""

    dtype: Literal["float32", "float16", "bfloat16"]


def at_least(least: int, option: str, value: int) -> None:
    """Refuse a number that is too small."""
    if value < least:
        raise InvalidOptionError(f"{option} must be at least {least}, not {value}")


def above_zero(option: str, value: float) -> None:
    """Refuse a number that is not above zero, or not finite."""
    if not 0 < value < math.inf:
        raise InvalidOptionError(f"{option} must be above 0, not {value}")
