"""The moving average against its recursion."""

import pytest
import torch
from torch.optim.swa_utils import AveragedModel

from rnn_codec.training.averaging import moving_average


def test_average_follows_its_recursion() -> None:
    model = torch.nn.Linear(1, 1, bias=False).double()
    averaged = AveragedModel(model, multi_avg_fn=moving_average(0.5))
    expected = None
    for n in range(20):
        with torch.no_grad():
            model.weight.fill_(float(n * n))
        averaged.update_parameters(model)
        decay = min(0.5, (1 + n) / (10 + n))
        value = model.weight.item()
        expected = value if expected is None else decay * expected + (1 - decay) * value
        assert averaged.module.weight.item() == pytest.approx(expected, rel=1e-6)
