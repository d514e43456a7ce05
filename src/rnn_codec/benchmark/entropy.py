"""How fast bits are coded, beside PyTorch going from position to position.

A decoder knows the probabilities of a position only when it has the bits of all positions before.
In PyTorch that is a loop over positions, around networks that are made for whole images:

    whole grid    run the network over the image for each position, use one position of the result
    windows       cut what one position depends on out of the bits, and run the layers on that alone

Both leave the arithmetic coder out; the integer coder's times have it in them.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from timeit import repeat

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from rnn_codec.code import CODE_DEPTH
from rnn_codec.entropy.binary_rnn import DEPTH, WINDOW, BinaryRNN, clip, lstm_update
from rnn_codec.entropy.coder import StreamShape
from rnn_codec.entropy.progressive import Progressive

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
        grid_positions: positions that the loop with whole grids decodes.
        repetitions: runs of the integer coder, the fastest of which counts.
    """

    height: int
    width: int
    iterations: int
    window_rows: int
    grid_positions: int
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
    model = Progressive().eval()
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


def _whole_grid(model: Progressive, signs: Tensor, work: EntropyWorkload) -> float:
    """Seconds for a position; what comes from earlier iterations is computed once for all."""
    context = _context(model, signs)
    start = time.perf_counter()
    for _ in range(work.grid_positions):
        model.models[1](signs[1], context)
    return (time.perf_counter() - start) / work.grid_positions


def _windows(model: Progressive, signs: Tensor, work: EntropyWorkload) -> float:
    """Seconds for a position, that iteration's share of the earlier ones included."""
    start = time.perf_counter()
    context = _context(model, signs)
    share = (time.perf_counter() - start) / (work.height * work.width)
    rows = min(work.window_rows, work.height)
    start = time.perf_counter()
    decode_by_windows(model.models[1], signs[1, :, :, :rows], context[:, :, :rows])
    return share + (time.perf_counter() - start) / (rows * work.width)


def _context(model: Progressive, signs: Tensor) -> Tensor:
    z1, _ = model.earlier(signs[0], model.earlier.initial_state(signs[0]))
    return model.to_gates[0](z1)


def decode_by_windows(model: BinaryRNN, bits: Tensor, context: Tensor) -> Tensor:
    """Logits of one iteration, position by position, as a decoder in PyTorch would find them.

    Shapes:
        bits (1, 32, H, W), context (1, 256, H, W) → (1, 32, H, W)
    """
    _, _, height, width = bits.shape
    before = WINDOW * WINDOW // 2
    masked = model.masked.weight.flatten(1)
    inputs = model.input_to_state.weight.flatten(1)
    states = model.state_to_state.weight.flatten(1)
    hidden, output = model.hidden.weight.flatten(1), model.output.weight.flatten(1)
    border = WINDOW // 2
    # The decoder would fill this in as bits arrive; a window never reaches bits still to come.
    padded = F.pad(bits[0], (border, border, border, 0))
    above = torch.zeros(1, DEPTH, width + 2)
    logits = torch.empty_like(bits)
    cells = torch.zeros(1, DEPTH, width)
    for y in range(height):
        row = torch.zeros_like(above)
        left = torch.zeros(1, DEPTH)
        for x in range(width):
            window = padded[:, y : y + border + 1, x : x + WINDOW].flatten(1)[:, :before]
            z0 = clip(F.linear(window.reshape(1, -1), masked, model.masked.bias))
            gates = F.linear(
                torch.stack([left, z0], dim=2).flatten(1), inputs, model.input_to_state.bias
            )
            gates = gates + F.linear(above[:, :, x : x + 3].flatten(1), states)
            state, cell = lstm_update(gates + context[:, :, y, x], cells[:, :, x])
            row[:, :, x + 1], cells[:, :, x], left = state, cell, z0
            shown = clip(F.linear(state, hidden, model.hidden.bias))
            logits[:, :, y, x] = F.linear(shown, output, model.output.bias)
        above = row
    return logits
