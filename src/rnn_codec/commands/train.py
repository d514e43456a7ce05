"""Train a codec and its entropy coder.

For example: rnn-codec train cell=gru entropy=progressive. With codec=<run folder> the entropy coder
is trained alone, for the codec of that run.
"""

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import torch
from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode
from lightning.pytorch.utilities import rank_zero_only
from omegaconf import DictConfig
from torch import nn

from rnn_codec.codec import RecurrentCodec
from rnn_codec.commands.building import (
    build_coder_model,
    build_codes,
    build_data,
    build_logger,
    build_model,
    check,
    check_coder,
    check_trainer,
    load_start,
    tell_iterations,
    trainer_options,
    upkeep,
)
from rnn_codec.commands.configured import run_configured, task_overrides
from rnn_codec.commands.resuming import addable, resumed
from rnn_codec.configuration import plain
from rnn_codec.data.blocks import draw_blocks
from rnn_codec.data.modules import TrainingDataModule
from rnn_codec.errors import UserError
from rnn_codec.overrides import hint, literal
from rnn_codec.runs.folder import RunFolder, mark, read_config, unless_begun, write_config
from rnn_codec.runs.identity import (
    check_unchanged,
    coder_digest,
    coder_identity,
    run_digest,
    run_identity,
    start_digest,
    training_identity,
    write_digest,
)
from rnn_codec.runs.precision import PRECISIONS
from rnn_codec.runs.weights import load_codec, write_weights
from rnn_codec.training.clock import TrainingClock
from rnn_codec.training.fitting import fit, quieten_lightning, record_cost
from rnn_codec.training.pictures import RateDistortionCurves, ReconstructionPictures
from rnn_codec.training.processes import (
    RUN_FOLDER_VARIABLE,
    check_processes,
    forget_foreign_ranks,
    is_first_process,
    new_run,
)
from rnn_codec.training.throughput import Throughput, count_crops, count_images, count_positions


def train(config: DictConfig, run: RunFolder) -> None:
    """Train a codec as configured, from the run's checkpoint if it has one."""
    model, data = build_model(config), build_data(config)
    if not run.checkpoint.is_file():
        begin(config, model.codec, data)
    start = start_digest(plain(config), run)
    identity = training_identity(plain(config), data.digest, start)
    if is_first_process() and run.config.is_file():
        check_unchanged(run, training_identity(read_config(run), data.digest, start))
    trainer, clock = trainer_options(config), TrainingClock(count_images)
    callbacks = [
        clock,
        ReconstructionPictures(run.reconstructions),
        RateDistortionCurves(),
        Throughput(trainer.log_every_n_steps, "images", count_images),
    ]
    with unless_begun(run, lambda: has_begun(run, clock)):
        if is_first_process():
            write_config(run, plain(config))
            mark(run, identity, start)
        logger = build_logger(config, run)
        fitted = fit(trainer, upkeep(config), run, logger, callbacks, model, data)
    record_cost(run, fitted, clock, identity)
    export(config, run, model.codec)
    # All processes read the weights when the coder is trained.
    fitted.strategy.barrier()


def has_begun(run: RunFolder, clock: TrainingClock) -> bool:
    """Whether a step has been taken, now or before; only the first process may say no."""
    return clock.examples > 0 or run.checkpoint.is_file() or not is_first_process()


def begin(config: DictConfig, codec: RecurrentCodec, data: TrainingDataModule) -> None:
    """The weights at the start: of another run, of photographs, or as they are."""
    if config.start_from is not None:
        load_start(config, codec)
        return
    images = data.split.training
    pictures = (images.image(index) for index in range(len(images)))
    # All processes alike.
    codec.start_from(draw_blocks(pictures, config.blocks_per_picture, config.seed))


def train_codec_of(config: DictConfig, run: RunFolder) -> None:
    """Train a run's codec, unless it is trained and only its coder is left to do."""
    if config.entropy.model is None or not run.weights.is_file():
        train(config, run)


