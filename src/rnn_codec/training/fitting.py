"""Fits a Lightning module, from its checkpoint if there is one, with the common callbacks."""

import logging
import os
import warnings
from collections.abc import Sequence
from contextlib import suppress
from typing import Literal

import lightning as L
from lightning.pytorch.callbacks import LearningRateMonitor, Timer
from lightning.pytorch.loggers import Logger
from lightning.pytorch.utilities import rank_zero_only

from rnn_codec.errors import StoppedError, UserError
from rnn_codec.overrides import hint
from rnn_codec.runs.folder import RunFolder
from rnn_codec.training.averaging import WeightAveraging
from rnn_codec.training.callbacks import (
    StopOnDivergence,
    StopOnSignal,
    ValidatedStep,
    ValidationStoppedError,
)
from rnn_codec.training.checkpoints import AtomicCheckpointIO, LastCheckpoint
from rnn_codec.training.options import TrainingOptions
from rnn_codec.training.progress import step_progress


def fit(
    options: TrainingOptions,
    run: RunFolder,
    logger: Logger,
    callbacks: Sequence[L.Callback],
    model: L.LightningModule,
    data: L.LightningDataModule,
) -> L.Trainer:
    """Fit until the last step or the time limit, from the run's checkpoint if it has one.

    Raises:
        StoppedError: the process was told to stop; there is a checkpoint.
        DivergedError: the loss or the gradients stay non-finite.
    """
    stop, validated = StopOnSignal(), ValidatedStep()
    trainer = build_trainer(options, run, logger, [stop, validated, *callbacks])
    checkpoint = str(run.checkpoint) if run.checkpoint.is_file() else None
    with suppress(ValidationStoppedError):
        trainer.fit(model, datamodule=data, ckpt_path=checkpoint, weights_only=True)
        if not stop.signalled and validated.step != trainer.global_step:
            trainer.validate(model, datamodule=data, verbose=False)
    if stop.signalled:
        raise stopped(run)
    return trainer


def stopped(run: RunFolder) -> UserError | SystemExit:
    """The exception that ends a stopped training: an error, but exit status 0 under a W&B sweep.

    There the sweep has given up the trial; its agent would quit after five apparent failures.
    """
    message = f"stopped; resume with: rnn-codec train {hint('resume', run.path)}"
    if "WANDB_SWEEP_ID" not in os.environ:
        return StoppedError(message)
    rank_zero_only(print)(message)
    return SystemExit(0)


def build_trainer(
    options: TrainingOptions,
    run: RunFolder,
    logger: Logger | Literal[False],
    callbacks: Sequence[L.Callback],
) -> L.Trainer:
    """A trainer with `callbacks`, and with those that every training has."""
    trainer = options.trainer
    common: list[L.Callback] = [
        LearningRateMonitor(logging_interval="step"),
        StopOnDivergence(trainer.broken_steps, trainer.log_every_n_steps, run.checkpoint),
        LastCheckpoint(run.checkpoint, options.checkpoint.every_minutes),
        # Also without a limit: one that is set when the run is resumed includes the time before.
        Timer(trainer.max_time, interval="step"),
    ]
    if options.averaging.decay is not None:
        common.append(WeightAveraging(options.averaging.decay))
    if trainer.progress_bar:
        common.append(step_progress())
    return L.Trainer(
        accelerator=trainer.accelerator,
        devices=trainer.devices,
        num_nodes=trainer.num_nodes,
        strategy=trainer.strategy,
        precision=trainer.precision,
        max_epochs=-1,
        max_steps=trainer.max_steps,
        val_check_interval=trainer.val_check_interval * trainer.accumulate_grad_batches,
        check_val_every_n_epoch=None,
        num_sanity_val_steps=0,
        log_every_n_steps=trainer.log_every_n_steps,
        gradient_clip_val=trainer.gradient_clip_val,
        accumulate_grad_batches=trainer.accumulate_grad_batches,
        # The data module gives every process its own share.
        use_distributed_sampler=False,
        enable_progress_bar=trainer.progress_bar,
        enable_model_summary=False,
        # LastCheckpoint keeps the checkpoint.
        enable_checkpointing=True,
        callbacks=[*callbacks, *common],
        plugins=[AtomicCheckpointIO()],
        logger=logger,
        default_root_dir=run.path,
    )


def quieten_lightning() -> None:
    """Suppress Lightning's advertisements, and warnings that no user can act on."""
    logging.getLogger("lightning.pytorch").setLevel(logging.WARNING)
    warnings.filterwarnings("ignore", message=".*does not have many workers.*")
    # PerIterationMean has already summed over the processes.
    warnings.filterwarnings("ignore", message=".*sync_dist=True.*")
    warnings.filterwarnings("ignore", message=".*treespec, LeafSpec.*")
    # Appears on every machine with Slurm, whether Slurm is used or not.
    warnings.filterwarnings("ignore", message=".*`srun` command is available.*")
