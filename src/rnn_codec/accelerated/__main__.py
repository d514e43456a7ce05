"""python -m rnn_codec.accelerated run.yaml photographs.zip runs/mine --minutes 9"""

import argparse
import shutil
import sys
import time
from pathlib import Path
from typing import Any

import torch

from rnn_codec.accelerated.crops import DeviceCrops
from rnn_codec.accelerated.pack import Pixels, read_pack
from rnn_codec.accelerated.plain_config import build, read_plain_config
from rnn_codec.accelerated.speed import Probe, largest_useful_batch
from rnn_codec.accelerated.step import BuildOptimizer, ReplayedStep, TrainingStep
from rnn_codec.accelerated.training import (
    Recipe,
    TimedTraining,
    accelerated_identity,
    append_line,
)
from rnn_codec.account import TrainingAccount, write_account
from rnn_codec.benchmark.peak import matrix_product_rate
from rnn_codec.codec import RecurrentCodec
from rnn_codec.environment import hardware, versions
from rnn_codec.errors import UserError, exit_on_user_error
from rnn_codec.shards import load_shards, save_shards
from rnn_codec.training.execution import Execution

CONFIG, CHECKPOINT, LOG = "config.yaml", "checkpoints/accelerated.pt", "logs/accelerated.csv"
"""In the run's folder."""
PROBE_STEPS = 3
LARGEST_BATCH = 4096
SIDE_OF_A_PRODUCT = {"cpu": 1024, "cuda": 8192}
"""Of the matrices whose product is the measure of speed."""


def main(words: list[str]) -> None:
    """Train for a box of time; leave a run folder."""
    options = parse(words)
    config = read_plain_config(options.config)
    device = torch.device(options.device)
    if device.type == "cuda" and not torch.cuda.is_available():
        raise UserError("no GPU is to be found: train with --device cpu")
    training_pictures = read_pack(options.pack, "training")
    if options.probe:
        print_probes(probe(config, training_pictures, options.shrunk, device))
        return
    run = begin(options.run, options.config)
    begun = time.monotonic()
    training = prepare(config, training_pictures, options, device)
    print(f"prepared in {time.monotonic() - begun:.0f} s, at step {training.progress.step}")
    for line in training.run(60 * options.minutes, whole_seconds(config, options.minutes)):
        append_line(run / LOG, line)
        print(
            f"step {line.step}  loss {line.loss:.4f}  {line.images_per_second:.0f} crops/s  "
            f"{line.gmacs_per_second:.0f} GMAC/s, {line.fraction_of_peak:.0%} of the products' "
            f"rate  {line.memory_megabytes:.0f} MB",
            flush=True,
        )
    finish(run, config, training, options.pack)
    held_out = read_pack(options.pack, "validation")
    curve = training.validate(held_out) if held_out else []
    shown = "  ".join(f"{curve[k - 1]:.2f}" for k in (1, 2, 4, 8, 16) if curve)
    print(f"PSNR after 1, 2, 4, 8, 16 iterations, {len(held_out)} pictures held out: {shown}")
    state = "trained" if training.finished else "to go on: the same command again"
    print(f"{run}: step {training.progress.step} of {training.progress.total_steps}, {state}")


def parse(words: list[str]) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser("python -m rnn_codec.accelerated", description=__doc__)
    parser.add_argument("config", type=Path, help="written by train.py … --cfg job --resolve")
    parser.add_argument("pack", type=Path, help="written by src/pack_photographs.py")
    parser.add_argument("run", type=Path, help="folder of the run; one that is begun goes on")
    parser.add_argument("--minutes", type=float, default=9.0, help="box of time (9)")
    parser.add_argument("--device", default="cuda", help="cuda (default) or cpu")
    parser.add_argument("--shrunk", type=float, default=0.5, help="share of crops shrunk (0.5)")
    parser.add_argument("--probe", action="store_true", help="find the largest useful batch, end")
    return parser.parse_args(words)


def begin(run: Path, config: Path) -> Path:
    """Make the run's folder, or go on in it if it has the same configuration."""
    (run / "logs").mkdir(parents=True, exist_ok=True)
    kept = run / CONFIG
    if kept.exists() and kept.read_bytes() != config.read_bytes():
        raise UserError(f"{run} holds a run of another configuration: name another folder")
    if not kept.exists():
        shutil.copyfile(config, kept)
    return run


def prepare(
    config: dict[str, Any],
    pictures: list[Pixels],
    options: argparse.Namespace,
    device: torch.device,
) -> TimedTraining:
    """Everything that a training needs, on the device."""
    batch_size = config["data"]["batch_size"]
    dtype = torch.bfloat16 if device.type == "cuda" else torch.float32
    return TimedTraining(
        step=build_step(config, device),
        crops=build_crops(config, pictures, batch_size, options.shrunk, device),
        recipe=build_recipe(config),
        checkpoint=options.run / CHECKPOINT,
        peak=1e9 * matrix_product_rate(device, SIDE_OF_A_PRODUCT[device.type], dtype=dtype),
    )


