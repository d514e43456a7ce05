"""Short checks on the device, before its time is spent: a way that fails is left out and named."""

import time
from collections.abc import Callable, Sequence
from copy import deepcopy
from typing import Any

import torch

from rnn_codec.accelerated.building import build_codec, build_phases, build_step
from rnn_codec.accelerated.measure import ONE_PHASE
from rnn_codec.accelerated.pack import Pixels
from rnn_codec.accelerated.step import ReplayedStep, TrainingStep
from rnn_codec.codec import to_symbols

SIDE = 128
"""Of the image that is coded, pixels."""
ITERATIONS = 4
FEW = 50
"""Pictures that the codec begins with."""
STEPS = 12
"""Of the trainings that are compared."""
WRONG_BITS = 1e-3
"""Share of the bits of one iteration that rounding may turn."""
ROUNDING = 1e-3
"""Difference of reconstructions from the same bits: an eighth of a level."""
LOSS_TOLERANCE = 0.02
"""Relative: sums of a step are in another order where it is recorded."""

Check = Callable[[], str]
"""Returns what was measured; raises `CheckError`, or anything else, where it fails."""


class CheckError(Exception):
    """The device computes something else than it should."""


def require(holds: object, told: str) -> None:
    """Raise `CheckError`, which tells what was measured, unless something holds."""
    if not holds:
        raise CheckError(told)


def prove(
    config: dict[str, Any],
    pictures: Sequence[Pixels],
    device: torch.device,
    say: Callable[[str], object],
) -> set[str]:
    """Run all checks that make sense on the device; return the names of those that failed.

    Args:
        config: of the training.
        pictures: to train on.
        device: where.
        say: told a line for each check.
    """
    checks: dict[str, Check] = {
        "codes": lambda: codes_are_the_processors(config, pictures, device),
        "bf16": lambda: loss_falls(config, pictures, device),
    }
    if device.type == "cuda":
        checks["recorded"] = lambda: recorded_is_eager(config, pictures, device)
    failed = set()
    for name, check in checks.items():
        begun = time.monotonic()
        try:
            told = check()
        # Compilers and libraries fail in many ways, and the time on the device must not be lost.
        except Exception as error:
            failed.add(name)
            told = f"FAILED: {type(error).__name__}: {' '.join(str(error).splitlines()[:2])}"
        say(f"check {name}: {told}  ({time.monotonic() - begun:.1f} s)")
    return failed


def codes_are_the_processors(
    config: dict[str, Any], pictures: Sequence[Pixels], device: torch.device
) -> str:
    """In single precision the device decides the bits as the processor does, and decodes alike."""
    codec = build_codec(config, pictures[:FEW]).eval()
    image = torch.from_numpy(pictures[0][:SIDE, :SIDE].copy()).permute(2, 0, 1)[None]
    codes = codec.encode(image, ITERATIONS)
    there = deepcopy(codec).to(device)
    with torch.backends.cudnn.flags(enabled=True, allow_tf32=False), torch.inference_mode():
        turned = (there.encode(image.to(device), 1).bits.cpu() != codes.bits[:1]).float().mean()
        state = codec.initial_state(codec.empty_signal(codes))
        its_state = there.initial_state(there.empty_signal(codes).to(device))
        for bits in codes.bits:
            symbols = to_symbols(bits, torch.float32)
            state = codec.decode_step(symbols, state)
            its_state = there.decode_step(symbols.to(device), its_state)
    signals = state.reconstruction.signal, its_state.reconstruction.signal.cpu()
    difference = (signals[0] - signals[1]).abs().max()
    told = f"{float(turned):.5f} of the bits differ, pixels by {float(difference):.1e}"
    require(turned <= WRONG_BITS and difference <= ROUNDING, told)
    return told


def loss_falls(config: dict[str, Any], pictures: Sequence[Pixels], device: torch.device) -> str:
    """In the precision of the training a few steps on one batch lower the loss."""
    step = build_step(plain(config), device)
    losses = train(step, step, config, pictures, device)
    told = f"loss {losses[0]:.3f} to {losses[-1]:.3f} in {STEPS} steps"
    require(losses[-1] < losses[0], told)
    return told


def recorded_is_eager(
    config: dict[str, Any], pictures: Sequence[Pixels], device: torch.device
) -> str:
    """A training by recorded steps has the losses of one by eager steps."""
    eager, recorded = (build_step(plain(config), device) for _ in range(2))
    losses = train(eager, eager, config, pictures, device)
    its_losses = train(recorded, ReplayedStep(recorded), config, pictures, device)
    told = f"loss {losses[-1]:.4f}, recorded {its_losses[-1]:.4f} after {STEPS} steps"
    require(abs(losses[-1] - its_losses[-1]) <= LOSS_TOLERANCE * abs(losses[0]), told)
    return told


def train(
    step: TrainingStep,
    runner: TrainingStep | ReplayedStep,
    config: dict[str, Any],
    pictures: Sequence[Pixels],
    device: torch.device,
) -> list[float]:
    """The losses of some steps on one batch, of few iterations."""
    phase = build_phases(config | {"accelerated": ONE_PHASE}, pictures, device)[0]
    batch, losses = phase.crops.batch(0), []
    step.set_rate(config["optimizer"]["lr"])
    for _ in range(STEPS):
        runner.run(batch, min(ITERATIONS, config["max_iterations"]), phase.loss)
        loss, skipped = step.read_loss()
        require(not skipped, "a gradient is not finite")
        losses.append(loss)
    return losses


def plain(config: dict[str, Any]) -> dict[str, Any]:
    """Nothing compiled: that is what `measure` tries."""
    trainer = config["trainer"] | {"compile": False, "compile_gates": False}
    return config | {"trainer": trainer}
