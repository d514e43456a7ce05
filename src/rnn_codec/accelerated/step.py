"""One training step, run as it is or recorded as a graph and replayed."""

from collections.abc import Callable, Iterable
from copy import deepcopy

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from rnn_codec.codec import RecurrentCodec, to_signal
from rnn_codec.training.averaging import moving_average
from rnn_codec.training.clipping import clip_gradients
from rnn_codec.training.execution import Execution
from rnn_codec.training.loss import residual_loss

BuildOptimizer = Callable[[Iterable[nn.Parameter]], Optimizer]


class TrainingStep:
    """Unroll, gradients, optimizer, moving average; nothing is read back from the device.

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
        self.execution = execution
        self._iterate = execution.compiled(codec.iterate)
        self._average = moving_average(decay if decay is not None else 0.0)
        self._largest_norm = largest_norm
        self._autocast = autocast

    def set_rate(self, rate: float) -> None:
        """The learning rate of the next steps."""
        for group in self.optimizer.param_groups:
            if isinstance(group["lr"], Tensor):
                group["lr"].fill_(rate)
            else:
                group["lr"] = rate

    def run(self, images: Tensor, iterations: int) -> None:
        """Train on uint8 images (B, 3, H, W), unrolled for some iterations."""
        self.optimizer.zero_grad(set_to_none=True)
        signal = self.execution.lay_out(to_signal(images))
        kind, dtype = self.device.type, self._autocast
        with (
            torch.autocast(kind, dtype or torch.bfloat16, enabled=dtype is not None),
            self.execution.unrolling(self.codec),
        ):
            loss = residual_loss(signal, self.codec.unroll(signal, iterations, self._iterate))
        loss.backward()
        clip_gradients(self.codec.parameters(), self._largest_norm)
        self.optimizer.step()
        self.loss += loss.detach()
        self.updates += 1
        with torch.no_grad():
            pairs = list(self.averaged.parameters()), list(self.codec.parameters())
            self._average(*pairs, self.updates - 1)

    def read_loss(self) -> float:
        """The sum of the losses since the last call; waits for the device."""
        total = float(self.loss)
        self.loss.zero_()
        return total


class ReplayedStep:
    """A `TrainingStep` of CUDA, recorded once for each number of iterations.

    Kernels of a recorded step start without the processor. All recordings share one memory pool:
    only one runs at a time. The learning rate must be a tensor, the optimizer `capturable`.

    Args:
        step: what is recorded.
        images: an example of a batch, uint8 (B, 3, H, W), on the device.
    """

    def __init__(self, step: TrainingStep, images: Tensor) -> None:
        self.step = step
        self._images = images.clone(memory_format=torch.channels_last)
        self._graphs: dict[int, torch.cuda.CUDAGraph] = {}

    def run(self, images: Tensor, iterations: int) -> None:
        """As `TrainingStep.run`."""
        self._images.copy_(images)
        if iterations in self._graphs:
            self._graphs[iterations].replay()
        else:
            self._run_once(iterations)
            self._graphs[iterations] = self._record(iterations)

    def _run_once(self, iterations: int) -> None:
        """The first step of its kind, unrecorded: libraries choose kernels, compilers compile."""
        stream = torch.cuda.Stream()
        stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(stream):
            self.step.run(self._images, iterations)
        torch.cuda.current_stream().wait_stream(stream)

    def _record(self, iterations: int) -> torch.cuda.CUDAGraph:
        """Record a step; nothing is computed, so nothing is trained by it."""
        graph = torch.cuda.CUDAGraph()
        others = list(self._graphs.values())
        with torch.cuda.graph(graph, pool=others[0].pool() if others else None):
            self.step.run(self._images, iterations)
        return graph
