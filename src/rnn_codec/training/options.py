"""Options of a training, and their valid values. `conf/` explains each option."""

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
"""Limit of shapes to compile a function for. Above it (default 8), compiling silently stops."""


def to_duration(value: object) -> timedelta:
    """The duration that DD:HH:MM:SS states; a timedelta is returned as it is.

    >>> to_duration("00:01:30:00")
    datetime.timedelta(seconds=5400)
    """
    if isinstance(value, timedelta):
        return value
    found = re.fullmatch(r"(\d{1,8}):(\d\d):(\d\d):(\d\d)", str(value))
    if found is None:
        raise ValueError("it must be DD:HH:MM:SS, such as 00:01:30:00")
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
        """The memory layout of weights and images."""
        return torch.channels_last if self.channels_last else torch.contiguous_format

    def lay_out_weights(self, module: M) -> M:
        """Return `module` itself, with its weights in this memory layout."""
        # torch's own annotation of `to` lacks this argument.
        module.to(memory_format=self.memory_format)  # type: ignore[call-overload]
        return module

    def lay_out(self, images: Tensor) -> Tensor:
        """Images (B, C, H, W) in this memory layout."""
        return images.contiguous(memory_format=self.memory_format)

    def unrolling(self, module: nn.Module) -> AbstractContextManager[None]:
        """The context manager for an unroll of `module`."""
        return (
            deferred_weight_gradients(module) if self.deferred_weight_gradients else nullcontext()
        )

    def compiled(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """`function`, compiled if `compile` is set."""
        return torch.compile(function, dynamic=False) if self.compile else function

    def fuse_gates(self, module: nn.Module) -> None:
        """Compile the element-wise functions of all cells in `module` if `compile_gates` is set."""
        if self.compile_gates:
            torch._dynamo.config.recompile_limit = LAYERS_AND_SIZES
            fuse(module, partial(torch.compile, dynamic=False))


@dataclass(frozen=True)
class TrainerOptions(Execution):
    """The options of the group `trainer`: how a training is run."""

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
        """Whether the training runs on GPUs."""
        return self.accelerator in {"gpu", "cuda"}


@dataclass(frozen=True)
class LateOptions:
    """The options of the late part of a training."""

    begins: Share
    crop_size: Count
    batch_size: Count


@dataclass(frozen=True)
class AveragingOptions:
    """The options of the moving average of the weights."""

    decay: Annotated[float, Field(ge=0, lt=1)] | None


@dataclass(frozen=True)
class CheckpointOptions:
    """The options of checkpoints."""

    every_minutes: Annotated[float, Field(ge=0, allow_inf_nan=False)]


@dataclass(frozen=True)
class ExportOptions:
    """The options of the exported weights."""

    dtype: Literal["float32", "float16", "bfloat16"]


@dataclass(frozen=True)
class TrainingOptions:
    """The options that trainings of all families have."""

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
    # These parts are trained after the codec, and do not change it.
    entropy: Incidental[Any] = None
    coder: Incidental[Any] = None
    restoration: Incidental[Any] = None
