"""How fast bits are coded, beside PyTorch going from bit to bit.

A decoder knows the probability of a bit only when it has all bits before. In PyTorch that is a loop
over bits, around networks that are made for whole images:

    whole grid    run the network over the image for each bit, use one bit of the result
    windows       cut what one position depends on out of what is known, and run the layers on that

Both leave the arithmetic coder out; the integer coder's times have it in them.
"""

from dataclasses import dataclass
from functools import partial
from timeit import repeat, timeit

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


@dataclass(frozen=True)
class EntropyWorkload:
    """What is coded: `entropy_workload` of conf/bench.yaml."""

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
    rows = min(work.window_rows, work.height)
    with torch.inference_mode():
        # Bit by bit; positions of the iterations before are left out.
        grids = timeit(lambda: model(signs[:1]), number=work.grid_bits) / work.grid_bits
        windows = timeit(lambda: decode_by_windows(model, signs[:, :, :, :rows]), number=1)
        coder = model.quantise()
    stream = coder.encode(bits, 0)
    shape = StreamShape(work.iterations, work.height, work.width, adaptive=False)
    timed = partial(repeat, number=1, repeat=work.repetitions)
    seconds = {
        "PyTorch, whole grid": grids * CODE_DEPTH * positions,
        "PyTorch, windows": windows * work.height / rows,
        "integers, decoding": min(timed(lambda: coder.decode(stream.data, shape, 0))),
        "integers, encoding": min(timed(lambda: coder.encode(bits, 0))),
    }
    return [EntropyTiming(name, s / positions * 1e6, s) for name, s in seconds.items()]


def decode_by_windows(model: BitPredictor, symbols: Tensor) -> Tensor:
    """Logits, bit by bit, as a decoder in PyTorch would find them.

    Shapes:
        symbols (T, 1, 32, H, W) → (T, 1, 32, H, W)
    """
    _, _, _, height, width = symbols.shape
    logits = torch.zeros_like(symbols)
    # The decoder would fill this in as bits arrive; before the first iteration there are zeros.
    past = model.past
    known = torch.zeros(past + len(symbols), height + 2, width + 2, CODE_DEPTH)
    shown = torch.zeros(height + 2, width + 2, SUMMARY)
    summary = torch.zeros(height, width, SUMMARY)
    weights_of_bits, shares = model.weights_of_bits(), model.kept_shares()
    for t, y, x in np.ndindex(len(symbols), height, width):
        near = [known[past + t, 1 + y + dy, 1 + x + dx] for dy, dx in CAUSAL]
        seen = torch.cat([*near, *known[t : past + t, 1 + y, 1 + x].flip(0)])
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
        known[past + t, 1 + y, 1 + x] = bits
        new = shares[t] * summary[y, x] + bits @ model.to_summary[t]
        summary[y, x] = new.clamp(-LARGEST_SUMMARY, LARGEST_SUMMARY)
        shown[1 + y, 1 + x] = clip(summary[y, x] + model.summary_bias[t])
    return logits