def train_coder(config: DictConfig, codec_run: RunFolder) -> None:
    """Train the entropy coder of the group `entropy` for the codec of a run, on its codes."""
    run, common = codec_run.coder(config.entropy.name), trainer_options(config)
    # Pictures are coded where the coder is trained.
    codec = load_codec(codec_run).to("cuda" if common.on_gpu else "cpu")
    tell_iterations(config, codec)
    model, data = build_coder_model(config), build_codes(config, codec, build_data(config))
    trainer = replace(
        common,
        max_steps=config.coder.max_steps,
        val_check_interval=config.coder.val_check_interval,
        accumulate_grad_batches=1,
    )
    identity = coder_identity(plain(config), run_identity(codec_run))
    if is_first_process():
        check_unchanged(run, identity)
    clock = TrainingClock(count_crops)
    callbacks = [clock, Throughput(trainer.log_every_n_steps, "positions", count_positions)]
    with unless_begun(run, lambda: has_begun(run, clock)):
        if is_first_process():
            write_config(run, plain(config))
            mark(run, identity)
        logger = build_logger(config, run)
        fitted = fit(trainer, upkeep(config), run, logger, callbacks, model, data)
    record_cost(run, fitted, clock, identity)
    export(config, run, model.model)


@rank_zero_only
def export(config: DictConfig, run: RunFolder, network: nn.Module) -> None:
    """Write the trained weights."""
    write_weights(run, network.state_dict(), PRECISIONS[config.export.dtype])
    write_digest(run, run_digest(run) if isinstance(network, RecurrentCodec) else coder_digest(run))


def codec_to_extend(config: DictConfig) -> RunFolder:
    """The run whose codec `codec=` names, if it can be given an entropy coder."""
    run = RunFolder(Path(config.codec))
    read_config(run)
    if config.entropy.model is None:
        raise UserError("codec= trains an entropy coder: choose one, as entropy=progressive")
    coder = run.coder(config.entropy.name)
    if coder.config.exists() and is_first_process():
        raise UserError(
            f"{coder.path} already holds a coder: go on with it by {hint('resume', coder.path)}, "
            "or delete it"
        )
    os.environ[RUN_FOLDER_VARIABLE] = str(run.path)
    return run


def refuse_multirun_of_processes(config: DictConfig) -> None:
    """Lightning starts its processes by the same command line: each would replay the multirun."""
    several = config.trainer.devices != 1 or config.trainer.num_nodes != 1
    if HydraConfig.get().mode == RunMode.MULTIRUN and several:
        raise UserError(
            "--multirun with trainer.devices other than 1 trains wrongly under DDP: "
            "start one process for each run instead"
        )


def train_as_configured(config: DictConfig) -> None:
    """Set up the run and train: the codec, unless it is given, then its coder."""
    quieten_lightning()
    refuse_multirun_of_processes(config)
    config, run = begun_run(config) if config.resume is not None else new_training(config)
    try:
        if not isinstance(config.codec, str):
            train_codec_of(config, run)
        if config.entropy.model is not None:
            config.codec = literal(str(run.path))
            train_coder(config, run)
    except torch.OutOfMemoryError as error:
        raise UserError("the GPU's memory is too small: lower data.batch_size") from error
    rank_zero_only(print)(f"The trained codec is in {run.path}")


def begun_run(config: DictConfig) -> tuple[DictConfig, RunFolder]:
    """What `resume=` names, checked; nothing is written yet."""
    config, run = resumed(config, task_overrides())
    check_together(config, str(run.path))
    if isinstance(config.codec, str):
        check_coder_alone(config, run)
    else:
        check(config, run)
    return config, run


def new_training(config: DictConfig) -> tuple[DictConfig, RunFolder]:
    """What is to be trained, and where, checked; nothing is written yet."""
    if isinstance(config.codec, str):
        check_together(config, config.codec)
        run = codec_to_extend(config)
        check_coder_alone(config, run)
        return config, run
    check_together(config, config.output)
    check(config)
    return config, new_run(config.output, config.output_root, config.name)


def check_together(config: DictConfig, folder: str | None) -> None:
    """The processes that train together, if there are several, know of each other."""
    trainer = trainer_options(config)
    check_processes(trainer.devices, trainer.num_nodes, folder)
    forget_foreign_ranks(trainer.num_nodes)


def check_coder_alone(config: DictConfig, run: RunFolder) -> None:
    """All that an entropy coder's training needs, for a codec that is there."""
    check_trainer(config)
    data = build_data(config)
    data.prepare_data()
    check_coder(config, load_codec(run), data)


def main(words: Sequence[str]) -> None:
    """Train as configured."""
    run_configured(train_as_configured, "train", addable(words))
