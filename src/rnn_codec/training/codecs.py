"""Parts that trainings of codecs of all families share: the run to start from, and the stage."""

from collections.abc import Sequence
from pathlib import Path

import lightning as L
from omegaconf import DictConfig, OmegaConf
from torch import nn

from rnn_codec.configuration import options, plain
from rnn_codec.data.modules import TrainingDataModule
from rnn_codec.errors import UserError
from rnn_codec.models.find import family_of, start_digest
from rnn_codec.models.protocol import FAMILIES
from rnn_codec.runs.folder import RunFolder, read_config
from rnn_codec.training.identity import training_identity
from rnn_codec.training.options import TrainingOptions
from rnn_codec.training.stages import StageTraining
from rnn_codec.training.steps import Training


def start_of(config: DictConfig, groups: Sequence[str]) -> RunFolder | None:
    """The run whose weights a training starts from; None if it starts from random ones.

    Args:
        groups: groups of options in which both runs must have made the same choice.

    Raises:
        UserError: the run is of another family, or has made another choice in a group.
    """
    if config.start_from is None:
        return None
    start = RunFolder(Path(config.start_from))
    if family_of(start.path) is not FAMILIES[config.codec.family]:
        raise UserError(
            f"start_from={start.path} is a codec of another family: start from one of "
            f"network={config.network.name}"
        )
    for group in groups:
        ours = OmegaConf.select(config, f"{group}.name")
        theirs = read_config(start).get(group, {}).get("name")
        if theirs is not None and theirs != ours:
            raise UserError(
                f"start_from={start.path} is a run of {group}={theirs}, this one is of "
                f"{group}={ours}: start from a run of the same {group}, or set {group}={theirs}"
            )
    return start


def codec_stage(
    config: DictConfig,
    run: RunFolder,
    model: Training,
    learned: nn.Module,
    data: TrainingDataModule,
    callbacks: Sequence[L.Callback],
) -> StageTraining:
    """The training of a codec on pictures, as configured, in the folder of its run."""
    start = start_digest(plain(config), run)
    identity = training_identity(plain(config), data.digest, start)
    begun = training_identity(read_config(run), data.digest, start) if run.config.is_file() else ""
    return StageTraining(
        config=config,
        options=options(TrainingOptions, config),
        identity=identity,
        begun_as=begun or identity,
        start=start,
        model=model,
        learned=learned,
        data=data,
        callbacks=callbacks,
    )
