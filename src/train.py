"""Train a codec and its entropy coder: python src/train.py cell=gru entropy=progressive.

All options: conf/. codec=<run folder> trains an entropy coder for the codec of that run.
"""

import logging
import os
import warnings
from collections.abc import Sequence
from pathlib import Path

import hydra
import lightning as L
import torch
from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode
from lightning.pytorch.callbacks import LearningRateMonitor, WeightAveraging
from lightning.pytorch.loggers import Logger
from lightning.pytorch.utilities import rank_zero_only
from omegaconf import DictConfig, OmegaConf
from torch import nn

from rnn_codec.codec import RecurrentCodec
from rnn_codec.commands.multirun import end_on_user_error
from rnn_codec.configuration import build_codec, build_context_model, instantiate, plain
from rnn_codec.data.blocks import draw_blocks
from rnn_codec.data.codes import CodesDataModule
from rnn_codec.data.crops import LateCrops
from rnn_codec.data.modules import TrainingDataModule
from rnn_codec.errors import StoppedError, UserError
from rnn_codec.machine import hardware, versions
from rnn_codec.runs.cost import TrainingAccount, write_account
from rnn_codec.runs.folder import (
    RunFolder,
    create_run_folder,
    mark,
    read_config,
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
from rnn_codec.training.averaging import moving_average
from rnn_codec.training.checkpoints import AtomicCheckpointIO, LastCheckpoint
from rnn_codec.training.clock import TrainingClock
from rnn_codec.training.coder_module import CoderTraining
from rnn_codec.training.execution import Execution
from rnn_codec.training.interruption import StopOnSignal
from rnn_codec.training.module import CodecTraining
from rnn_codec.training.phase import Phase
from rnn_codec.training.pictures import RateDistortionCurves, ReconstructionPictures
from rnn_codec.training.processes import check_processes, is_first_process
from rnn_codec.training.progress import StepProgressBar
from rnn_codec.training.throughput import Throughput, count_crops, count_images, count_positions
from rnn_codec.training.validated import ValidatedStep

CONFIGURATION = Path(__file__).parents[1] / "conf"

RUN_FOLDER_VARIABLE = "RNN_CODEC_RUN_FOLDER"
"""Tells the processes that DDP starts which folder the first one made."""

RESUMABLE_OPTIONS = ("trainer.", "logger.", "logger=", "checkpoint.")


def train(config: DictConfig, run: RunFolder) -> None:
    """Train a codec as configured, from the run's checkpoint if it has one."""
    model, data = build_model(config), build_data(config)
    if config.start_from is None and not run.checkpoint.is_file():
        start_from_photographs(model, config, data)
    identity = training_identity(plain(config), data.fingerprint)
    if is_first_process():
        if run.config.is_file():
            check_unchanged(run, training_identity(read_config(run), data.fingerprint))
        write_config(run, plain(config))
        mark(run, identity)
    clock = TrainingClock(count_images)
    callbacks = [
        clock,
        ReconstructionPictures(run.reconstructions),
        RateDistortionCurves(),
        Throughput(config.trainer.log_every_n_steps, "images", count_images),
    ]
    trainer = fit(config, run, model, data, callbacks)
    account(run, trainer, clock, identity)
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
    options = config.coder
    data = CodesDataModule(
        codec=load_codec(codec_run).to(coding_device(config)),
        pictures=instantiate(config.data),
        cache_dir=options.cache_dir,
        longest_side=options.longest_side,
        most_pictures=options.most_pictures,
        crop_size=options.crop_size,
        batch_size=options.batch_size,
        seed=config.seed,
    )
    L.seed_everything(config.seed, verbose=False)
    model = CoderTraining(
        build_context_model(config),
        instantiate(options.optimizer),
        instantiate(options.schedule),
        options.tied_steps,
    )
    steps = {key: options[key] for key in ("max_steps", "val_check_interval")}
    its_config = OmegaConf.merge(config, {"trainer": {**steps, "accumulate_grad_batches": 1}})
    assert isinstance(its_config, DictConfig)
    identity = coder_identity(plain(config), run_identity(codec_run))
    if is_first_process():
        check_unchanged(run, identity)
        write_config(run, plain(config))
        mark(run, identity)
    clock = TrainingClock(count_crops)
    throughput = Throughput(config.trainer.log_every_n_steps, "positions", count_positions)
    trainer = fit(its_config, run, model, data, [clock, throughput])
    account(run, trainer, clock, identity)
    export(config, run, model.model)


def coding_device(config: DictConfig) -> str:
    """Where pictures are coded for the training of an entropy coder: where it is trained."""
    return "cuda" if config.trainer.accelerator in {"gpu", "cuda"} else "cpu"


def fit(
    config: DictConfig,
    run: RunFolder,
    model: L.LightningModule,
    data: L.LightningDataModule,
    callbacks: Sequence[L.Callback],
) -> L.Trainer:
    """Fit until the last step or the time limit, from the run's checkpoint if it has one."""
    stop, validated = StopOnSignal(), ValidatedStep()
    trainer = build_trainer(config, run, [stop, validated, *callbacks])
    checkpoint = str(run.checkpoint) if run.checkpoint.is_file() else None
    trainer.fit(model, datamodule=data, ckpt_path=checkpoint, weights_only=True)
    if stop.signalled:
        raise stopped(run)
    if validated.step != trainer.global_step:
        trainer.validate(model, datamodule=data, verbose=False)
    return trainer


def stopped(run: RunFolder) -> UserError | SystemExit:
    """What ends a training that was told to stop: an error, but not under a W&B sweep.

    The sweep gave that trial up; its agent would end after five trials that seem to fail.
    """
    message = f"stopped; go on with: python src/train.py resume={run.path}"
    if "WANDB_SWEEP_ID" not in os.environ:
        return StoppedError(message)
    rank_zero_only(print)(message)
    return SystemExit(0)


@rank_zero_only
def account(run: RunFolder, trainer: L.Trainer, clock: TrainingClock, identity: str) -> None:
    """Write down what the training cost."""
    cost = TrainingAccount(
        identity=identity,
        seconds=clock.seconds,
        steps=trainer.global_step,
        images=clock.examples,
        hardware=hardware(),
        versions=versions(),
    )
    write_account(run.account, cost)


@rank_zero_only
def export(config: DictConfig, run: RunFolder, network: nn.Module) -> None:
    """Write the trained weights."""
    dtype = getattr(torch, config.export.dtype)
    write_weights(run, network, dtype, config.export.largest_megabytes)
    write_digest(run, run_digest(run) if isinstance(network, RecurrentCodec) else coder_digest(run))


def check(config: DictConfig) -> None:
    """Build everything once before the run's folder is made: a mistake leaves nothing behind."""
    if config.trainer.accelerator in {"gpu", "cuda"} and not torch.cuda.is_available():
        raise UserError("no GPU is to be found: train with trainer=cpu")
    build_model(config)
    build_data(config).prepare_data()


def build_data(config: DictConfig) -> TrainingDataModule:
    """The pictures, with the crops of the late part."""
    data: TrainingDataModule = instantiate(config.data)
    first_step = first_late_step(config)
    if first_step is not None:
        batch = first_step * config.trainer.accumulate_grad_batches
        data.change_crops(LateCrops(batch, config.late.crop_size, config.late.batch_size))
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


def start_from_photographs(
    model: CodecTraining, config: DictConfig, data: TrainingDataModule
) -> None:
    """Let the networks begin with what the training pictures look like: all processes alike."""
    training = data.split.training
    pictures = (training.image(index) for index in range(len(training)))
    model.codec.start_from(draw_blocks(pictures, config.blocks_per_picture, config.seed))


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
    return CodecTraining(
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


def build_trainer(config: DictConfig, run: RunFolder, callbacks: list[L.Callback]) -> L.Trainer:
    """The Lightning trainer of the group `trainer`."""
    options = config.trainer
    return L.Trainer(
        accelerator=options.accelerator,
        devices=options.devices,
        num_nodes=options.num_nodes,
        strategy=options.strategy,
        precision=options.precision,
        max_epochs=-1,
        max_steps=options.max_steps,
        max_time=options.max_time,
        val_check_interval=options.val_check_interval * options.accumulate_grad_batches,
        check_val_every_n_epoch=None,
        num_sanity_val_steps=0,
        log_every_n_steps=options.log_every_n_steps,
        gradient_clip_val=options.gradient_clip_val,
        accumulate_grad_batches=options.accumulate_grad_batches,
        # The data module gives every process its own part.
        use_distributed_sampler=False,
        enable_progress_bar=options.progress_bar,
        enable_model_summary=False,
        # LastCheckpoint keeps the checkpoint.
        enable_checkpointing=True,
        callbacks=[*callbacks, *build_callbacks(config, run)],
        plugins=[AtomicCheckpointIO()],
        logger=build_logger(config, run),
        default_root_dir=run.path,
    )


def build_logger(config: DictConfig, run: RunFolder) -> Logger:
    """The logger of the group `logger`, with the resolved configuration for those that keep it."""
    logger = instantiate(config.logger, save_dir=str(run.path))
    # The Trainer, which tells loggers which process they are in, is yet to come.
    if is_first_process():
        logger.log_hyperparams(OmegaConf.to_container(config, resolve=True))
    return logger


def build_callbacks(config: DictConfig, run: RunFolder) -> list[L.Callback]:
    """What every training has: averaging, checkpoints, the progress bar if it is wanted."""
    callbacks: list[L.Callback] = [
        LearningRateMonitor(logging_interval="step"),
        LastCheckpoint(run.checkpoint, config.checkpoint.every_minutes),
    ]
    if config.averaging.decay is not None:
        callbacks.append(WeightAveraging(multi_avg_fn=moving_average(config.averaging.decay)))
    if config.trainer.progress_bar:
        callbacks.append(StepProgressBar(refresh_rate=10))
    return callbacks


def resumed(config: DictConfig, overrides: list[str]) -> tuple[DictConfig, RunFolder]:
    """The configuration of the run to resume, with the overrides that a resumed run may have."""
    run = RunFolder(Path(config.resume))
    saved = OmegaConf.create(read_config(run))
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


def new_run(config: DictConfig) -> tuple[DictConfig, RunFolder]:
    """A folder for a new run; the processes of DDP share that of the first."""
    if not is_first_process():
        return config, RunFolder(Path(config.output or os.environ[RUN_FOLDER_VARIABLE]))
    if config.output is None:
        run = create_run_folder(Path(config.output_root), config.name)
    else:
        run = RunFolder(Path(config.output))
        if run.config.exists():
            raise UserError(
                f"{run.path} already holds a run: go on with it by resume={run.path}, "
                "or choose another output="
            )
        run.path.mkdir(parents=True, exist_ok=True)
    os.environ[RUN_FOLDER_VARIABLE] = str(run.path)
    return config, run


def codec_to_extend(config: DictConfig) -> RunFolder:
    """The run whose codec `codec=` names, if it can be given an entropy coder."""
    run = RunFolder(Path(config.codec))
    read_config(run)
    if config.entropy.model is None:
        raise UserError("codec= trains an entropy coder: choose one, as entropy=progressive")
    coder = run.coder(config.entropy.name)
    if coder.config.exists() and is_first_process():
        raise UserError(
            f"{coder.path} already holds a coder: go on with it by resume={coder.path}, "
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


def quieten_lightning() -> None:
    """Keep Lightning's advertisements and the warnings that no user can act on off the terminal."""
    logging.getLogger("lightning.pytorch").setLevel(logging.WARNING)
    warnings.filterwarnings("ignore", message=".*does not have many workers.*")
    # PerIterationMean has already added up over the processes.
    warnings.filterwarnings("ignore", message=".*sync_dist=True.*")
    warnings.filterwarnings("ignore", message=".*treespec, LeafSpec.*")
    # On every machine that has Slurm, whether it is wanted or not.
    warnings.filterwarnings("ignore", message=".*`srun` command is available.*")


@hydra.main(version_base="1.3", config_path=str(CONFIGURATION), config_name="train")
def main(config: DictConfig) -> None:
    """Set up the run's folder and train: the codec, unless it is given, then its coder."""
    with end_on_user_error():
        quieten_lightning()
        refuse_multirun_of_processes(config)
        if config.resume is not None:
            config, run = resumed(config, list(HydraConfig.get().overrides.task))
            check_processes(config.trainer.devices, config.trainer.num_nodes, str(run.path))
        elif isinstance(config.codec, str):
            check_processes(config.trainer.devices, config.trainer.num_nodes, config.codec)
            run = codec_to_extend(config)
        else:
            check_processes(config.trainer.devices, config.trainer.num_nodes, config.output)
            check(config)
            config, run = new_run(config)
        if not isinstance(config.codec, str):
            train_codec_of(config, run)
        if config.entropy.model is not None:
            config.codec = str(run.path)
            train_coder(config, run)
        rank_zero_only(print)(f"The trained codec is in {run.path}")


if __name__ == "__main__":
    main()
