"""The moving average against its recursion."""

import torch

from rnn_codec.training.averaging import moving_average


def test_average_follows_its_recursion() -> None:
    update = moving_average(0.5)
    average, weight = torch.full((1,), -7.0).double(), torch.zeros(1).double()
    expected = None
    for n in range(20):
        weight.fill_(float(n * n))
        update([average], [weight], torch.tensor(n))
        decay = min(0.5, (1 + n) / (10 + n))
        value = weight.item()
        expected = value if expected is None else decay * expected + (1 - decay) * value
        torch.testing.assert_close(average.item(), expected, rtol=1e-6, atol=0)
