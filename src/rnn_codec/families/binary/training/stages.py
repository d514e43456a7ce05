"""The training stages of a recurrent model: its codec, then its entropy coder."""

import copy
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from omegaconf import DictConfig

from rnn_codec.configuration import options, plain
from rnn_codec.data.modules import TrainingDataModule
from rnn_codec.families.binary.codec import RecurrentCodec
from rnn_codec.families.binary.identity import digest, run_identity
from rnn_codec.families.binary.training.blocks import draw_blocks
from rnn_codec.families.binary.training.building import (
    build_coder_model,
    build_codes,
    build_model,
    load_start,
)
from rnn_codec.families.binary.training.options import CoderOptions
from rnn_codec.families.binary.training.pictures import RateDistortionCurves, ReconstructionPictures
from rnn_codec.families.binary.weights import load_codec
from rnn_codec.overrides import literal
from rnn_codec.runs.folder import RunFolder
from rnn_codec.training.building import build_data, build_progress
from rnn_codec.training.codecs import codec_stage
from rnn_codec.training.identity import identity_of, without_incidental
from rnn_codec.training.options import TrainingOptions
from rnn_codec.training.stages import Stage, StageTraining


def stages(config: DictConfig, run: RunFolder) -> list[Stage]:
    """The stages for a codec's run: the codec, unless it is given, and its entropy coder."""
    found = []
    if not isinstance(config.codec, str):
        found.append(Stage(run, partial(codec_training, config, run), digest))
    if config.entropy.model is not None:
        coder = run.coder(config.entropy.name)
        found.append(Stage(coder, partial(coder_training, config, run), digest))
    return found


def codec_training(config: DictConfig, run: RunFolder) -> StageTraining:
    progress = build_progress(config)
    model, data = build_model(config, progress), build_data(config, progress)
    if not run.checkpoint.is_file():
        begin(config, model.codec, data)
    callbacks = [ReconstructionPictures(run.reconstructions), RateDistortionCurves()]
    return codec_stage(config, run, model, model.codec, data, callbacks)


def begin(config: DictConfig, codec: RecurrentCodec, data: TrainingDataModule) -> None:
    """Initialise the codec's weights from another run or from photographs.

    Designs that do not start from photographs keep their random weights.
    """
    if config.start_from is not None:
        load_start(config, codec)
        return
    images = data.split.training
    pictures = (images.image(index) for index in range(len(images)))
    # The seed makes all processes draw the same blocks.
    codec.start_from(draw_blocks(pictures, config.blocks_per_picture, config.seed))


def coder_training(config: DictConfig, codec_run: RunFolder) -> StageTraining:
    """The training of the entropy coder in the group `entropy`, on the codes of a run's codec."""
    config = copy.deepcopy(config)
    config.codec = literal(str(codec_run.path))
    common, own = options(TrainingOptions, config), options(CoderOptions, config.coder)
    trainer = replace(
        common.trainer,
        max_steps=own.max_steps,
        val_check_interval=own.val_check_interval,
        accumulate_grad_batches=1,
    )
    # Pictures are coded on the device where the coder is trained.
    codec = load_codec(codec_run).to("cuda" if trainer.on_gpu else "cpu")
    model = build_coder_model(config, codec)
    identity = coder_identity(plain(config), run_identity(codec_run))
    return StageTraining(
        config=config,
        options=replace(common, trainer=trainer),
        identity=identity,
        begun_as=identity,
        start=None,
        model=model,
        learned=model.model,
        data=build_codes(config, codec, build_data(config, build_progress(config))),
        callbacks=[],
    )


def coder_identity(config: Mapping[str, Any], codec: str) -> str:
    """The identity of an entropy coder's training: 16 hexadecimal digits.

    `config` is as in `training_identity`; `codec` is the identity of the codec's own training.
    """
    entropy = dict(config["entropy"])
    if isinstance(entropy.get("model"), Mapping):
        # A context model's number of iterations follows from the codec.
        entropy["model"] = {k: v for k, v in entropy["model"].items() if k != "iterations"}
    own = without_incidental(config["coder"], CoderOptions)
    return identity_of([entropy, own, config["seed"], codec])
