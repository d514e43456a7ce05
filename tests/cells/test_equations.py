"""The cells against the paper's equations, evaluated with plain NumPy in double precision."""

import numpy as np
import pytest
import torch
from scipy.signal import correlate2d

from rnn_codec.cells.associative_lstm import AssociativeLSTMCell, bound
from rnn_codec.cells.cell import RecurrentCell
from rnn_codec.cells.gru import GRUCell
from rnn_codec.cells.lstm import LSTMCell
from rnn_codec.cells.residual_gru import ResidualGRUCell
from rnn_codec.layers.convolution import SharedConv2d

Array = np.ndarray
CHANNELS = 4


def convolve(x: Array, layer: SharedConv2d) -> Array:
    """The layer's convolution of (C, H, W): correlate at full size, take every stride-th value."""
    weight = layer.weight.detach().numpy()
    before, after = (weight.shape[-1] - 1) // 2, weight.shape[-1] // 2
    x = np.pad(x, [(0, 0), (before, after), (before, after)])
    planes = [sum(correlate2d(p, k, "valid") for p, k in zip(x, ks, strict=True)) for ks in weight]
    result = np.stack(planes)[:, :: layer.stride, :: layer.stride]
    return result if layer.bias is None else result + layer.bias.detach().numpy()[:, None, None]


def sigmoid(x: Array) -> Array:
    return 1 / (1 + np.exp(-x))


def bnd(z: Array) -> Array:
    return np.where(np.abs(z) <= 1, z, z / np.maximum(np.abs(z), 1e-300))


def parts(x: Array, *names: str) -> dict[str, Array]:
    return dict(zip(names, np.split(x, len(names)), strict=True))


def lstm(cell: RecurrentCell, x: Array, state: list[Array]) -> tuple[Array, list[Array]]:
    h, c = state
    a = parts(convolve(x, cell.input_gates) + convolve(h, cell.hidden_gates), *"fioj")
    c = sigmoid(a["f"]) * c + sigmoid(a["i"]) * np.tanh(a["j"])
    h = sigmoid(a["o"]) * np.tanh(c)
    return h, [h, c]


def gru(cell: RecurrentCell, x: Array, state: list[Array]) -> tuple[Array, list[Array]]:
    (h,) = state
    w, u = (
        parts(convolve(x, cell.input_gates), *"zrh"),
        parts(convolve(h, cell.hidden_gates), *"zr"),
    )
    z, r = sigmoid(w["z"] + u["z"]), sigmoid(w["r"] + u["r"])
    h = (1 - z) * h + z * np.tanh(w["h"] + convolve(r * h, cell.hidden_candidate))
    return h, [h]


def residual_gru(cell: RecurrentCell, x: Array, state: list[Array]) -> tuple[Array, list[Array]]:
    (h,) = state
    w = parts(convolve(x, cell.input_gates), *"zrho")
    u = parts(convolve(h, cell.hidden_gates), *"zrh")
    z, r = sigmoid(w["z"] + u["z"]), sigmoid(w["r"] + u["r"])
    candidate = np.tanh(w["h"] + convolve(r * h, cell.hidden_candidate))
    h = (1 - z) * h + z * candidate + 0.1 * u["h"]
    return h + 0.1 * w["o"], [h]


def associative_lstm(
    cell: RecurrentCell, x: Array, state: list[Array]
) -> tuple[Array, list[Array]]:
    h, c_re, c_im = state
    gates = convolve(x, cell.input_gates) + convolve(h, cell.hidden_gates)
    names = ["f", "i", "o", "j", "ri", "ro", "j_im", "ri_im", "ro_im"]
    a = parts(gates, *names)
    f, i, o = (sigmoid(a[name]) for name in "fio")
    j, ri, ro = (bnd(a[name] + 1j * a[name + "_im"]) for name in ("j", "ri", "ro"))
    c = f * (c_re + 1j * c_im) + ri * i * j
    h = o * bnd(ro * c)
    h = np.concatenate([h.real, h.imag])
    return h, [h, c.real, c.imag]


CASES = [
    (LSTMCell, {"forget_bias": 1.0}, lstm, [CHANNELS, CHANNELS]),
    (GRUCell, {}, gru, [CHANNELS]),
    (ResidualGRUCell, {"hidden_scale": 0.1, "output_scale": 0.1}, residual_gru, [CHANNELS]),
    (
        AssociativeLSTMCell,
        {"forget_bias": 1.0, "key_bias": 1.0},
        associative_lstm,
        [CHANNELS, 2, 2],
    ),
]


@pytest.mark.parametrize(("kernel", "stride", "hidden"), [(3, 2, 1), (2, 1, 1), (3, 1, 3)])
@pytest.mark.parametrize(("cell_class", "options", "equations", "depths"), CASES)
def test_three_iterations_follow_the_equations(
    cell_class, options, equations, depths, kernel, stride, hidden
) -> None:
    cell = cell_class(3, CHANNELS, kernel, stride, hidden, **options).double()
    # Weights of unit size reach the nonlinear parts of the functions.
    for parameter in cell.parameters():
        torch.nn.init.normal_(parameter)
    state, expected = None, [np.zeros((d, 6 // stride, 8 // stride)) for d in depths]
    for _ in range(3):
        x = torch.randn(1, 3, 6, 8, dtype=torch.float64)
        output, state = cell(x, state)
        expected_output, expected = equations(cell, x[0].numpy(), expected)
        np.testing.assert_allclose(output[0].detach().numpy(), expected_output, atol=1e-12)
    for value, wanted in zip(state, expected, strict=True):
        np.testing.assert_allclose(value[0].detach().numpy(), wanted, atol=1e-12)


def test_forget_gates_start_open() -> None:
    assert (LSTMCell(3, 4, 3, 2, 1, forget_bias=1.0).input_gates.bias[:4] == 1).all()
    assert (LSTMCell(3, 4, 3, 2, 1, forget_bias=1.0).input_gates.bias[4:] == 0).all()


def test_associative_lstm_needs_pairs() -> None:
    with pytest.raises(ValueError, match="even"):
        AssociativeLSTMCell(3, 5, 3, 1, 1, forget_bias=1.0, key_bias=1.0)


def test_bound_has_a_gradient_at_zero() -> None:
    zero = torch.zeros(1, requires_grad=True)
    bound(zero, zero)[0].sum().backward()
    assert torch.isfinite(zero.grad).all()
