"""Builds what a configuration of `train` describes; finds mistakes before the first step."""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import lightning as L
import torch
from lightning.fabric.utilities.exceptions import MisconfigurationException
from lightning.pytorch.loggers import Logger
from omegaconf import DictConfig, OmegaConf

from rnn_codec.configuration import (
    build,
    build_codec,
    build_context_model,
    check_types,
    instantiate,
    options,
)
from rnn_codec.data import DATA
from rnn_codec.data.crops import LateCrops
from rnn_codec.data.modules import TrainingDataModule
from rnn_codec.errors import UserError, reason
from rnn_codec.families.binary.codec import RecurrentCodec
from rnn_codec.families.binary.training.codec_module import CodecTraining
from rnn_codec.families.binary.training.coder_module import CoderTraining
from rnn_codec.families.binary.training.codes import CodesDataModule
from rnn_codec.families.binary.training.losses import LOSSES
from rnn_codec.runs.folder import RunFolder, read_config
from rnn_codec.runs.weights import load_weights, read_weights
from rnn_codec.training.fitting import build_trainer
from rnn_codec.training.options import (
    CoderOptions,
    Execution,
    ExportOptions,
    LateOptions,
    RunOptions,
    TrainerOptions,
    Upkeep,
)
from rnn_codec.training.processes import is_first_process
from rnn_codec.training.schedules import SCHEDULES, Phase, Progress
from rnn_codec.training.steps import Training


def check(config: DictConfig, run: RunFolder | None = None) -> None:
    """Build everything once before anything is written: a mistake leaves nothing behind.

    Args:
        config: of the training of a codec, and perhaps of its entropy coder.
        run: the run that is gone on with; None for a new one.

    Raises:
        UserError: an option has a value that it cannot have.
    """
    check_trainer(config)
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


def check_trainer(config: DictConfig) -> None:
    """What trainings of codecs and of coders have in common."""
    trainer = trainer_options(config)
    options(ExportOptions, config.export)
    check_types(config.logger)
    if trainer.on_gpu and not torch.cuda.is_available():
        raise UserError("no GPU is to be found: train with trainer=cpu")
    with lightning_errors_explained():
        build_trainer(trainer, upkeep(config), RunFolder(Path()), logger=False, callbacks=[])


def check_coder(config: DictConfig, codec: RecurrentCodec, pictures: TrainingDataModule) -> None:
    """The options of an entropy coder's training, hours before it begins."""
    tell_iterations(config, codec)
    check_optimizer(build_coder_model(config), config.coder.max_steps)
    build_codes(config, codec, pictures).check_sizes()


def check_optimizer(model: Training, steps: int) -> None:
    """The optimizer can be built, and no step goes backwards."""
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


@contextmanager
def lightning_errors_explained() -> Iterator[None]:
    """What Lightning does not accept, as one sentence."""
    try:
        yield
    except (MisconfigurationException, ValueError, TypeError, RuntimeError) as error:
        raise UserError(f"an option of trainer cannot be: {reason(error)}") from error


def trainer_options(config: DictConfig) -> TrainerOptions:
    """The options of the group `trainer` that Lightning's trainer has."""
    return options(TrainerOptions, config.trainer)


def upkeep(config: DictConfig) -> Upkeep:
    """What is done beside the steps."""
    names = {
        "checkpoint_minutes": "checkpoint.every_minutes",
        "average_decay": "averaging.decay",
    }
    return options(Upkeep, config, **names)


def build_progress(config: DictConfig) -> Progress:
    """How far a codec's training is: not begun."""
    begins = None
    if config.late.begins is not None:
        begins = options(LateOptions, config.late).begins
    return Progress(config.trainer.max_steps, begins)


def build_data(config: DictConfig, progress: Progress) -> TrainingDataModule:
    """The pictures, and how crops are drawn."""
    data = build(DATA, config.data)
    if not isinstance(data, TrainingDataModule):
        # A codec trained or chosen on Kodak could not be compared on it.
        raise UserError(
            "Kodak is for evaluation, never for training: train with data=photos, or with "
            "data=folder data.root=<folder of photographs>"
        )
    late = None
    if config.late.begins is not None:
        is_late = partial(batch_is_late, progress, config.trainer.accumulate_grad_batches)
        late = LateCrops(is_late, config.late.crop_size, config.late.batch_size)
    data.draw_crops(config.seed, late, config.trainer.crops_on_device)
    return data


def batch_is_late(progress: Progress, batches_per_step: int, batch: int) -> bool:
    """Whether a batch, by its number, is of a step of the late part."""
    return progress.is_late(batch // batches_per_step)


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


def build_logger(config: DictConfig, run: RunFolder) -> Logger:
    """The logger of the group `logger`, with the resolved configuration for those that keep it."""
    logger = instantiate(config.logger, save_dir=str(run.path))
    # The Trainer, which tells loggers which process they are in, is yet to come.
    if is_first_process():
        logger.log_hyperparams(OmegaConf.to_container(config, resolve=True))
    return logger
