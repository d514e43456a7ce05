"""One training step, run as it is or recorded as a graph and replayed."""

import math
from collections.abc import Callable, Iterable
from copy import deepcopy

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from rnn_codec.codec import RecurrentCodec, to_signal
from rnn_codec.training.averaging import moving_average
from rnn_codec.training.execution import Execution
from rnn_codec.training.loss import Loss

BuildOptimizer = Callable[[Iterable[nn.Parameter]], Optimizer]


class TrainingStep:
    """Unroll, gradients, optimizer, moving average; nothing is read back from the device.

    A step whose gradient is not finite counts as one with a gradient of zero.

    Args:
        codec: what is trained, on its device.
        optimizer: builds the optimizer of its parameters.
        decay: share of the moving average that each step keeps; None: the average is the weights.
        largest_norm: of the gradient; None for no clipping.
        autocast: type of the matrix products; None for that of the weights.
        execution: how the unroll is run.

    Attributes:
        averaged: the codec with averaged weights.
        updates: steps in the average.
        loss: sum of the losses since `read_loss`.
        skipped: steps since `read_loss` whose gradient was not finite; their losses do not count.
    """

    def __init__(
        self,
        codec: RecurrentCodec,
        optimizer: BuildOptimizer,
        decay: float | None,
        largest_norm: float | None,
        autocast: torch.dtype | None,
        execution: Execution,
    ) -> None:
        self.codec = execution.lay_out_weights(codec).train()
        self.averaged = deepcopy(codec).eval()
        self.optimizer = optimizer(codec.parameters())
        device = next(codec.parameters()).device
        self.device = device
        self.updates = torch.zeros((), dtype=torch.int64, device=device)
        self.loss = torch.zeros((), device=device)
        self.skipped = torch.zeros((), device=device)
        self.execution = execution
        self._iterate = execution.compiled(codec.iterate)
        execution.fuse_gates(codec)
        self._average = moving_average(decay if decay is not None else 0.0)
        self._largest_norm = largest_norm if largest_norm is not None else math.inf
        self._autocast = autocast

    def set_rate(self, rate: float) -> None:
        """The learning rate of the next steps."""
        for group in self.optimizer.param_groups:
            if isinstance(group["lr"], Tensor):
                group["lr"].fill_(rate)
            else:
                group["lr"] = rate

    def run(self, images: Tensor, iterations: int, loss_of: Loss) -> None:
        """Train on uint8 images (B, 3, H, W), unrolled for some iterations, for a loss."""
        self.optimizer.zero_grad(set_to_none=True)
        signal = self.execution.lay_out(to_signal(images))
        kind, dtype = self.device.type, self._autocast
        with (
            torch.autocast(kind, dtype or torch.bfloat16, enabled=dtype is not None),
            self.execution.unrolling(self.codec),
        ):
            loss = loss_of(signal, self.codec.unroll(signal, iterations, self._iterate))
        loss.backward()
        finite = torch.isfinite(self._clip())
        self.optimizer.step()
        self.loss += torch.where(finite, loss.detach(), 0)
        self.skipped += ~finite
        self.updates += 1
        with torch.no_grad():
            pairs = list(self.averaged.parameters()), list(self.codec.parameters())
            self._average(*pairs, self.updates - 1)

    def _clip(self) -> Tensor:
        """Shorten the gradient; make it zero where it is not finite. Its norm before that."""
        norm = torch.nn.utils.clip_grad_norm_(self.codec.parameters(), self._largest_norm)
        # A norm that is not finite has made a NaN or a zero of every entry.
        for parameter in self.codec.parameters():
            if parameter.grad is not None:
                parameter.grad.nan_to_num_(0, 0, 0)
        return norm

    def read_loss(self) -> tuple[float, int]:
        """Sum of the losses since the last call, and steps skipped; waits for the device."""
        total, skipped = float(self.loss), int(self.skipped)
        self.loss.zero_()
        self.skipped.zero_()
        return total, skipped


class ReplayedStep:
    """A `TrainingStep` of CUDA, recorded once for each kind of step.

    Kernels of a recorded step start without the processor. All recordings share one memory pool:
    only one runs at a time, and none needs what another has left. The learning rate must be a
    tensor, the optimizer `capturable`. Random numbers follow the seed that is set before a replay.

    Args:
        step: what is recorded.
    """

    def __init__(self, step: TrainingStep) -> None:
        self.step = step
        self._stream = torch.cuda.Stream()
        self._pool = torch.cuda.graph_pool_handle()
        self._images: dict[torch.Size, Tensor] = {}
        self._graphs: dict[Kind, torch.cuda.CUDAGraph] = {}
        self._rehearsed: set[Kind] = set()

    def run(self, images: Tensor, iterations: int, loss_of: Loss) -> None:
        """As `TrainingStep.run`."""
        size = images.shape
        if size not in self._images:
            self._images[size] = images.clone(memory_format=torch.channels_last)
        self._images[size].copy_(images)
        kind, rehearsal = (size, iterations, loss_of), (size, self._rehearsal(iterations), loss_of)
        if rehearsal not in self._rehearsed:
            self._rehearsed.add(rehearsal)
            self._run_once(kind)
            return
        if kind not in self._graphs:
            self._graphs[kind] = self._record(kind)
        self._graphs[kind].replay()

    def _rehearsal(self, iterations: int) -> int:
        """What must have run unrecorded before a number of iterations can be recorded.

        All iterations after the first are alike, but for deferred weight gradients, whose products
        are as large as there are iterations.
        """
        return iterations if self.step.execution.deferred_weight_gradients else min(iterations, 2)

    def _run_once(self, kind: "Kind") -> None:
        """A step unrecorded: libraries choose kernels, compilers compile."""
        self._stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(self._stream):
            self._run(kind)
        torch.cuda.current_stream().wait_stream(self._stream)

    def _record(self, kind: "Kind") -> torch.cuda.CUDAGraph:
        """Record a step; nothing is computed, so nothing is trained by it."""
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph, pool=self._pool, stream=self._stream):
            self._run(kind)
        return graph

    def _run(self, kind: "Kind") -> None:
        size, iterations, loss_of = kind
        self.step.run(self._images[size], iterations, loss_of)


Kind = tuple[torch.Size, int, Loss]
"""What recorded steps differ in: shape of the images, number of iterations, loss."""
