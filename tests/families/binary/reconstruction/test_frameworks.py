"""The frameworks against the paper's equations 1–3 and 16–19."""

import pytest
import torch
import torch.nn.functional as F

from rnn_codec.families.binary.reconstruction.framework import Additive, OneShot
from rnn_codec.families.binary.reconstruction.residual_scaling import GainEstimator, ResidualScaling


@pytest.mark.parametrize(("framework", "gamma"), [(OneShot(), 0.0), (Additive(), 1.0)])
def test_reconstruction_is_decoded_plus_gamma_times_previous(framework, gamma: float) -> None:
    zeros, expected = torch.zeros(1, 3, 16, 16), torch.zeros(1, 3, 16, 16)
    state = framework.initial_state(zeros)
    for _ in range(3):
        decoded = torch.randn(1, 3, 16, 16)
        assert framework.encoder_input(decoded, state) is decoded
        state, expected = framework.update(decoded, state), decoded + gamma * expected
        torch.testing.assert_close(state.signal, expected)


def test_residual_scaling_follows_its_equations() -> None:
    framework = ResidualScaling()
    state = framework.initial_state(torch.zeros(2, 3, 64, 96))
    assert (state.gain == 1).all()
    signal, gain = torch.zeros(2, 3, 64, 96), torch.ones(2, 1, 2, 3)
    for _ in range(3):
        residual, decoded = torch.randn(2, 3, 64, 96), torch.randn(2, 3, 64, 96)
        held = torch.kron(gain, torch.ones(1, 1, 32, 32))
        torch.testing.assert_close(framework.encoder_input(residual, state), residual * held)
        state = framework.update(decoded, state)
        signal = signal + decoded / held
        gain = framework.gain(signal)
        torch.testing.assert_close(state.signal, signal)
        torch.testing.assert_close(state.gain, gain)


def test_gain_estimator_is_five_halving_convolutions_with_elu_plus_two() -> None:
    estimator, x = GainEstimator(), torch.randn(1, 3, 64, 64)
    shapes = [tuple(c.weight.shape) for c in estimator.convolutions]
    assert shapes == [(32, 3, 3, 3), *[(32, 32, 3, 3)] * 3, (1, 32, 2, 2)]
    y = x
    for c in estimator.convolutions:
        y = F.elu(F.conv2d(y, c.weight, c.bias, 2, (c.weight.shape[-1] - 1) // 2))
    torch.testing.assert_close(estimator(x), y + 2)
