"""The number of operations of a configuration's trainings, without coding and measuring."""

from copy import deepcopy

import torch
from omegaconf import DictConfig, OmegaConf
from torch.utils.flop_counter import FlopCounterMode

from rnn_codec.families.binary.code import CODE_DEPTH
from rnn_codec.families.binary.complexity import TRAINING_FACTOR, macs_per_pixel
from rnn_codec.families.binary.entropy.context_model import ContextModel
from rnn_codec.families.binary.training.building import build_codec, build_context_model
from rnn_codec.families.binary.training.codes import WHOLE


def training_macs(config: DictConfig) -> dict[str, float]:
    """The multiply–accumulate operations of the trainings of the codec and its entropy coder."""
    macs = {"codec": codec_macs(config)}
    if config.entropy.model is not None:
        macs[config.entropy.name] = coder_macs(config)
    return macs


def codec_macs(config: DictConfig) -> float:
    trainer, most = config.trainer, config.max_iterations
    # With "auto", the number of devices depends on the machine, so only one is counted.
    devices = trainer.devices if isinstance(trainer.devices, int) else 1
    processes = trainer.accumulate_grad_batches * devices * trainer.num_nodes
    begins = OmegaConf.select(config, "late.begins")
    late = 0.0 if begins is None else 1 - begins
    work = (1 - late) * _unrolled_pixels(config.data, config.min_iterations, most)
    if late > 0:
        work += late * _unrolled_pixels(config.late, config.late.min_iterations, most)
    steps = trainer.max_steps * processes
    return TRAINING_FACTOR * macs_per_pixel(build_codec(config)) * work * steps


def _unrolled_pixels(crops: DictConfig, fewest: int, most: int) -> float:
    """Pixels in a process's batch, times the mean number of iterations in a step."""
    return float(crops.batch_size * crops.crop_size**2 * (fewest + most) / 2)


def coder_macs(config: DictConfig) -> float:
    options = config.coder
    # A copy, because the caller's configuration must stay as composed until the training sets this.
    told = deepcopy(config)
    told.entropy.model.iterations = build_codec(config).iterations
    model = build_context_model(told)
    # The other steps have the first n iterations, with n uniform from 1 to all.
    share = WHOLE + (1 - WHOLE) * (model.iterations + 1) / (2 * model.iterations)
    crops = options.max_steps * options.batch_size
    return TRAINING_FACTOR * share * context_model_macs(model, options.crop_size) * crops


def context_model_macs(model: ContextModel, side: int) -> float:
    """The operations to predict all iterations of a code of side × side positions."""
    bits = torch.ones(model.iterations, 1, CODE_DEPTH, side, side)
    with torch.inference_mode(), FlopCounterMode(display=False) as counter:
        model(bits)
    return counter.get_total_flops() / 2
