"""A training whose steps are recorded on the GPU, once for each kind, and replayed.

Kernels of a recorded step (CUDA graph) start without the processor, which would otherwise be too
slow to keep a large GPU busy. Everything in a step is then fixed but what lies in memory: the
crops, the weights, the learning rate, the state of the optimizer and of the random numbers.

    crops ──> kind: their shape, iterations, phase ──> recorded? ──┬─ no: run it once, later record
                                                                   └─ yes: replay

On a processor, steps run as they are.
"""

from collections.abc import Callable
from typing import Any, TypeAlias

import torch
from lightning.pytorch.core.optimizer import LightningOptimizer
from torch import Tensor
from torch.optim import Optimizer

from rnn_codec.training.module import CodecTraining
from rnn_codec.training.phase import Phase

Kind: TypeAlias = tuple[torch.Size, int, int]
"""What recorded steps differ in: shape of the crops, number of iterations, first step of the phase.
"""
Step: TypeAlias = Callable[[Tensor], Tensor]
"""From crops (B, 3, S, S) to their loss, a scalar; it trains on them."""


class RecordedCodecTraining(CodecTraining):
    """Trains as `CodecTraining` does; the optimizer's step is part of `training_step`.

    Nothing in it waits for the device. It is for one process. The optimizer must be one whose step
    can be recorded: it has the option `capturable`, as Adam has.
    """

    recorder: "StepRecorder | None" = None

    def on_train_start(self) -> None:
        """Let a recorded step read the learning rate and count its steps on the device."""
        if self.device.type == "cuda":
            self.recorder = StepRecorder()
            # Few shapes come often: the fastest kernels are worth being looked for.
            torch.backends.cudnn.benchmark = True
            for group in self._optimizer.param_groups:
                rate = torch.as_tensor(group["lr"], dtype=torch.float32, device=self.device)
                group.update(lr=rate, capturable=True)

    def on_train_end(self) -> None:
        """Free the memory of what was recorded."""
        self.recorder = None

    def training_step(self, batch: Tensor, batch_idx: int) -> Tensor:
        """Train on one batch; return its loss."""
        phase, iterations = self.phase, self.iterations_of(self.global_step)

        def step(images: Tensor) -> Tensor:
            return self._train_on(images, iterations, phase)

        if self.recorder is None:
            loss = step(batch)
        else:
            kind = batch.shape, iterations, phase.first_step
            loss = self.recorder.run(kind, self._rehearsal(kind), batch, step)
        self.log("train/loss", loss, prog_bar=True)
        return loss

    def _train_on(self, images: Tensor, iterations: int, phase: Phase) -> Tensor:
        optimizer = self._optimizer
        optimizer.zero_grad()
        loss = self.loss_of(images, iterations, phase.loss)
        # Weights that autocast keeps would be those of this recording in every other.
        torch.clear_autocast_cache()
        with torch.autocast(images.device.type, enabled=False):
            loss.backward()
            self.clip_and_count(loss, self.trainer.gradient_clip_val)
            optimizer.step()
        return loss.detach()

    def _rehearsal(self, kind: Kind) -> Kind:
        """What must have run unrecorded before a kind of step can be recorded.

        All iterations after the first are alike, but for deferred weight gradients, whose products
        are as large as there are iterations.
        """
        shape, iterations, first_step = kind
        deferred = self.execution.deferred_weight_gradients
        return shape, iterations if deferred else min(iterations, 2), first_step

    @property
    def _optimizer(self) -> Optimizer:
        optimizer = self.optimizers(use_pl_optimizer=False)
        assert isinstance(optimizer, Optimizer)
        return optimizer

    def backward(self, loss: Tensor, *args: Any, **kwargs: Any) -> None:
        """Nothing: it is part of `training_step`."""

    def optimizer_step(
        self,
        epoch: int,
        batch_idx: int,
        optimizer: Optimizer | LightningOptimizer,
        optimizer_closure: Callable[[], Any] | None = None,
    ) -> None:
        """Nothing but `training_step`, of which the optimizer's step is part."""
        assert optimizer_closure is not None
        optimizer_closure()


class StepRecorder:
    """Records steps as CUDA graphs and replays them.

    All recordings share one memory pool: only one runs at a time, and none needs what another has
    left. The learning rate must be a tensor, the optimizer `capturable`. Random numbers follow the
    seed that is set before a replay.
    """

    def __init__(self) -> None:
        self._stream = torch.cuda.Stream()
        self._pool = torch.cuda.graph_pool_handle()
        self._images: dict[torch.Size, Tensor] = {}
        self._graphs: dict[Kind, tuple[torch.cuda.CUDAGraph, Tensor]] = {}
        self._rehearsed: set[Kind] = set()

    def run(self, kind: Kind, rehearsal: Kind, images: Tensor, step: Step) -> Tensor:
        """Do a step: unrecorded if its rehearsal has not run yet, else recorded now or before.

        Returns:
            The loss; the next step of the same kind overwrites it.
        """
        if images.shape not in self._images:
            self._images[images.shape] = images.clone(memory_format=torch.channels_last)
        fixed = self._images[images.shape].copy_(images)
        if rehearsal not in self._rehearsed:
            self._rehearsed.add(rehearsal)
            return self._rehearse(fixed, step)
        if kind not in self._graphs:
            self._graphs[kind] = self._record(fixed, step)
        graph, loss = self._graphs[kind]
        graph.replay()
        return loss

    def _rehearse(self, images: Tensor, step: Step) -> Tensor:
        """A step unrecorded: libraries choose kernels, compilers compile."""
        self._stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(self._stream):
            loss = step(images)
        torch.cuda.current_stream().wait_stream(self._stream)
        return loss.clone()

    def _record(self, images: Tensor, step: Step) -> tuple[torch.cuda.CUDAGraph, Tensor]:
        """Record a step; nothing is computed, so nothing is trained by it."""
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph, pool=self._pool, stream=self._stream):
            loss = step(images)
        return graph, loss
