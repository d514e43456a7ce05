"""The moving average against its recursion."""

import torch

from rnn_codec.training.averaging import move_averages


def test_average_follows_its_recursion() -> None:
    average, expected = torch.full((1,), -7.0).double(), -7.0
    for n in range(1, 20):
        weight = float(n * n)
        move_averages(0.5, [average], [torch.tensor([weight]).double()], torch.tensor(n))
        decay = min(0.5, (1 + n) / (10 + n))
        expected = decay * expected + (1 - decay) * weight
        torch.testing.assert_close(average.item(), expected, rtol=1e-6, atol=0)