def build_step(config: dict[str, Any], device: torch.device) -> TrainingStep:
    """The codec, from random weights or those of another run, and how it is trained."""
    torch.manual_seed(config["seed"])
    codec: RecurrentCodec = build(config["codec"])
    if config["start_from"] is not None:
        load_start(codec, Path(config["start_from"]))
    trainer = config["trainer"]
    return TrainingStep(
        codec=codec.to(device),
        optimizer=build_optimizer(config["optimizer"], device),
        decay=config["averaging"]["decay"],
        largest_norm=trainer["gradient_clip_val"],
        autocast=torch.bfloat16 if trainer["precision"] == "bf16-mixed" else None,
        execution=Execution(
            channels_last=trainer["channels_last"],
            compile=trainer["compile"],
            deferred_weight_gradients=trainer["deferred_weight_gradients"],
        ),
    )


def load_start(codec: RecurrentCodec, start: Path) -> None:
    """Take the weights that another run has exported; the optimizer begins anew."""
    weights = start / "weights.safetensors"
    if not weights.is_file():
        raise UserError(f"there are no weights to start from: {weights}")
    try:
        codec.load_state_dict({name: t.float() for name, t in load_shards(weights).items()})
    except RuntimeError as error:
        raise UserError(f"the weights in {start} belong to another architecture") from error


def build_optimizer(node: dict[str, Any], device: torch.device) -> BuildOptimizer:
    """The optimizer; on CUDA one whose step can be recorded."""
    optimizer: BuildOptimizer = build(node)
    if device.type != "cuda":
        return optimizer
    rate = torch.tensor(float(node["lr"]), device=device)
    return build(node | {"capturable": True, "lr": rate})


def build_crops(
    config: dict[str, Any],
    pictures: list[Pixels],
    batch_size: int,
    shrunk: float,
    device: torch.device,
) -> DeviceCrops:
    """The training pictures, on the device."""
    side, seed = config["data"]["crop_size"], config["seed"]
    return DeviceCrops(pictures, side, batch_size, round(shrunk * batch_size), seed, device)


def build_recipe(config: dict[str, Any]) -> Recipe:
    """The schedule and what else does not change."""
    schedule, takes_length = build(config["schedule"]), "total_steps" in config["schedule"]
    timed = config["trainer"]["max_time"] is not None

    def factor(step: int, total_steps: int) -> float:
        return schedule(step, total_steps=total_steps) if takes_length else schedule(step)

    return Recipe(
        iterations=(config["min_iterations"], config["max_iterations"]),
        seed=config["seed"],
        rate=config["optimizer"]["lr"],
        schedule=factor,
        max_steps=None if timed else config["trainer"]["max_steps"],
        log_every=config["trainer"]["log_every_n_steps"],
        save_every=60.0 * config["checkpoint"]["every_minutes"],
    )


def whole_seconds(config: dict[str, Any], minutes: float) -> float:
    """Time of all boxes together: trainer.max_time, or this box."""
    limit = config["trainer"]["max_time"]
    if limit is None:
        return 60 * minutes
    days, hours, mins, seconds = (int(part) for part in limit.split(":"))
    return ((days * 24 + hours) * 60 + mins) * 60.0 + seconds


def finish(run: Path, config: dict[str, Any], training: TimedTraining, pack: Path) -> None:
    """Write what a run folder holds: account and weights."""
    progress = training.progress
    account = TrainingAccount(
        identity=accelerated_identity(config, pack),
        seconds=progress.seconds,
        steps=progress.step,
        images=progress.step * training.crops.batch_size,
        hardware=hardware(),
        versions=versions(),
    )
    write_account(run / "training.json", account)
    (run / "identity").write_text(account.identity + "\n", encoding="ascii")
    dtype = getattr(torch, config["export"]["dtype"])
    state = training.step.averaged.state_dict()
    weights = {name: tensor.to("cpu", dtype).contiguous() for name, tensor in state.items()}
    save_shards(run / "weights.safetensors", weights, config["export"]["largest_megabytes"])


def probe(
    config: dict[str, Any], pictures: list[Pixels], shrunk: float, device: torch.device
) -> list[Probe]:
    """Batch sizes and how fast they train, the best last; all iterations are unrolled."""

    def images_per_second(batch_size: int) -> float:
        step = build_step(config, device)
        crops = build_crops(config, pictures, batch_size, shrunk, device)
        runner = ReplayedStep(step, crops.batch(0)) if device.type == "cuda" else step
        most = config["max_iterations"]
        runner.run(crops.batch(0), most)
        step.read_loss()
        begun = time.perf_counter()
        for number in range(PROBE_STEPS):
            runner.run(crops.batch(number), most)
        step.read_loss()
        return PROBE_STEPS * batch_size / (time.perf_counter() - begun)

    return largest_useful_batch(config["data"]["batch_size"], LARGEST_BATCH, images_per_second)


def print_probes(probes: list[Probe]) -> None:
    """Show what was tried."""
    for entry in probes:
        print(f"batch {entry.batch_size}: {entry.images_per_second:.0f} crops/s")
    print(f"the largest that pays: data.batch_size={probes[-1].batch_size}")


if __name__ == "__main__":
    with exit_on_user_error():
        main(sys.argv[1:])
