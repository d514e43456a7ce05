"""The context models: their equations, and what they must not see."""

import numpy as np
import pytest
import torch
from torch import Tensor

from rnn_codec.errors import InvalidOptionError
from rnn_codec.families.binary.entropy.bit_predictor import BitPredictor
from rnn_codec.families.binary.entropy.context_model import bits_per_bit, code_lengths
from rnn_codec.families.binary.entropy.progressive import Progressive
from rnn_codec.families.binary.entropy.single_iteration import SingleIteration

MODELS = [SingleIteration, Progressive]


def made_up(model_class: type[BitPredictor], iterations: int = 3) -> BitPredictor:
    """A model in double precision, without zero weights."""
    torch.manual_seed(0)
    model = model_class(iterations).double()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(torch.randn_like(parameter) / 10)
    return model


def random_symbols(*shape: int) -> Tensor:
    """Random symbols, shape (T, B, 32, H, W); some positions have stopped."""
    alive = torch.rand(shape[0], shape[1], 1, *shape[3:]) < 0.8
    return (torch.randint(0, 2, shape) * 2.0 - 1).double() * alive


def equations(model: BitPredictor, symbols: Tensor) -> Tensor:
    """Logits (T, 32, H, W) of one picture, bit by bit as in the module's docstring."""
    _, _, depth, height, width = symbols.shape
    logits = torch.zeros_like(symbols[:, 0])
    e = torch.zeros(height + 2, width + 2, 64, dtype=torch.float64)
    summary = torch.zeros(height, width, 64, dtype=torch.float64)
    progressive = isinstance(model, Progressive)
    near = [(-1, -1), (-1, 0), (-1, 1), (0, -1)]
    window = [(y, x) for y in (-1, 0, 1) for x in (-1, 0, 1)] if progressive else near
    pairs = [(of, to) for to in range(depth) for of in range(to)]

    def symbol(t: int, d: int, y: int, x: int) -> Tensor:
        inside = t >= 0 and 0 <= y < height and 0 <= x < width
        return symbols[t, 0, d, y, x] if inside else torch.zeros(()).double()

    for t, y, x in np.ndindex(len(symbols), height, width):
        seen = [(t, y + dy, x + dx) for dy, dx in near]
        seen += [(t - k, y, x) for k in range(1, 5)] if progressive else []
        a = model.hidden_bias[t].clone()
        for tap, (dy, dx) in enumerate(window):
            a += e[1 + y + dy, 1 + x + dx] @ model.to_hidden[64 * tap : 64 * (tap + 1)]
        for to in range(depth):
            if to in {8, 16, 24}:
                for of in range(to - 8, to):
                    a += symbol(t, of, y, x) * model.bits_to_hidden[t, of]
            total = model.logit_bias[t, to] + a.clamp(0, 4) @ model.to_logits[t, :, to]
            for place, (k, row, column) in enumerate(seen):
                for of in range(depth):
                    weight = model.of_symbols[t, depth * place + of, to]
                    total = total + weight * symbol(k, of, row, column)
            for of in range(to):
                total = total + model.of_bits[t, pairs.index((of, to))] * symbol(t, of, y, x)
            logits[t, to, y, x] = total
        kept = model.kept[t].clamp(0, 1) if isinstance(model, Progressive) else 0.0
        own = symbols[t, 0, :, y, x]
        summary[y, x] = (kept * summary[y, x] + own @ model.to_summary[t]).clamp(-8, 8)
        e[1 + y, 1 + x] = (summary[y, x] + model.summary_bias[t]).clamp(0, 4)
    return logits


@pytest.mark.parametrize("model_class", MODELS)
def test_a_model_equals_its_equations(model_class: type[BitPredictor]) -> None:
    model, symbols = made_up(model_class), random_symbols(3, 1, 32, 2, 3)
    with torch.no_grad():
        assert torch.allclose(model(symbols)[:, 0], equations(model, symbols))


@pytest.mark.parametrize("model_class", MODELS)
def test_flipping_a_bit_changes_no_prediction_the_decoder_needs_before_it(
    model_class: type[BitPredictor],
) -> None:
    model, symbols = made_up(model_class), random_symbols(3, 1, 32, 4, 5).sign()
    symbols[symbols == 0] = 1
    before = model(symbols)
    for t, y, x, d in [(0, 0, 0, 7), (0, 2, 3, 0), (1, 1, 4, 30), (1, 3, 0, 8), (2, 2, 2, 31)]:
        flipped = symbols.clone()
        flipped[t, 0, d, y, x] *= -1
        # In the order of coding: iteration, row, column, bit.
        changed = (model(flipped) != before)[:, 0].permute(0, 2, 3, 1).flatten()
        place = ((t * 4 + y) * 5 + x) * 32 + d
        assert not changed[: place + 1].any()
        assert changed[place + 1 :].any()


def test_single_iteration_sees_no_other_iteration_and_progressive_does() -> None:
    symbols = random_symbols(3, 1, 32, 4, 5)
    flipped = symbols.clone()
    flipped[0] *= -1
    single, progressive = made_up(SingleIteration), made_up(Progressive)
    assert torch.equal(single(flipped)[1:], single(symbols)[1:])
    changed = (progressive(flipped) != progressive(symbols)).flatten(1).any(dim=1)
    assert changed.tolist() == [True, True, True]


def test_bits_per_bit_is_the_cross_entropy_of_living_positions() -> None:
    logits, symbols = torch.randn(2, 3, 32, 4, 4).double(), random_symbols(2, 3, 32, 4, 4)
    p = torch.sigmoid(logits)
    bits = -torch.log2(torch.where(symbols > 0, p, 1 - p))
    expected = torch.stack([b[s != 0].mean() for b, s in zip(bits, symbols, strict=True)])
    assert torch.allclose(bits_per_bit(logits, symbols), expected)
    total = torch.stack([b[s != 0].sum() for b, s in zip(bits, symbols, strict=True)])
    assert torch.allclose(code_lengths(logits, symbols), total)


def test_an_iteration_without_bits_costs_nothing() -> None:
    logits, symbols = torch.randn(1, 1, 32, 2, 2), torch.zeros(1, 1, 32, 2, 2)
    assert code_lengths(logits, symbols).item() == 0
    assert bits_per_bit(logits, symbols).item() == 1


@pytest.mark.parametrize("iterations", [0, 33])
def test_codes_have_1_to_32_iterations(iterations: int) -> None:
    with pytest.raises(InvalidOptionError, match="1 … 32"):
        Progressive(iterations)
