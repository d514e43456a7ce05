"""The trainings that make a model, one after another, each in a folder of its own.

    Stage ── prepare ──> StageTraining ── fit ──> checkpoints ── export ──> weights, digest, cost

The family decides which stages there are: a codec and then its entropy coder, for example.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass

import lightning as L
from lightning.pytorch.utilities import rank_zero_only
from omegaconf import DictConfig
from torch import nn

from rnn_codec.configuration import plain
from rnn_codec.errors import is_of_a_file
from rnn_codec.files import write_json
from rnn_codec.machine import hardware, versions
from rnn_codec.runs.cost import TrainingCost
from rnn_codec.runs.folder import RunFolder, mark, unless_begun, write_config, write_digest
from rnn_codec.runs.precision import PRECISIONS
from rnn_codec.runs.weights import write_weights
from rnn_codec.training.building import build_logger
from rnn_codec.training.callbacks import TrainingClock
from rnn_codec.training.fitting import fit
from rnn_codec.training.identity import check_unchanged
from rnn_codec.training.options import TrainingOptions
from rnn_codec.training.processes import is_first_process
from rnn_codec.training.steps import Training


@dataclass(frozen=True)
class StageTraining:
    """The built parts of a stage, ready to train.

    Attributes:
        config: the configuration to write into the stage's folder.
        identity: the training's identity with its current options.
        begun_as: its identity with the options with which the stage's folder was begun.
        start: digest of the weights that the training starts from, if another run left them.
        learned: the network in `model` whose weights are exported.
        callbacks: callbacks in addition to those that every training has.
    """

    config: DictConfig
    options: TrainingOptions
    identity: str
    begun_as: str
    start: str | None
    model: Training
    learned: nn.Module
    data: L.LightningDataModule
    callbacks: Sequence[L.Callback]


def nothing_more(run: RunFolder) -> None:
    """Nothing to complete: the model consists of its weights alone."""


@dataclass(frozen=True)
class Stage:
    """One of the trainings that make a model."""

    run: RunFolder
    prepare: Callable[[], StageTraining]
    """Builds the training, once the stages before are done."""
    digest: Callable[[RunFolder], bytes]
    """Computes the digest of the exported files in a folder."""
    complete: Callable[[RunFolder], None] = nothing_more
    """Writes the files that the model needs besides its exported weights."""


def train_stages(stages: Sequence[Stage]) -> None:
    """Train the stages that are not done yet, and always the last: it may have been extended."""
    for stage in stages:
        if stage is stages[-1] or not stage.run.weights.is_file():
            train_stage(stage)


def train_stage(stage: Stage) -> None:
    """Train a stage, from its checkpoint if it has one, and export the trained weights.

    Raises:
        UserError: the folder contains another training; also the errors of `fit`.
    """
    run, training = stage.run, stage.prepare()
    model, trainer = training.model, training.options.trainer
    if is_first_process():
        check_unchanged(run, training.begun_as)
    clock = TrainingClock(trainer.max_time, model.progress, trainer.log_every_n_steps)

    def begun(error: Exception) -> bool:
        # Only the first process may decide that no step has been taken, now or earlier.
        if run.checkpoint.is_file() or not is_first_process():
            return True
        # Steps that could not be saved are lost.
        return clock.examples > 0 and not is_of_a_file(error)

    with unless_begun(run, begun):
        if is_first_process():
            write_config(run, plain(training.config))
            mark(run, training.identity, training.start)
        logger = build_logger(training.config, run)
        callbacks = [clock, *training.callbacks]
        fitted = fit(training.options, run, logger, callbacks, model, training.data)
    leave(stage, training, clock, fitted.global_step)
    # All processes read the weights in the next stage.
    fitted.strategy.barrier()


@rank_zero_only
def leave(stage: Stage, training: StageTraining, clock: TrainingClock, steps: int) -> None:
    """Write the cost of the training, the trained weights, and their digest."""
    cost = TrainingCost(
        identity=training.identity,
        seconds=clock.seconds,
        steps=steps,
        images=clock.examples,
        hardware=hardware(),
        versions=versions(),
    )
    write_json(stage.run.cost, asdict(cost))
    precision = PRECISIONS[training.options.export.dtype]
    write_weights(stage.run, training.learned.state_dict(), precision)
    stage.complete(stage.run)
    write_digest(stage.run, stage.digest(stage.run))
