"""Train a codec and its entropy coder.

For example: rnn-codec train cell=gru entropy=progressive. With codec=<run folder> the entropy coder
is trained alone, for the codec of that run.
"""

import os
import time
from collections.abc import Sequence
from dataclasses import fields, replace
from pathlib import Path

import lightning as L
import torch
from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode
from lightning.pytorch.loggers import Logger
from lightning.pytorch.utilities import rank_zero_only
from omegaconf import DictConfig, OmegaConf
from torch import nn

from rnn_codec.codec import RecurrentCodec
from rnn_codec.commands.configured import run_configured, task_overrides
from rnn_codec.configuration import build_codec, build_context_model, instantiate, plain
from rnn_codec.data.blocks import draw_blocks
from rnn_codec.data.codes import CodesDataModule
from rnn_codec.data.crops import LateCrops
from rnn_codec.data.modules import TrainingDataModule
from rnn_codec.errors import UserError
from rnn_codec.overrides import hint, literal, literals
from rnn_codec.runs.folder import (
    RunFolder,
    mark,
    read_config,
    read_training,
    write_config,
)
from rnn_codec.runs.identity import (
    check_unchanged,
    coder_digest,
    coder_identity,
    run_digest,
    run_identity,
    training_identity,
    write_digest,
)
from rnn_codec.runs.weights import load_codec, load_weights, read_weights, write_weights
from rnn_codec.training.clock import TrainingClock
from rnn_codec.training.coder_module import CoderTraining
from rnn_codec.training.execution import Execution
from rnn_codec.training.fitting import TrainerOptions, Upkeep, fit, quieten_lightning, record_cost
from rnn_codec.training.module import CodecTraining
from rnn_codec.training.pace import measure_pace, steps_within, timer_text
from rnn_codec.training.phase import Phase
from rnn_codec.training.pictures import RateDistortionCurves, ReconstructionPictures
from rnn_codec.training.processes import (
    RUN_FOLDER_VARIABLE,
    check_processes,
    is_first_process,
    new_run,
)
from rnn_codec.training.recorded import RecordedCodecTraining
from rnn_codec.training.throughput import Throughput, count_crops, count_images, count_positions

RESUMABLE_OPTIONS = ("trainer.", "logger.", "logger=", "checkpoint.")


def train(config: DictConfig, run: RunFolder) -> None:
    """Train a codec as configured, from the run's checkpoint if it has one."""
    model, data = build_model(config), build_data(config)
    if config.start_from is None and not run.checkpoint.is_file():
        # All processes alike.
        images = data.split.training
        pictures = (images.image(index) for index in range(len(images)))
        model.codec.start_from(draw_blocks(pictures, config.blocks_per_picture, config.seed))
    identity = training_identity(plain(config), data.digest)
    if is_first_process():
        if run.config.is_file():
            check_unchanged(run, training_identity(read_config(run), data.digest))
        write_config(run, plain(config))
        mark(run, identity)
    options, clock = trainer_options(config), TrainingClock(count_images)
    callbacks = [
        clock,
        ReconstructionPictures(run.reconstructions),
        RateDistortionCurves(),
        Throughput(options.log_every_n_steps, "images", count_images),
    ]
    logger = build_logger(config, run)
    trainer = fit(options, upkeep(config), run, logger, callbacks, model, data)
    record_cost(run, trainer, clock, identity)
    export(config, run, model.codec)
    # All processes read the weights when the coder is trained.
    trainer.strategy.barrier()


def train_codec_of(config: DictConfig, run: RunFolder) -> None:
    """Train a run's codec, unless it is trained and only its coder is left to do."""
    if config.entropy.model is None or not run.weights.is_file():
        train(config, run)


