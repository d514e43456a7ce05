"""Options of a training: which values they can have. `conf/` says what each means."""

import re
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from datetime import timedelta
from functools import partial
from typing import Annotated, Any, Literal, TypeVar

import torch
from pydantic import BeforeValidator, Field
from pydantic.dataclasses import dataclass
from torch import Tensor, nn

from rnn_codec.cells.cell import fuse
from rnn_codec.errors import UserError
from rnn_codec.layers.convolution import deferred_weight_gradients
from rnn_codec.signatures import Count, Incidental, Share

M = TypeVar("M", bound=nn.Module)

LAYERS_AND_SIZES = 64
"""Shapes that a function may be compiled for: beyond its own 8 the compiler silently gives up."""


def to_duration(value: object) -> timedelta:
    """DD:HH:MM:SS as a length of time, which stays what it is.

    >>> to_duration("00:01:30:00")
    datetime.timedelta(seconds=5400)
    """
    if isinstance(value, timedelta):
        return value
    found = re.fullmatch(r"(\d{1,8}):(\d\d):(\d\d):(\d\d)", str(value))
    if found is None:
        raise ValueError("it must be DD:HH:MM:SS, as 00:01:30:00")
    days, hours, minutes, seconds = map(int, found.groups())
    return timedelta(days, seconds, hours=hours, minutes=minutes)


Duration = Annotated[timedelta, Field(gt=timedelta()), BeforeValidator(to_duration)]


@dataclass(frozen=True)
class Execution:
    """How the unroll is run: options that change its speed. Results agree up to rounding."""

    channels_last: bool
    compile: bool
    compile_gates: Incidental[bool]
    deferred_weight_gradients: bool

    def __post_init__(self) -> None:
        if self.compile and (self.deferred_weight_gradients or self.compile_gates):
            raise UserError(
                "trainer.compile excludes trainer.deferred_weight_gradients and "
                "trainer.compile_gates: set it, or both of them, to false"
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
class TrainerOptions(Execution):
    """The group `trainer`: how a training is run."""

    accelerator: str
    devices: Count | Literal["auto"]
    num_nodes: Count
    strategy: str
    precision: Literal["32-true", "bf16-mixed"]
    max_steps: Count
    max_time: Duration | None
    val_check_interval: Count
    log_every_n_steps: Incidental[Count]
    gradient_clip_val: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None
    accumulate_grad_batches: Count
    broken_steps: Incidental[Count]
    crops_on_device: Incidental[bool]
    progress_bar: Incidental[bool]

    @property
    def on_gpu(self) -> bool:
        """Whether it is to run on GPUs."""
        return self.accelerator in {"gpu", "cuda"}


@dataclass(frozen=True)
class LateOptions:
    """The late part of a training."""

    begins: Share
    crop_size: Count
    batch_size: Count


@dataclass(frozen=True)
class AveragingOptions:
    """The moving average of the weights."""

    decay: Annotated[float, Field(ge=0, lt=1)] | None


@dataclass(frozen=True)
class CheckpointOptions:
    """What is left behind for a resumed run."""

    every_minutes: Annotated[float, Field(ge=0, allow_inf_nan=False)]


@dataclass(frozen=True)
class ExportOptions:
    """The weights that a training leaves."""

    dtype: Literal["float32", "float16", "bfloat16"]


@dataclass(frozen=True)
class TrainingOptions:
    """What trainings of all families have."""

    name: Incidental[str]
    seed: Annotated[int, Field(ge=0, lt=2**32)]
    output_root: Incidental[str]
    output: Incidental[str | None]
    resume: Incidental[str | None]
    start_from: str | None
    trainer: TrainerOptions
    averaging: AveragingOptions
    checkpoint: Incidental[CheckpointOptions]
    export: ExportOptions
    logger: Incidental[Any]
    # What is trained when the codec is does not change that.
    entropy: Incidental[Any] = None
    coder: Incidental[Any] = None
    restoration: Incidental[Any] = None
