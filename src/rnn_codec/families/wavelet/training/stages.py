"""The trainings that make a model: of its prior and of its restoration network."""

import copy
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from omegaconf import DictConfig

from rnn_codec.configuration import options, plain
from rnn_codec.families.wavelet import weights
from rnn_codec.families.wavelet.restoration import graph
from rnn_codec.families.wavelet.restoration.folder import RESTORED
from rnn_codec.families.wavelet.restoration.network import Restoration
from rnn_codec.families.wavelet.training.building import (
    build_model,
    build_restoration_model,
    is_restored,
    load_start,
)
from rnn_codec.families.wavelet.training.options import RestorationOptions
from rnn_codec.overrides import literal
from rnn_codec.runs.folder import RunFolder
from rnn_codec.runs.weights import load_weights, read_weights
from rnn_codec.training.building import build_data, build_progress
from rnn_codec.training.codecs import codec_stage
from rnn_codec.training.identity import counted, identity_of
from rnn_codec.training.options import TrainingOptions
from rnn_codec.training.stages import Stage, StageTraining


def stages(config: DictConfig, run: RunFolder) -> list[Stage]:
    """The stages of a run: the prior, unless it is given, and the restoration network, if any."""
    found = []
    if not isinstance(config.codec, str):
        prior = partial(prior_training, config, run)
        found.append(Stage(run, prior, weights.digest, weights.export_engine))
    if is_restored(config):
        restoration = partial(restoration_training, config, run)
        folder = run.restoration(RESTORED)
        found.append(Stage(folder, restoration, graph.digest, graph.export))
    return found


def prior_training(config: DictConfig, run: RunFolder) -> StageTraining:
    progress = build_progress(config)
    model, data = build_model(config, progress), build_data(config, progress)
    if not run.checkpoint.is_file():
        load_start(config, model.prior)
    return codec_stage(config, run, model, model.prior, data, callbacks=[])


def restoration_training(config: DictConfig, codec_run: RunFolder) -> StageTraining:
    """The training of a restoration network, which sees only the transform of the codec."""
    config = copy.deepcopy(config)
    config.codec = literal(str(codec_run.path))
    common, own = options(TrainingOptions, config), options(RestorationOptions, config.restoration)
    trainer = replace(
        common.trainer,
        max_steps=own.max_steps,
        val_check_interval=own.val_check_interval,
        precision=own.precision,
    )
    config.data.crop_size, config.data.batch_size = own.crop_size, own.batch_size
    model = build_restoration_model(config)
    data = build_data(config, build_progress(config))
    start = _begin(config, codec_run.restoration(RESTORED), model.restoration)
    identity = restoration_identity(plain(config), data.digest, start)
    return StageTraining(
        config=config,
        options=replace(common, trainer=trainer),
        identity=identity,
        begun_as=identity,
        start=start,
        model=model,
        learned=model.restoration,
        data=data,
        callbacks=[],
    )


def _begin(config: DictConfig, run: RunFolder, network: Restoration) -> str | None:
    """Load the weights that the network starts from, if any; their digest, or None if random.

    Raises:
        UserError: the run to start from has no weights, or those of another network.
    """
    if run.start.is_file():
        return run.start.read_text(encoding="ascii").strip()
    if config.start_from is None:
        return None
    start = RunFolder(Path(config.start_from)).restoration(RESTORED)
    if not start.path.is_dir():
        # The prior may start from a codec without a restoration network.
        return None
    load_weights(network, read_weights(start), start)
    return graph.digest(start).hex()


def restoration_identity(config: Mapping[str, Any], data: str, start: str | None) -> str:
    """16 hexadecimal digits that differ between trainings of restoration networks.

    Arguments are those of `training_identity`.
    """
    own = [config["restoration"], config["gained_crops"], config["seed"]]
    return identity_of([own, counted(config)["data"], data, start])
