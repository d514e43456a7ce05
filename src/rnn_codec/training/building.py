"""Builds the parts that all trainings share, and finds mistakes before the first step."""

import math
from pathlib import Path

import torch
from lightning.fabric.utilities.exceptions import MisconfigurationException
from lightning.pytorch.loggers import Logger
from omegaconf import DictConfig, OmegaConf

from rnn_codec.configuration import build, check_types, instantiate, options
from rnn_codec.data import DATA
from rnn_codec.data.crops import LateCrops
from rnn_codec.data.modules import TrainingDataModule
from rnn_codec.errors import UserError, reason
from rnn_codec.runs.folder import RunFolder
from rnn_codec.training.fitting import build_trainer
from rnn_codec.training.options import LateOptions, TrainingOptions
from rnn_codec.training.processes import is_first_process
from rnn_codec.training.schedules import Progress
from rnn_codec.training.steps import Training


def check_trainer(config: DictConfig) -> None:
    """Check the options that trainings of all families share."""
    found = options(TrainingOptions, config)
    check_types(config.logger)
    if found.trainer.on_gpu and not torch.cuda.is_available():
        raise UserError("no GPU was found: train with trainer=cpu")
    try:
        build_trainer(found, RunFolder(Path()), logger=False, callbacks=[])
    except (MisconfigurationException, ValueError, TypeError, RuntimeError) as error:
        raise UserError(f"an option of trainer is invalid: {reason(error)}") from error


def check_optimizer(model: Training, steps: int) -> None:
    """Check that the optimizer can be built, and that no learning rate is negative or infinite."""
    try:
        model.configure_optimizers()
    except (ValueError, TypeError, RuntimeError) as error:
        raise UserError(f"the optimizer cannot be built: {reason(error)}") from error
    for step in {0, steps // 2, steps - 1}:
        factor = model.schedule(step, step)
        if not 0 <= factor < math.inf:
            raise UserError(
                f"the schedule multiplies the learning rate by {factor:g} in step {step}: "
                "see the options of schedule"
            )


def late_options(config: DictConfig) -> LateOptions | None:
    """The options of the late part of a training; None if it has no late part."""
    return None if config.late.begins is None else options(LateOptions, config.late)


def build_progress(config: DictConfig) -> Progress:
    """The progress of a codec's training before its first step."""
    late = late_options(config)
    return Progress(config.trainer.max_steps, late.begins if late else None)


def build_data(config: DictConfig, progress: Progress) -> TrainingDataModule:
    """The pictures, with the way in which crops are drawn from them."""
    data = build(DATA, config.data)
    if not isinstance(data, TrainingDataModule):
        # A codec trained or chosen on Kodak could not be compared on it.
        raise UserError(
            "Kodak is for evaluation, never for training: train with data=photos, or with "
            "data=folder data.root=<folder of photographs>"
        )
    late, crops = late_options(config), None
    if late is not None:
        per_step = config.trainer.accumulate_grad_batches
        crops = LateCrops(
            lambda batch: progress.is_late(batch // per_step), late.crop_size, late.batch_size
        )
    data.draw_crops(config.seed, crops, config.trainer.crops_on_device)
    return data


def build_logger(config: DictConfig, run: RunFolder) -> Logger:
    """The logger of the group `logger`, which is given the resolved configuration."""
    logger = instantiate(config.logger, save_dir=str(run.path))
    # The Trainer, which tells loggers the rank of their process, does not exist yet.
    if is_first_process():
        logger.log_hyperparams(OmegaConf.to_container(config, resolve=True))
    return logger
