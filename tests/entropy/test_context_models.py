"""The context models: their equations, and what they must not see."""

import numpy as np
import pytest
import torch
from torch import Tensor

from rnn_codec.entropy.binary_rnn import BinaryRNN, MaskedConv2d, lstm_update
from rnn_codec.entropy.context_model import ContextModel, bits_per_bit
from rnn_codec.entropy.progressive import Progressive
from rnn_codec.entropy.single_iteration import SingleIteration

MODELS = [SingleIteration, Progressive]


def random_bits(*shape: int) -> Tensor:
    return torch.randint(0, 2, shape).double() * 2 - 1


def test_masked_convolution_sums_what_lies_before() -> None:
    layer = MaskedConv2d(2, 3, 5).double()
    x = torch.randn(1, 2, 4, 6, dtype=torch.float64)
    assert layer.bias is not None
    expected = layer.bias.detach().clone()[:, None, None].expand(3, 4, 6).clone()
    for y, column in np.ndindex(4, 6):
        for dy, dx in np.ndindex(5, 5):
            row, col = y + dy - 2, column + dx - 2
            if (row, col) < (y, column) and 0 <= row < 4 and 0 <= col < 6:
                expected[:, y, column] += layer.weight[:, :, 5 * dy + dx] @ x[0, :, row, col]
    assert torch.allclose(layer(x)[0], expected)


def test_weights_of_a_whole_window_are_read() -> None:
    whole = torch.nn.Conv2d(2, 3, 5, padding=2)
    layer = MaskedConv2d(2, 3, 5)
    layer.load_state_dict(whole.state_dict())
    with torch.no_grad():
        whole.weight.flatten(2)[..., 12:] = 0
    x = torch.randn(1, 2, 4, 6)
    assert torch.allclose(layer(x), whole(x), atol=1e-6)
    assert layer.state_dict()["weight"].shape == (3, 2, 12)
    with pytest.raises(RuntimeError, match="size mismatch"):
        layer.load_state_dict(torch.nn.Conv2d(2, 3, 3).state_dict())


def test_binary_rnn_equals_its_equations_position_by_position() -> None:
    model = BinaryRNN().double()
    bits, context = random_bits(1, 32, 3, 4), torch.randn(1, 256, 3, 4, dtype=torch.float64)
    z0 = model.masked(bits).clamp(0, 4)[0]
    h = torch.zeros(64, 6, dtype=torch.float64)
    c = torch.zeros(64, 4, dtype=torch.float64)
    for y in range(3):
        above, h = h, torch.zeros_like(h)
        for x in range(4):
            left = z0[:, y, x - 1] if x else torch.zeros(64, dtype=torch.float64)
            gates = model.input_to_state.bias + context[0, :, y, x]
            gates = gates + model.input_to_state.weight[:, :, 0, 0] @ left
            gates = gates + model.input_to_state.weight[:, :, 0, 1] @ z0[:, y, x]
            for tap in range(3):
                gates = gates + model.state_to_state.weight[:, :, tap] @ above[:, x + tap]
            f, i, o, j = gates.split(64)
            c[:, x] = torch.sigmoid(f) * c[:, x] + torch.sigmoid(i) * torch.tanh(j)
            h[:, 1 + x] = torch.sigmoid(o) * torch.tanh(c[:, x])
            hidden = (model.hidden.weight[:, :, 0, 0] @ h[:, 1 + x] + model.hidden.bias).clamp(0, 4)
            logits = model.output.weight[:, :, 0, 0] @ hidden + model.output.bias
            assert torch.allclose(model(bits, context)[0, :, y, x], logits)


def test_lstm_update_keeps_what_the_gates_say() -> None:
    gates = torch.tensor([100.0, -100.0, 100.0, 3.0])[None, :, None].repeat_interleave(64, 1)
    state, cell = lstm_update(gates, torch.full((1, 64, 1), 0.7))
    assert torch.allclose(cell, torch.tensor(0.7))
    assert torch.allclose(state, torch.tanh(torch.tensor(0.7)))


@pytest.mark.parametrize("model_class", MODELS)
def test_flipping_a_bit_changes_no_prediction_the_decoder_needs_before_it(
    model_class: type[ContextModel],
) -> None:
    model = model_class().double()
    bits = random_bits(3, 1, 32, 4, 5)
    before = model(bits)
    for k, y, x in [(0, 0, 0), (0, 2, 3), (1, 1, 4), (1, 3, 0), (2, 2, 2)]:
        flipped = bits.clone()
        flipped[k, 0, 7, y, x] *= -1
        changed = (model(flipped) != before).any(dim=2)[:, 0]
        assert not changed[:k].any()
        assert not changed[k].flatten()[: y * 5 + x + 1].any()
        following = changed[k].flatten()[y * 5 + x + 1 :]
        assert following.any() or (y, x) == (3, 4)


def test_single_iteration_sees_no_other_iteration_and_progressive_does() -> None:
    bits = random_bits(3, 1, 32, 4, 5)
    flipped = bits.clone()
    flipped[0] *= -1
    single, progressive = SingleIteration().double(), Progressive().double()
    assert torch.equal(single(flipped)[1:], single(bits)[1:])
    changed = (progressive(flipped) != progressive(bits)).flatten(1).any(dim=1)
    assert changed.tolist() == [True, True, True]


def test_progressive_sees_all_of_the_iteration_before() -> None:
    """Also what lies after the position, in raster order."""
    model = Progressive().double()
    bits = random_bits(2, 1, 32, 4, 5)
    flipped = bits.clone()
    flipped[0, :, :, 2, 2] *= -1
    changed = (model(flipped) != model(bits)).any(dim=2)[1, 0]
    assert changed[1, 1]
    assert changed[1, 3]


def test_bits_per_bit_is_cross_entropy_in_bits() -> None:
    logits, bits = torch.randn(2, 3, 32, 4, 4).double(), random_bits(2, 3, 32, 4, 4)
    p = torch.sigmoid(logits)
    expected = -torch.log2(torch.where(bits > 0, p, 1 - p)).mean(dim=(1, 2, 3, 4))
    assert torch.allclose(bits_per_bit(logits, bits), expected)


@pytest.mark.parametrize("model_class", MODELS)
def test_a_model_learns_a_pattern(model_class: type[ContextModel]) -> None:
    """Stripes cost next to nothing once they are learnt."""
    model = model_class()
    bits = torch.ones(2, 2, 32, 6, 6)
    bits[..., ::2] = -1
    bits[0, 1] *= -1
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    for _ in range(30):
        loss = bits_per_bit(model(bits), bits).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert loss < 0.2
