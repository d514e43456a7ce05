"""Builds what a training needs, on the device, from a resolved configuration."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from rnn_codec.accelerated.crops import DeviceCrops, DevicePictures
from rnn_codec.accelerated.pack import Pixels
from rnn_codec.accelerated.plain_config import build
from rnn_codec.accelerated.step import BuildOptimizer, TrainingStep
from rnn_codec.accelerated.training import Phase, Recipe
from rnn_codec.benchmark.peak import matrix_product_rate
from rnn_codec.codec import RecurrentCodec
from rnn_codec.data.blocks import draw_blocks
from rnn_codec.errors import UserError
from rnn_codec.runs.shards import load_shards
from rnn_codec.training.execution import Execution

SIDE_OF_A_PRODUCT = {"cpu": 1024, "cuda": 8192}
"""Of the matrices whose product is the measure of speed."""


def use(name: str) -> torch.device:
    """The device of that name, its libraries told to choose their kernels by timing them.

    Raises:
        UserError: there is none.
    """
    device = torch.device(name)
    if device.type == "cuda" and not torch.cuda.is_available():
        raise UserError("no GPU is to be found: train with --device cpu")
    torch.backends.cudnn.benchmark = True
    return device


def peak_rate(device: torch.device) -> float:
    """Multiply–accumulate operations a second of a large product, in bfloat16 on a GPU."""
    dtype = torch.bfloat16 if device.type == "cuda" else torch.float32
    return 1e9 * matrix_product_rate(device, SIDE_OF_A_PRODUCT[device.type], dtype=dtype)


def build_codec(config: dict[str, Any], pictures: Sequence[Pixels] = ()) -> RecurrentCodec:
    """The codec, from the weights of another run, or from the photographs that it trains on.

    Args:
        config: of the training.
        pictures: to begin with; none where it goes on from a checkpoint, or where only its speed
            counts.
    """
    torch.manual_seed(config["seed"])
    codec: RecurrentCodec = build(config["codec"])
    if config["start_from"] is not None:
        load_start(codec, Path(config["start_from"]))
    elif pictures:
        codec.start_from(draw_blocks(pictures, config["blocks_per_picture"], config["seed"]))
    return codec


def build_step(
    config: dict[str, Any], device: torch.device, pictures: Sequence[Pixels] = ()
) -> TrainingStep:
    """The codec, see `build_codec`, and how it is trained."""
    codec = build_codec(config, pictures)
    trainer = config["trainer"]
    names = ("channels_last", "compile", "compile_gates", "deferred_weight_gradients")
    return TrainingStep(
        codec=codec.to(device),
        optimizer=build_optimizer(config["optimizer"], device),
        decay=config["averaging"]["decay"],
        largest_norm=trainer["gradient_clip_val"],
        autocast=torch.bfloat16 if trainer["precision"] == "bf16-mixed" else None,
        execution=Execution(**{name: trainer[name] for name in names}),
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


def build_phases(
    config: dict[str, Any], pictures: Sequence[Pixels], device: torch.device
) -> list[Phase]:
    """What is trained on: the crops of the group `data`, later those of `accelerated.late`.

    Raises:
        UserError: the configuration is not one for this.
    """
    options = config.get("accelerated")
    if options is None:
        raise UserError("the configuration has no accelerated.*: add experiment=accelerator to it")
    on_device = DevicePictures(pictures, device)
    fewest, most = config["min_iterations"], config["max_iterations"]
    data, late = config["data"], options["late"]

    def phase(begins: float, crop_size: int, batch_size: int, fewest: int, loss: Any) -> Phase:
        shrunk = round(options["shrunk"] * batch_size)
        crops = DeviceCrops(on_device, crop_size, batch_size, shrunk, config["seed"])
        return Phase(begins, crops, (fewest, most), build(loss))

    if late is not None and late["min_iterations"] > most:
        raise UserError(
            f"accelerated.late.min_iterations={late['min_iterations']} is more than "
            f"max_iterations={most}"
        )
    phases = [phase(0.0, data["crop_size"], data["batch_size"], fewest, config["loss"])]
    if late is not None:
        names = ("begins", "crop_size", "batch_size", "min_iterations", "loss")
        phases.append(phase(*(late[name] for name in names)))
    return phases


def build_recipe(config: dict[str, Any]) -> Recipe:
    """The schedule and what else does not change."""
    schedule, takes_length = build(config["schedule"]), "total_steps" in config["schedule"]
    timed = config["trainer"]["max_time"] is not None

    def factor(step: int, total_steps: int) -> float:
        return schedule(step, total_steps=total_steps) if takes_length else schedule(step)

    return Recipe(
        seed=config["seed"],
        rate=config["optimizer"]["lr"],
        schedule=factor,
        max_steps=None if timed else config["trainer"]["max_steps"],
        log_every=config["trainer"]["log_every_n_steps"],
        save_every=60.0 * config["checkpoint"]["every_minutes"],
    )


def whole_seconds(config: dict[str, Any]) -> float | None:
    """Time of all boxes together, trainer.max_time; None for no limit."""
    limit = config["trainer"]["max_time"]
    if limit is None:
        return None
    days, hours, minutes, seconds = (int(part) for part in limit.split(":"))
    return ((days * 24 + hours) * 60 + minutes) * 60.0 + seconds
