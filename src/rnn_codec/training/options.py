"""Options of a training: which values they can have. `conf/` says what each means.

Types are checked where a configuration is read: see `rnn_codec.configuration`.
"""

import math
import re
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any, Literal, TypeVar

import torch
from torch import Tensor, nn

from rnn_codec.cells.cell import fuse
from rnn_codec.errors import InvalidOptionError, UserError
from rnn_codec.layers.convolution import deferred_weight_gradients
from rnn_codec.signatures import Incidental

M = TypeVar("M", bound=nn.Module)

LAYERS_AND_SIZES = 64
"""Shapes that a function may be compiled for: beyond its own 8 the compiler silently gives up."""


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
    log_every_n_steps: Incidental[int]
    gradient_clip_val: float | None
    accumulate_grad_batches: int
    broken_steps: Incidental[int]
    crops_on_device: Incidental[bool]
    progress_bar: Incidental[bool]

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
        if self.time_limit == timedelta():
            raise InvalidOptionError("trainer.max_time must be above 0, or null for no limit")

    @property
    def time_limit(self) -> timedelta | None:
        """`max_time` as a length of time."""
        if self.max_time is None:
            return None
        days, hours, minutes, seconds = map(int, self.max_time.split(":"))
        return timedelta(days, seconds, hours=hours, minutes=minutes)

    @property
    def processes(self) -> int | None:
        """How many train together; None if as many as there are devices."""
        return None if self.devices == "auto" else self.devices * self.num_nodes

    @property
    def on_gpu(self) -> bool:
        """Whether it is to run on GPUs."""
        return self.accelerator in {"gpu", "cuda"}


@dataclass(frozen=True)
class Execution:
    """How the unroll is run: options that change its speed. Results agree up to rounding.

    Attributes:
        channels_last: lay images and weights out with the channels innermost.
        compile: compile one iteration with `torch.compile`.
        compile_gates: compile only what the cells do element by element: some seconds instead of a
            minute or two, and it goes together with deferred weight gradients.
        deferred_weight_gradients: compute each weight gradient once for all iterations.
    """

    channels_last: bool
    compile: bool
    compile_gates: Incidental[bool]
    deferred_weight_gradients: bool

    def __post_init__(self) -> None:
        """Refuse what does not go together."""
        for name in ("deferred_weight_gradients", "compile_gates"):
            if self.compile and getattr(self, name):
                raise UserError(
                    f"trainer.compile and trainer.{name} exclude each other: "
                    "set one of them to false"
                )

    @property
    def memory_format(self) -> torch.memory_format:
        """The layout of weights and images."""
        return torch.channels_last if self.channels_last else torch.contiguous_format

    def lay_out_weights(self, module: M) -> M:
        """`module` itself, its weights in the layout."""
        # torch's own annotation of `to` does not know the argument.
        module.to(memory_format=self.memory_format)  # type: ignore[call-overload]
        return module

    def lay_out(self, images: Tensor) -> Tensor:
        """Images (B, C, H, W) in the layout."""
        return images.contiguous(memory_format=self.memory_format)

    def unrolling(self, module: nn.Module) -> AbstractContextManager[None]:
        """What to enter around an unroll of `module`."""
        return (
            deferred_weight_gradients(module) if self.deferred_weight_gradients else nullcontext()
        )

    def compiled(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """`function`, compiled if that is wanted."""
        return torch.compile(function, dynamic=False) if self.compile else function

    def fuse_gates(self, module: nn.Module) -> None:
        """Compile the element-wise functions of all cells in `module`, if that is wanted."""
        if self.compile_gates:
            torch._dynamo.config.recompile_limit = LAYERS_AND_SIZES
            fuse(module, partial(torch.compile, dynamic=False))


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
    """What stands at the top of the configuration of a training, without groups that count.

    The coder is trained when the codec is: it does not change that.
    """

    name: Incidental[str]
    seed: int
    output_root: Incidental[str]
    output: Incidental[str | None]
    resume: Incidental[str | None]
    entropy: Incidental[Any]
    coder: Incidental[Any]
    checkpoint: Incidental[Any]
    logger: Incidental[Any]
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
    cache_dir: Incidental[str]
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
