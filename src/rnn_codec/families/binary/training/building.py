"""Builds the trainings of this family, as configured; finds mistakes before the first step."""

from pathlib import Path

import lightning as L
import torch
from omegaconf import DictConfig, OmegaConf

from rnn_codec.configuration import build, check_types, instantiate, options, plain
from rnn_codec.data.modules import TrainingDataModule
from rnn_codec.errors import UserError
from rnn_codec.families.binary import weights
from rnn_codec.families.binary.codec import RecurrentCodec
from rnn_codec.families.binary.entropy.context_model import CONTEXT_MODELS, ContextModel
from rnn_codec.families.binary.training.codec_module import CodecTraining
from rnn_codec.families.binary.training.coder_module import CoderTraining
from rnn_codec.families.binary.training.codes import CodesDataModule
from rnn_codec.families.binary.training.losses import LOSSES
from rnn_codec.families.binary.weights import load_codec
from rnn_codec.runs.folder import RunFolder, read_config
from rnn_codec.runs.weights import load_weights, read_weights
from rnn_codec.training.building import build_data, build_progress, check_optimizer, check_trainer
from rnn_codec.training.options import CoderOptions, Execution, RunOptions
from rnn_codec.training.schedules import SCHEDULES, Phase, Progress


def check(config: DictConfig, run: RunFolder | None = None) -> None:
    """Build everything once before anything is written: a mistake leaves nothing behind.

    Args:
        config: of the training of a codec, and perhaps of its entropy coder; or of that alone.
        run: the run that is resumed, or whose codec is given a coder; None for a new one.

    Raises:
        UserError: an option has a value that it cannot have.
    """
    check_trainer(config)
    if isinstance(config.codec, str):
        assert run is not None
        data = build_data(config, build_progress(config))
        data.prepare_data()
        check_coder(config, load_codec(run), data)
        return
    options(RunOptions, config)
    progress = build_progress(config)
    model, data = build_model(config, progress), build_data(config, progress)
    check_optimizer(model, config.trainer.max_steps)
    check_losses(model, config)
    check_crops(model.codec, config)
    data.prepare_data()
    if run is None or not run.checkpoint.is_file():
        load_start(config, model.codec)
    if config.entropy.model is not None:
        check_coder(config, model.codec, data)


def check_coder(config: DictConfig, codec: RecurrentCodec, pictures: TrainingDataModule) -> None:
    """The options of an entropy coder's training, hours before it begins."""
    tell_iterations(config, codec)
    check_optimizer(build_coder_model(config), config.coder.max_steps)
    build_codes(config, codec, pictures).check_sizes()


def check_losses(model: CodecTraining, config: DictConfig) -> None:
    """Each part's loss can be computed of its crops; tried with a grey one."""
    sizes = [config.data.crop_size, OmegaConf.select(config, "late.crop_size")]
    for phase, size in zip(model.phases, sizes, strict=False):
        signal = torch.zeros(1, 3, size, size)
        loss = phase.loss(signal, [signal + 0.5] * phase.fewest_iterations)
        if not loss.isfinite():
            raise UserError("the loss is not a finite number: see the options of loss")


def check_crops(codec: RecurrentCodec, config: DictConfig) -> None:
    """Crops can be cut into the blocks that are coded."""
    patch = codec.reconstruction.patch
    crops = {"data.crop_size": config.data.crop_size}
    if config.late.begins is not None:
        crops["late.crop_size"] = config.late.crop_size
    for option, size in crops.items():
        if size % patch:
            raise UserError(
                f"{option} must be a multiple of {patch} with recon={config.recon.name}, not {size}"
            )


def load_start(config: DictConfig, codec: RecurrentCodec) -> None:
    """The weights of the run that a training starts from, if it does.

    Raises:
        UserError: they are of another network, cell or framework.
    """
    if config.start_from is None:
        return
    start = RunFolder(Path(config.start_from))
    for group in ("network", "cell", "recon"):
        ours = OmegaConf.select(config, f"{group}.name")
        theirs = read_config(start).get(group, {}).get("name")
        if theirs is not None and theirs != ours:
            raise UserError(
                f"start_from={start.path} is a run of {group}={theirs}, this one is of "
                f"{group}={ours}: start from a run of the same {group}, or set {group}={theirs}"
            )
    load_weights(codec, read_weights(start), start)


def build_phases(config: DictConfig) -> list[Phase]:
    """What is trained, one part after another."""
    fewest, most = config.min_iterations, config.max_iterations
    phases = [Phase(fewest, most, build(LOSSES, config.loss))]
    if config.late.begins is not None:
        phases.append(Phase(config.late.min_iterations, most, build(LOSSES, config.late.loss)))
    return phases


def build_model(config: DictConfig, progress: Progress) -> CodecTraining:
    """The codec, its weights random, and how it is trained."""
    L.seed_everything(config.seed, verbose=False)
    return CodecTraining(
        codec=build_codec(config),
        optimizer=instantiate(config.optimizer),
        schedule=build(SCHEDULES, config.schedule),
        progress=progress,
        phases=build_phases(config),
        seed=config.seed,
        execution=options(Execution, config.trainer),
        stopped_crops=config.stopped_crops,
    )


def tell_iterations(config: DictConfig, codec: RecurrentCodec) -> None:
    """Write into the configuration how many iterations the context model has to know.

    The folder of the coder keeps it, so that the model can be built without the codec.
    """
    config.entropy.model.iterations = codec.iterations


def build_coder_model(config: DictConfig) -> CoderTraining:
    """The context model, its weights random, and how it is trained."""
    L.seed_everything(config.seed, verbose=False)
    return CoderTraining(
        build_context_model(config),
        instantiate(config.coder.optimizer),
        build(SCHEDULES, config.coder.schedule),
        Progress(config.coder.max_steps, late_begins=None),
    )


def build_codes(
    config: DictConfig, codec: RecurrentCodec, pictures: TrainingDataModule
) -> CodesDataModule:
    """The codes that an entropy coder is trained on."""
    coder = options(CoderOptions, config.coder)
    return CodesDataModule(
        codec=codec,
        pictures=pictures,
        cache_dir=coder.cache_dir,
        longest_side=coder.longest_side,
        most_pictures=coder.most_pictures,
        crop_size=coder.crop_size,
        batch_size=coder.batch_size,
        stops=coder.stops,
        seed=config.seed,
    )


def build_codec(config: DictConfig) -> RecurrentCodec:
    """The codec of a configuration, untrained."""
    for part, registry in weights.PARTS.items():
        check_types(config.codec[part], registry)
    return weights.build_codec(plain(config.codec))


def build_context_model(config: DictConfig) -> ContextModel:
    """The context model of a configuration, untrained."""
    check_types(config.entropy.model, CONTEXT_MODELS)
    return CONTEXT_MODELS.build(plain(config.entropy.model))
