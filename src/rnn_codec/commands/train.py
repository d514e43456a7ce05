"""Train a codec, then its entropy coder or restoration network.

For example: rnn-codec train cell=gru entropy=progressive. With codec=<run folder> only the entropy
coder or restoration network is trained, for the codec of that run.
"""

import os
from collections.abc import Sequence
from pathlib import Path

import torch
from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode
from lightning.pytorch.utilities import rank_zero_only
from omegaconf import DictConfig

from rnn_codec.commands.configured import run_configured, task_overrides
from rnn_codec.commands.resuming import PLACES, addable, resumed
from rnn_codec.configuration import options
from rnn_codec.errors import UserError, is_out_of_memory
from rnn_codec.models.find import family_of
from rnn_codec.models.protocol import FAMILIES, Family
from rnn_codec.overrides import hint
from rnn_codec.runs.folder import RunFolder
from rnn_codec.training.fitting import quieten_lightning
from rnn_codec.training.options import TrainerOptions
from rnn_codec.training.processes import (
    RUN_FOLDER_VARIABLE,
    check_numbers,
    check_processes,
    forget_foreign_ranks,
    is_first_process,
    new_run,
)
from rnn_codec.training.stages import train_stages


def train(config: DictConfig, run: RunFolder) -> None:
    """Train everything configured that is not trained yet, from checkpoints if there are any."""
    train_stages(family(config, run).stages(config, run))


def codec_to_extend(config: DictConfig) -> RunFolder:
    """The run that `codec=` names, after a check that there is something to add to its codec."""
    run = RunFolder(Path(config.codec))
    added = family_of(run.path).addition(config, run)
    if added.config.exists() and is_first_process():
        raise UserError(
            f"{added.path} already contains a training: resume it with "
            f"{hint('resume', added.path)}, or delete it"
        )
    os.environ[RUN_FOLDER_VARIABLE] = str(run.path)
    return run


def train_as_configured(config: DictConfig) -> None:
    """Set up the run, and train: the codec, unless it is given, then its other parts."""
    quieten_lightning()
    several = config.trainer.devices != 1 or config.trainer.num_nodes != 1
    # Lightning starts its processes with the same command line: each would repeat the multirun.
    if HydraConfig.get().mode == RunMode.MULTIRUN and several:
        raise UserError(
            "--multirun with trainer.devices other than 1 trains wrongly under DDP: "
            "start one process for each run instead"
        )
    config, run = prepared(config)
    try:
        train(config, run)
    except torch.OutOfMemoryError as error:
        raise UserError("the GPU's memory is too small: lower data.batch_size") from error
    except Exception as error:
        if not is_out_of_memory(error):
            raise
        raise UserError(
            "the training is too large for the available memory: lower data.batch_size or "
            "data.crop_size"
        ) from error
    rank_zero_only(print)(f"The trained codec is in {run.path}")


def prepared(config: DictConfig) -> tuple[DictConfig, RunFolder]:
    """The checked configuration, and the run to train; nothing is written yet."""
    run: RunFolder | None = None
    folder = config.codec if isinstance(config.codec, str) else config.output
    if config.resume is not None:
        config, run = resumed(config, task_overrides())
        folder = str(run.path)
    trainer = options(TrainerOptions, config.trainer)
    check_processes(trainer.devices, trainer.num_nodes, folder)
    forget_foreign_ranks(trainer.num_nodes)
    check_numbers(trainer.devices, trainer.num_nodes, trainer.strategy)
    if run is None and isinstance(config.codec, str):
        run = codec_to_extend(config)
    family(config, run).check(config, run)
    return config, run or new_run(config.output, config.output_root, config.name)


def family(config: DictConfig, run: RunFolder | None) -> Family:
    """The family of the codec that is configured, or that the run contains."""
    if isinstance(config.codec, str):
        assert run is not None
        return family_of(run.path)
    return FAMILIES[config.codec.family]


def main(words: Sequence[str]) -> None:
    # A resumed run may have data with folders that the default configuration lacks.
    run_configured(train_as_configured, "train", addable(words), more=PLACES)
