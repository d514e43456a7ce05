"""The trainings that make a model, one after another, each in a folder of its own.

    Stage ── prepare ──> StageTraining ── fit ──> checkpoints ── export ──> weights, digest, cost

What they are is the model's affair: a codec and then its entropy coder, for example.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import lightning as L
import torch
from lightning.pytorch.loggers import Logger
from lightning.pytorch.utilities import rank_zero_only
from torch import nn

from rnn_codec.runs.folder import RunFolder, mark, unless_begun, write_config, write_digest
from rnn_codec.runs.weights import write_weights
from rnn_codec.training.callbacks import TrainingClock
from rnn_codec.training.fitting import fit, record_cost
from rnn_codec.training.identity import check_unchanged
from rnn_codec.training.options import TrainerOptions, Upkeep
from rnn_codec.training.processes import is_first_process
from rnn_codec.training.steps import Training


@dataclass(frozen=True)
class StageTraining:
    """What a stage trains, built, and how.

    Attributes:
        config: the resolved configuration, for the stage's folder.
        identity: of the training.
        begun_as: the identity that the options give with which the stage's folder was begun.
        start: digest of the weights that the training starts from, if they are another run's.
        model: what is trained.
        data: what it is trained and validated on.
        trainer: how it is run.
        clock: one of the callbacks.
        callbacks: the others.
        logger: builds what figures go to, once there is a folder.
        learned: the network in `model` whose weights are exported.
    """

    config: Mapping[str, Any]
    identity: str
    begun_as: str
    start: str | None
    model: Training
    data: L.LightningDataModule
    trainer: TrainerOptions
    clock: TrainingClock
    callbacks: Sequence[L.Callback]
    logger: Callable[[], Logger]
    learned: nn.Module


@dataclass(frozen=True)
class Stage:
    """One of the trainings that make a model.

    Attributes:
        run: its folder.
        prepare: builds what is trained, once the stages before are done.
        digest: of what has been exported into the folder.
    """

    run: RunFolder
    prepare: Callable[[], StageTraining]
    digest: Callable[[RunFolder], bytes]


def train_stages(stages: Sequence[Stage], upkeep: Upkeep, precision: torch.dtype) -> None:
    """Train the stages that are not done yet, and in any case the last: it may be made longer."""
    for stage in stages:
        if stage is stages[-1] or not stage.run.weights.is_file():
            train_stage(stage, upkeep, precision)


def train_stage(stage: Stage, upkeep: Upkeep, precision: torch.dtype) -> None:
    """Train a stage, from its checkpoint if it has one, and export what it has learned.

    Args:
        stage: what is trained.
        upkeep: what is done beside the steps.
        precision: of the exported weights.

    Raises:
        UserError: the folder holds another training.
        StoppedError: the process was told to end; there is a checkpoint.
        DivergedError: the loss, or the gradients, stay not finite.
    """
    run, training = stage.run, stage.prepare()
    if is_first_process():
        check_unchanged(run, training.begun_as)
    callbacks = [training.clock, *training.callbacks]
    with unless_begun(run, lambda: has_begun(run, training.clock)):
        if is_first_process():
            write_config(run, training.config)
            mark(run, training.identity, training.start)
        logger = training.logger()
        fitted = fit(
            training.trainer, upkeep, run, logger, callbacks, training.model, training.data
        )
    record_cost(run, fitted, training.clock, training.identity)
    export(stage, training.learned, precision)
    # All processes read the weights in the next stage.
    fitted.strategy.barrier()


def has_begun(run: RunFolder, clock: TrainingClock) -> bool:
    """Whether a step has been taken, now or before; only the first process may say no."""
    return clock.examples > 0 or run.checkpoint.is_file() or not is_first_process()


@rank_zero_only
def export(stage: Stage, network: nn.Module, precision: torch.dtype) -> None:
    """Write the trained weights, and their digest."""
    write_weights(stage.run, network.state_dict(), precision)
    write_digest(stage.run, stage.digest(stage.run))
