"""How fast bits are coded, beside PyTorch going from bit to bit.

A decoder knows the probability of a bit only when it has all bits before. In PyTorch that is a loop
over bits, around networks that are made for whole images:

    whole grid    run the network over the image for each bit, use one bit of the result
    windows       cut what one position depends on out of what is known, and run the layers on that

Both leave the arithmetic coder out; the integer coder's times have it in them.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from timeit import repeat

import numpy as np
import torch
from torch import Tensor

from rnn_codec.families.binary.code import CODE_DEPTH
from rnn_codec.families.binary.entropy.bit_predictor import (
    CAUSAL,
    GROUP,
    LARGEST_SUMMARY,
    SUMMARY,
    BitPredictor,
    clip,
)
from rnn_codec.families.binary.entropy.coder import StreamShape
from rnn_codec.families.binary.entropy.progressive import Progressive

DECODING = "integers, decoding"
"""The method that the others are compared with."""


@dataclass(frozen=True)
class EntropyWorkload:
    """What is coded.

    Attributes:
        height: of the grid, in positions.
        width: of the grid, in positions.
        iterations: of the code.
        window_rows: rows that the loop with windows decodes, from which its time is inferred.
        grid_bits: bits that the loop with whole grids decodes.
        repetitions: runs of the integer coder, the fastest of which counts.
    """

    height: int
    width: int
    iterations: int
    window_rows: int
    grid_bits: int
    repetitions: int


@dataclass(frozen=True)
class EntropyTiming:
    """A way to code the bits with the progressive model.

    Attributes:
        method: what was timed.
        microseconds: for a position of one iteration, 32 bits.
        image_seconds: for the whole image.
    """

    method: str
    microseconds: float
    image_seconds: float


def benchmark_entropy(work: EntropyWorkload, seed: int) -> list[EntropyTiming]:
    """Time the progressive coder; the weights are random, on which the time does not depend."""
    torch.manual_seed(seed)
    model = Progressive(work.iterations).eval()
    size = (work.iterations, CODE_DEPTH, work.height, work.width)
    bits = np.random.default_rng(seed).random(size) < 0.5
    signs = torch.from_numpy(bits)[:, None].float() * 2 - 1
    positions = work.height * work.width * work.iterations
    with torch.inference_mode():
        seconds = {
            "PyTorch, whole grid": _whole_grid(model, signs, work) * positions,
            "PyTorch, windows": _windows(model, signs, work) * positions,
        }
        coder = model.quantise()
    stream = coder.encode(bits, 0)
    shape = StreamShape(work.iterations, work.height, work.width, adaptive=False)
    runs: dict[str, Callable[[], object]] = {
        DECODING: lambda: coder.decode(stream.data, shape, 0),
        "integers, encoding": lambda: coder.encode(bits, 0),
    }
    for name, run in runs.items():
        seconds[name] = min(repeat(run, number=1, repeat=work.repetitions))
    return [EntropyTiming(name, s / positions * 1e6, s) for name, s in seconds.items()]


def _whole_grid(model: BitPredictor, signs: Tensor, work: EntropyWorkload) -> float:
    """Seconds for a position of an iteration; those before are left out."""
    start = time.perf_counter()
    for _ in range(work.grid_bits):
        model(signs[:1])
    return (time.perf_counter() - start) / work.grid_bits * CODE_DEPTH


def _windows(model: BitPredictor, signs: Tensor, work: EntropyWorkload) -> float:
    """Seconds for a position of an iteration."""
    rows = min(work.window_rows, work.height)
    start = time.perf_counter()
    decode_by_windows(model, signs[:, :, :, :rows])
    return (time.perf_counter() - start) / (rows * work.width * len(signs))


def decode_by_windows(model: BitPredictor, symbols: Tensor) -> Tensor:
    """Logits, bit by bit, as a decoder in PyTorch would find them.

    Shapes:
        symbols (T, 1, 32, H, W) → (T, 1, 32, H, W)
    """
    _, _, _, height, width = symbols.shape
    logits = torch.zeros_like(symbols)
    # The decoder would fill this in as bits arrive.
    known = torch.zeros(len(symbols), height + 2, width + 2, CODE_DEPTH)
    shown = torch.zeros(height + 2, width + 2, SUMMARY)
    summary = torch.zeros(height, width, SUMMARY)
    weights_of_bits, shares = model.weights_of_bits(), model.kept_shares()
    for t, y, x in np.ndindex(len(symbols), height, width):
        near = [known[t, 1 + y + dy, 1 + x + dx] for dy, dx in CAUSAL]
        past = delayed_symbols(known[:, 1 + y, 1 + x], t, model.past)
        seen = torch.cat([*near, *past])
        sums = model.logit_bias[t] + seen @ model.of_symbols[t]
        window = torch.cat([shown[1 + y + dy, 1 + x + dx] for dy, dx in model.window])
        hidden = model.hidden_bias[t] + window @ model.to_hidden
        bits = symbols[t, 0, :, y, x]
        for d in range(CODE_DEPTH):
            if d % GROUP == 0:
                if d:
                    group = slice(d - GROUP, d)
                    hidden = hidden + bits[group] @ model.bits_to_hidden[t, group]
                units = clip(hidden)
            logits[t, 0, d, y, x] = sums[d] + units @ model.to_logits[t, :, d]
            sums = sums + bits[d] * weights_of_bits[t, d]
        known[t, 1 + y, 1 + x] = bits
        new = shares[t] * summary[y, x] + bits @ model.to_summary[t]
        summary[y, x] = new.clamp(-LARGEST_SUMMARY, LARGEST_SUMMARY)
        shown[1 + y, 1 + x] = clip(summary[y, x] + model.summary_bias[t])
    return logits


def delayed_symbols(symbols: Tensor, iteration: int, past: int) -> list[Tensor]:
    """A position's symbols (T, 32) in the iterations before, the last first; zeros before 0."""
    nothing = torch.zeros_like(symbols[0])
    return [symbols[iteration - k] if k <= iteration else nothing for k in range(1, past + 1)]
