"""A step, beside the same written out plainly."""

from copy import deepcopy
from functools import partial

import pytest
import torch

from rnn_codec.accelerated.step import TrainingStep
from rnn_codec.training.execution import Execution
from tests.conftest import make_codec

PLAIN = Execution(channels_last=False, compile=False, deferred_weight_gradients=False)
DEFERRED = Execution(channels_last=False, compile=False, deferred_weight_gradients=True)
ADAM = partial(torch.optim.AdamW, lr=0.01, weight_decay=0.1)
IMAGES = torch.randint(0, 256, (2, 3, 32, 32), dtype=torch.uint8)


def make_step(execution: Execution = PLAIN, decay: float | None = 0.9, norm: float | None = 0.5):
    codec = make_codec("gru", "additive")
    return TrainingStep(codec, ADAM, decay, norm, None, execution)


def reference(steps: int, decay: float, norm: float) -> tuple[dict, dict, float]:
    """Weights, averages and mean loss after some steps of three iterations."""
    codec = make_codec("gru", "additive").train()
    average = deepcopy(codec.state_dict())
    optimizer = torch.optim.AdamW(codec.parameters(), lr=0.01, weight_decay=0.1)
    total = 0.0
    for number in range(steps):
        torch.manual_seed(number)
        signal = IMAGES / 127.5 - 1
        residuals = [signal - shown for shown in codec.unroll(signal, 3)]
        loss = sum(r.abs().mean() for r in residuals) / 3
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(codec.parameters(), norm)
        optimizer.step()
        total += float(loss.detach())
        kept = min(decay, (1 + number) / (10 + number))
        for name, weight in codec.state_dict().items():
            average[name] = kept * average[name] + (1 - kept) * weight
    return codec.state_dict(), average, total


@pytest.mark.parametrize("execution", [PLAIN, DEFERRED])
def test_trains_as_written_out(execution: Execution) -> None:
    weights, average, total = reference(4, decay=0.9, norm=0.5)
    step = make_step(execution)
    for number in range(4):
        torch.manual_seed(number)
        step.run(IMAGES, 3)
    assert step.read_loss() == pytest.approx(total, rel=1e-4)
    assert step.read_loss() == 0
    assert int(step.updates) == 4
    for name, weight in weights.items():
        torch.testing.assert_close(step.codec.state_dict()[name], weight, rtol=1e-3, atol=1e-4)
    for name, weight in average.items():
        torch.testing.assert_close(step.averaged.state_dict()[name], weight, rtol=1e-3, atol=1e-4)


def test_without_averaging_the_average_is_the_weights() -> None:
    step = make_step(decay=None)
    for _ in range(2):
        step.run(IMAGES, 1)
    for name, weight in step.codec.state_dict().items():
        torch.testing.assert_close(step.averaged.state_dict()[name], weight)


def test_the_rate_is_what_was_set_as_number_or_tensor() -> None:
    step = make_step()
    before = deepcopy(step.codec.state_dict())
    step.set_rate(0.0)
    step.run(IMAGES, 1)
    for name, weight in step.codec.state_dict().items():
        assert torch.equal(weight, before[name])
    for group in step.optimizer.param_groups:
        group["lr"] = torch.tensor(0.5)
    step.set_rate(0.25)
    assert [float(group["lr"]) for group in step.optimizer.param_groups] == [0.25]


def test_autocast_to_bfloat16_trains() -> None:
    codec = make_codec("lstm", "one_shot")
    step = TrainingStep(codec, ADAM, 0.9, 1.0, torch.bfloat16, DEFERRED)
    losses = []
    for _ in range(8):
        step.run(IMAGES, 2)
        losses.append(step.read_loss())
    assert losses[-1] < losses[0]
    assert all(torch.isfinite(weight).all() for weight in codec.state_dict().values())