def train_coder(config: DictConfig, codec_run: RunFolder) -> None:
    """Train the entropy coder of the group `entropy` for the codec of a run, on its codes."""
    run = codec_run.coder(config.entropy.name)
    coder, common = config.coder, trainer_options(config)
    data = CodesDataModule(
        # Pictures are coded where the coder is trained.
        codec=load_codec(codec_run).to("cuda" if common.on_gpu else "cpu"),
        pictures=build_data(config),
        cache_dir=coder.cache_dir,
        longest_side=coder.longest_side,
        most_pictures=coder.most_pictures,
        crop_size=coder.crop_size,
        batch_size=coder.batch_size,
        seed=config.seed,
    )
    L.seed_everything(config.seed, verbose=False)
    model = CoderTraining(
        build_context_model(config),
        instantiate(coder.optimizer),
        instantiate(coder.schedule),
        coder.tied_steps,
    )
    options = replace(
        common,
        max_steps=coder.max_steps,
        val_check_interval=coder.val_check_interval,
        accumulate_grad_batches=1,
    )
    identity = coder_identity(plain(config), run_identity(codec_run))
    if is_first_process():
        check_unchanged(run, identity)
        write_config(run, plain(config))
        mark(run, identity)
    clock = TrainingClock(count_crops)
    throughput = Throughput(options.log_every_n_steps, "positions", count_positions)
    logger = build_logger(config, run)
    trainer = fit(options, upkeep(config), run, logger, [clock, throughput], model, data)
    record_cost(run, trainer, clock, identity)
    export(config, run, model.model)


def trainer_options(config: DictConfig) -> TrainerOptions:
    """The options of the group `trainer` that Lightning's trainer has."""
    names = [field.name for field in fields(TrainerOptions)]
    return TrainerOptions(**{name: config.trainer[name] for name in names})


def upkeep(config: DictConfig) -> Upkeep:
    """What is done beside the steps."""
    return Upkeep(config.checkpoint.every_minutes, config.averaging.decay)


@rank_zero_only
def export(config: DictConfig, run: RunFolder, network: nn.Module) -> None:
    """Write the trained weights."""
    dtype = getattr(torch, config.export.dtype)
    write_weights(run, network.state_dict(), dtype)
    write_digest(run, run_digest(run) if isinstance(network, RecurrentCodec) else coder_digest(run))


def plan_for_time(config: DictConfig) -> None:
    """Set `trainer.max_steps` so that all ends `trainer.minutes` from now: see `pace`.

    Should steps become slower than they were measured, `trainer.max_time` ends the training.
    """
    begun, options = time.monotonic(), config.trainer
    if options.devices != 1 or options.num_nodes != 1:
        raise UserError("trainer.minutes is for one process: set trainer.max_steps instead")
    phases = build_phases(config)
    ends = [*(phase.first_step for phase in phases[1:]), options.max_steps]
    paces = []
    for phase, crops, end in zip(phases, (config.data, config.late), ends, strict=False):
        sizes = {"crop_size": crops.crop_size, "batch_size": crops.batch_size}
        alone = OmegaConf.merge(config, {"data": sizes, "late": {"begins": None}})
        assert isinstance(alone, DictConfig)
        share = (end - phase.first_step) / options.max_steps
        model, data = build_model(alone), build_data(alone)
        paces.append(
            measure_pace(share, phase, model, data, trainer_options(config), upkeep(config))
        )
    minutes = options.minutes - (time.monotonic() - begun) / 60
    options.max_steps = steps_within(minutes, paces)
    options.max_time = options.max_time or timer_text(minutes)
    times = ", ".join(f"{1000 * pace.step:.0f} ms" for pace in paces)
    print(f"{options.max_steps} steps of {times} fit into {options.minutes:g} minutes", flush=True)


def check(config: DictConfig) -> None:
    """Build everything once before the run's folder is made: a mistake leaves nothing behind."""
    if trainer_options(config).on_gpu and not torch.cuda.is_available():
        raise UserError("no GPU is to be found: train with trainer=cpu")
    build_model(config)
    build_data(config).prepare_data()


def build_data(config: DictConfig) -> TrainingDataModule:
    """The pictures, and how crops are drawn."""
    data = instantiate(config.data)
    if not isinstance(data, TrainingDataModule):
        # A codec trained or chosen on Kodak could not be compared on it.
        raise UserError(
            "Kodak is for evaluation, never for training: train with data=photos, or with "
            "data=folder data.root=<folder of photographs>"
        )
    first_step, late = first_late_step(config), None
    if first_step is not None:
        batch = first_step * config.trainer.accumulate_grad_batches
        late = LateCrops(batch, config.late.crop_size, config.late.batch_size)
    # Runs that began before the option was there can be resumed.
    data.draw_crops(config.seed, late, config.trainer.get("crops_on_device", False))
    return data


def first_late_step(config: DictConfig) -> int | None:
    """The first step of the late part; None if there is none."""
    begins = OmegaConf.select(config, "late.begins")
    return None if begins is None else round(begins * config.trainer.max_steps)


