"""The integer models: equal to the same integers computed otherwise, and close to the floats."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from rnn_codec.entropy import kernels
from rnn_codec.entropy.context_model import ContextModel, bits_per_bit
from rnn_codec.entropy.fixed_point import probability_table, sigmoid_table, tanh_table
from rnn_codec.entropy.integer_coder import IntegerCoder
from rnn_codec.entropy.progressive import Progressive
from rnn_codec.entropy.quantisation import EarlierTables, IterationTables
from rnn_codec.entropy.single_iteration import SingleIteration

HEIGHT, WIDTH = 4, 21


def spread_weights(model: ContextModel) -> ContextModel:
    """Weights as large as training makes them, so that layers clip and gates saturate."""
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(3.0)
    return model


def random_bits(iterations: int) -> np.ndarray:
    return np.random.default_rng(0).random((iterations, 32, HEIGHT, WIDTH)) < 0.5


def integers(table: np.ndarray, *shape: int) -> Tensor:
    return torch.from_numpy(table.astype(np.float64)).view(*shape)


def look_up(table: np.ndarray, sums: Tensor, shift: int) -> Tensor:
    index = torch.floor(sums / 2**shift).long().add(2048).clamp(0, 4095)
    return torch.from_numpy(table)[index].double()


def clipped(sums: Tensor, fraction: int) -> Tensor:
    return torch.floor(sums / 2 ** (fraction - 9) + 0.5).clamp(0, 2048)


def lstm(gates: Tensor, memory: Tensor, fraction: int) -> tuple[Tensor, Tensor]:
    f, i, o = (look_up(sigmoid_table(), part, fraction - 8) for part in gates.split(64)[:3])
    j = look_up(tanh_table(), gates.split(64)[3], fraction - 9)
    memory = torch.floor(f * memory / 2**15) + torch.floor(i * j / 2**18)
    memory = memory.clamp(-32767, 32767)
    return torch.floor(o * look_up(tanh_table(), memory, 3) / 2**20), memory


def column(bias: np.ndarray) -> Tensor:
    return integers(bias, -1, 1, 1)


def earlier_iterations(tables: EarlierTables, iterations: Tensor) -> list[Tensor]:
    """z1 after each iteration: the tables as convolutions, in exact float64."""
    state = memory = torch.zeros(64, HEIGHT, WIDTH, dtype=torch.float64)
    z1 = []
    for bits in iterations:
        first = integers(tables.first, 64, 3, 3, 32).permute(0, 3, 1, 2)
        x = F.conv2d(bits[None], first, padding=1)[0] + column(tables.first_bias)
        second = integers(tables.second, 64, 3, 3, 64).permute(0, 3, 1, 2)
        x = F.conv2d(clipped(x, tables.first_fraction)[None], second, padding=1)[0]
        x = clipped(x + column(tables.second_bias), tables.second_fraction)
        gates = torch.einsum("oc,chw->ohw", integers(tables.gates, 256, 128), torch.cat([x, state]))
        state, memory = lstm(gates + column(tables.gate_bias), memory, tables.gate_fraction)
        x = torch.einsum("oc,chw->ohw", integers(tables.third, 64, 64), state)
        x = clipped(x + column(tables.third_bias), tables.third_fraction)
        x = torch.einsum("oc,chw->ohw", integers(tables.last, 64, 64), x)
        z1.append(clipped(x + column(tables.last_bias), tables.last_fraction))
    return z1


def probabilities(tables: IterationTables, bits: Tensor, z1: Tensor | None) -> Tensor:
    """The tables as convolutions over the whole grid, in exact float64: (32, h, w)."""
    window = torch.zeros(64, 7, 7, 32, dtype=torch.float64)
    window[:, :3] = integers(tables.above, 64, 3, 7, 32)
    window[:, 3, :3] = integers(tables.left, 64, 3, 32)
    z0 = F.conv2d(bits[None], window.permute(0, 3, 1, 2), padding=3)[0]
    z0 = clipped(z0 + column(tables.masked_bias), tables.masked_fraction)
    inputs = integers(tables.input, 256, 1, 2, 64).permute(0, 3, 1, 2)
    gates = F.conv2d(F.pad(z0, (1, 0))[None], inputs)[0] + column(tables.gate_bias)
    known = integers(tables.known, 256, -1)
    if z1 is not None:
        gates = gates + torch.einsum("oc,chw->ohw", known[:, 192:], z1)
    near = known[:, :192].reshape(256, 3, 64).permute(0, 2, 1)
    state = memory = torch.zeros(64, WIDTH, dtype=torch.float64)
    rows = []
    for y in range(HEIGHT):
        sums = gates[:, y] + F.conv1d(state[None], near, padding=1)[0]
        state, memory = lstm(sums, memory, tables.gate_fraction)
        hidden = integers(tables.hidden, 64, 64) @ state + integers(tables.hidden_bias, -1, 1)
        hidden = clipped(hidden, tables.hidden_fraction)
        logits = integers(tables.output, 32, 64) @ hidden + integers(tables.output_bias, -1, 1)
        rows.append(look_up(probability_table(), logits, tables.output_fraction - 8))
    return torch.stack(rows, dim=1)


def by_kernels(coder: IntegerCoder, bits: np.ndarray) -> Tensor:
    """The probabilities that the coder codes with, (T, 32, h, w)."""
    memory = coder.begin(HEIGHT, WIDTH)
    found = torch.zeros(bits.shape, dtype=torch.float64)
    for k, iteration in enumerate(bits):
        padded = kernels.padded_bits(HEIGHT, WIDTH)
        signs = np.where(iteration.transpose(1, 2, 0), 1, -1)
        padded.reshape(3 + HEIGHT, -1, 32)[3:, 3:-3] = signs
        model = kernels.packed(coder.iterations[k])
        line = kernels.new_line(WIDTH, coder.iterations[k].known.shape[1])
        earlier = memory.earlier
        context = np.zeros((0, 0, 0), np.int16) if k == 0 or earlier is None else earlier.context
        out = np.zeros(32, np.int32)
        for y in range(HEIGHT):
            kernels.prepare_row(model, y, padded, context, line)
            for x in range(WIDTH):
                kernels.predict(model, y, x, padded, line, coder.functions, out)
                found[k, :, y, x] = torch.from_numpy(out.astype(np.float64))
        if earlier is not None:
            tables = kernels.packed(coder.earlier)
            for first, end in [(0, 1), (1, 3), (3, HEIGHT)]:
                kernels.take_in(tables, first, end, padded, earlier, coder.functions)
    return found


@pytest.mark.parametrize("model_class", [SingleIteration, Progressive])
def test_kernels_compute_the_integers_of_the_tables(model_class: type[ContextModel]) -> None:
    coder = spread_weights(model_class()).quantise()
    assert isinstance(coder, IntegerCoder)
    bits = random_bits(3)
    signs = torch.from_numpy(bits).double() * 2 - 1
    contexts: list[Tensor | None] = [None] * 3
    if coder.earlier is not None:
        contexts = [None, *earlier_iterations(coder.earlier, signs[:2])]
    expected = [
        probabilities(tables, iteration, z1)
        for tables, iteration, z1 in zip(coder.iterations[:3], signs, contexts, strict=True)
    ]
    assert torch.equal(by_kernels(coder, bits), torch.stack(expected))


@pytest.mark.parametrize("model_class", [SingleIteration, Progressive])
def test_integers_cost_hardly_more_than_floats(model_class: type[ContextModel]) -> None:
    model = spread_weights(model_class())
    coder = model.quantise()
    bits = random_bits(4)
    signs = (torch.from_numpy(bits).float() * 2 - 1)[:, None]
    with torch.no_grad():
        logits = model(signs)
        # Bits as the model expects them: where a wrong probability costs most.
        signs = torch.where(torch.rand_like(logits) < torch.sigmoid(logits), 1.0, -1.0)
        for _ in range(3):
            logits = model(signs)
        ideal = float(bits_per_bit(logits, signs).sum()) * signs[0].numel() / 8
    size = len(coder.encode((signs[:, 0] > 0).numpy(), 0).data)
    assert size < 1.005 * ideal + 2 * 4 + 4


def test_digests_differ_between_weights_and_agree_between_copies() -> None:
    torch.manual_seed(1)
    one = SingleIteration()
    digest = one.quantise().digest()
    assert one.quantise().digest() == digest
    with torch.no_grad():
        one.models[15].output.bias[31] += 0.01
    assert one.quantise().digest() != digest
    assert len(digest) == 32
