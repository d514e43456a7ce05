"""Builds the trainings of this family from a configuration, and checks it before the first step."""

import lightning as L
import torch
from omegaconf import DictConfig

from rnn_codec.configuration import build, check_types, instantiate, options, plain
from rnn_codec.data.modules import TrainingDataModule
from rnn_codec.errors import UserError
from rnn_codec.families.binary import weights
from rnn_codec.families.binary.codec import RecurrentCodec
from rnn_codec.families.binary.entropy.context_model import CONTEXT_MODELS, ContextModel
from rnn_codec.families.binary.training.codec_module import CodecTraining, Phase
from rnn_codec.families.binary.training.coder_module import CoderTraining
from rnn_codec.families.binary.training.codes import CodesDataModule
from rnn_codec.families.binary.training.losses import LOSSES
from rnn_codec.families.binary.training.options import CodecOptions, CoderOptions
from rnn_codec.families.binary.weights import load_codec
from rnn_codec.runs.folder import RunFolder
from rnn_codec.runs.weights import load_weights, read_weights
from rnn_codec.training.building import build_data, build_progress, check_optimizer, check_trainer
from rnn_codec.training.codecs import start_of
from rnn_codec.training.options import Execution
from rnn_codec.training.schedules import SCHEDULES, Progress


def check(config: DictConfig, run: RunFolder | None = None) -> None:
    """Build everything once before anything is written, so that mistakes leave no files behind.

    See `Family.check`.
    """
    check_trainer(config)
    progress = build_progress(config)
    data = build_data(config, progress)
    if isinstance(config.codec, str):
        assert run is not None
        codec = load_codec(run)
    else:
        model = build_model(config, progress)
        codec = model.codec
        check_optimizer(model, config.trainer.max_steps)
        check_crops(model, config)
        if run is None or not run.checkpoint.is_file():
            load_start(config, codec)
    data.prepare_data()
    if config.entropy.model is not None:
        check_optimizer(build_coder_model(config, codec), config.coder.max_steps)
        build_codes(config, codec, data).check_sizes()


def check_crops(model: CodecTraining, config: DictConfig) -> None:
    """Check that each part's crops are made of complete blocks and that its loss is finite.

    The loss is computed for a grey crop.
    """
    patch = model.codec.reconstruction.patch
    for phase, group in zip(model.phases, ("data", "late"), strict=False):
        size = config[group].crop_size
        if size % patch:
            raise UserError(
                f"{group}.crop_size must be a multiple of {patch} with recon={config.recon.name}, "
                f"not {size}"
            )
        signal = torch.zeros(1, 3, size, size)
        loss = phase.loss(signal, [signal + 0.5] * phase.fewest_iterations)
        if not loss.isfinite():
            raise UserError("the loss is not a finite number: see the options of loss")


def load_start(config: DictConfig, codec: RecurrentCodec) -> None:
    """Load the weights of the run in `start_from`, if there is one; raises as `start_of`."""
    start = start_of(config, ("network", "cell", "recon"))
    if start is not None:
        load_weights(codec, read_weights(start), start)


def build_model(config: DictConfig, progress: Progress) -> CodecTraining:
    """The training of a codec with random weights."""
    own, most = options(CodecOptions, config), config.max_iterations
    phases = [Phase(own.min_iterations, most, build(LOSSES, config.loss))]
    if config.late.begins is not None:
        phases.append(Phase(config.late.min_iterations, most, build(LOSSES, config.late.loss)))
    L.seed_everything(config.seed, verbose=False)
    return CodecTraining(
        codec=build_codec(config),
        optimizer=instantiate(config.optimizer),
        schedule=build(SCHEDULES, config.schedule),
        progress=progress,
        phases=phases,
        seed=config.seed,
        execution=options(Execution, config.trainer),
        stopped_crops=own.stopped_crops,
    )


def build_coder_model(config: DictConfig, codec: RecurrentCodec) -> CoderTraining:
    """The training of a codec's context model, with random weights.

    Writes the number of iterations into `config`. The coder's folder keeps this configuration, so
    the model can later be built without the codec.
    """
    config.entropy.model.iterations = codec.iterations
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
    return CodesDataModule(codec, pictures, options(CoderOptions, config.coder), config.seed)


def build_codec(config: DictConfig) -> RecurrentCodec:
    for part, registry in weights.PARTS.items():
        check_types(config.codec[part], registry)
    return weights.build_codec(plain(config.codec))


def build_context_model(config: DictConfig) -> ContextModel:
    check_types(config.entropy.model, CONTEXT_MODELS)
    return CONTEXT_MODELS.build(plain(config.entropy.model))