def refuse_another_network(config: DictConfig, start: RunFolder) -> None:
    """Weights to start from must be of the same network, cell and framework."""
    for group in ("network", "cell", "recon"):
        ours = OmegaConf.select(config, f"{group}.name")
        theirs = read_config(start).get(group, {}).get("name")
        if theirs is not None and theirs != ours:
            raise UserError(
                f"start_from={start.path} is a run of {group}={theirs}, this one is of "
                f"{group}={ours}: start from a run of the same {group}, or set {group}={theirs}"
            )


def build_phases(config: DictConfig) -> list[Phase]:
    """What is trained, one part after another."""
    fewest, most = config.min_iterations, config.max_iterations
    phases = [Phase(0, fewest, most, instantiate(config.loss))]
    first_step = first_late_step(config)
    if first_step is not None:
        loss = instantiate(config.late.loss)
        phases.append(Phase(first_step, config.late.min_iterations, most, loss))
    return phases


def build_model(config: DictConfig) -> CodecTraining:
    """The codec and how it is trained."""
    L.seed_everything(config.seed, verbose=False)
    codec = build_codec(config)
    if config.start_from is not None:
        start = RunFolder(Path(config.start_from))
        refuse_another_network(config, start)
        load_weights(codec, read_weights(start), start)
    return training_class(config)(
        codec=codec,
        optimizer=instantiate(config.optimizer),
        schedule=instantiate(config.schedule),
        phases=build_phases(config),
        seed=config.seed,
        execution=Execution(
            channels_last=config.trainer.channels_last,
            compile=config.trainer.compile,
            # Runs that began before the option was there can be resumed.
            compile_gates=config.trainer.get("compile_gates", False),
            deferred_weight_gradients=config.trainer.deferred_weight_gradients,
        ),
    )


def training_class(config: DictConfig) -> type[CodecTraining]:
    """Whether steps are recorded; only the whole step of one process can be."""
    options = config.trainer
    # Runs that began before the option was there can be resumed.
    if not options.get("recorded", False):
        return CodecTraining
    if options.devices != 1 or options.num_nodes != 1 or options.accumulate_grad_batches != 1:
        raise UserError(
            "trainer.recorded is for one process and one batch a step: set it to false, or "
            "trainer.devices, trainer.num_nodes and trainer.accumulate_grad_batches to 1"
        )
    return RecordedCodecTraining


def build_logger(config: DictConfig, run: RunFolder) -> Logger:
    """The logger of the group `logger`, with the resolved configuration for those that keep it."""
    logger = instantiate(config.logger, save_dir=str(run.path))
    # The Trainer, which tells loggers which process they are in, is yet to come.
    if is_first_process():
        logger.log_hyperparams(OmegaConf.to_container(config, resolve=True))
    return logger


def resumed(config: DictConfig, overrides: list[str]) -> tuple[DictConfig, RunFolder]:
    """The configuration of the run to resume, with the overrides that a resumed run may have."""
    run = RunFolder(Path(config.resume))
    saved = OmegaConf.create(literals(read_training(run)))
    for override in overrides:
        if override.startswith("resume="):
            continue
        if not override.startswith(RESUMABLE_OPTIONS):
            raise UserError(
                f"resume= goes on with a run as it was configured, so {override} cannot be set: "
                "only trainer.*, logger.* and checkpoint.* can"
            )
        saved.merge_with_dotlist([override])
    return saved, run.codec_run if isinstance(saved.codec, str) else run


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
    """Set up the run's folder and train: the codec, unless it is given, then its coder."""
    quieten_lightning()
    refuse_multirun_of_processes(config)
    if config.resume is not None:
        config, run = resumed(config, task_overrides())
        check_processes(config.trainer.devices, config.trainer.num_nodes, str(run.path))
    elif isinstance(config.codec, str):
        check_processes(config.trainer.devices, config.trainer.num_nodes, config.codec)
        run = codec_to_extend(config)
    else:
        check_processes(config.trainer.devices, config.trainer.num_nodes, config.output)
        check(config)
        if config.trainer.minutes is not None:
            plan_for_time(config)
        run = new_run(config.output, config.output_root, config.name)
    try:
        if not isinstance(config.codec, str):
            train_codec_of(config, run)
        if config.entropy.model is not None:
            config.codec = literal(str(run.path))
            train_coder(config, run)
    except torch.OutOfMemoryError as error:
        raise UserError("the GPU's memory is too small: lower data.batch_size") from error
    rank_zero_only(print)(f"The trained codec is in {run.path}")


def main(words: Sequence[str]) -> None:
    """Train as configured."""
    run_configured(train_as_configured, "train", words)
