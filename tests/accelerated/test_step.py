"""A step, beside the same written out plainly."""

from copy import deepcopy
from functools import partial

import lightning as L
import pytest
import torch
from rnn_codec.accelerated.step import TrainingStep
from torch.utils.data import DataLoader

from rnn_codec.training.execution import Execution
from rnn_codec.training.loss import residual_loss
from rnn_codec.training.module import CodecTraining
from rnn_codec.training.phase import Phase
from rnn_codec.training.schedules import cosine
from rnn_codec.training.seeds import iterations_of_step, mix
from tests.conftest import make_codec

PLAIN = Execution(
    channels_last=False, compile=False, compile_gates=False, deferred_weight_gradients=False
)
DEFERRED = Execution(
    channels_last=False, compile=False, compile_gates=False, deferred_weight_gradients=True
)
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
        step.run(IMAGES, 3, residual_loss)
    assert step.read_loss() == (pytest.approx(total, rel=1e-4), 0)
    assert step.read_loss() == (0, 0)
    assert int(step.updates) == 4
    for name, weight in weights.items():
        torch.testing.assert_close(step.codec.state_dict()[name], weight, rtol=1e-3, atol=1e-4)
    for name, weight in average.items():
        torch.testing.assert_close(step.averaged.state_dict()[name], weight, rtol=1e-3, atol=1e-4)


def test_without_averaging_the_average_is_the_weights() -> None:
    step = make_step(decay=None)
    for _ in range(2):
        step.run(IMAGES, 1, residual_loss)
    for name, weight in step.codec.state_dict().items():
        torch.testing.assert_close(step.averaged.state_dict()[name], weight)


@pytest.mark.parametrize("norm", [0.5, None])
@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_a_gradient_that_is_not_finite_moves_nothing(norm: float | None, bad: float) -> None:
    step = make_step(norm=norm)
    before = deepcopy(step.codec.state_dict())
    hook = step.codec.decoder.last.weight.register_hook(lambda gradient: gradient * bad)
    step.run(IMAGES, 2, residual_loss)
    assert step.read_loss() == (0, 1)
    # Weight decay alone: 1 − rate × decay.
    for name, weight in step.codec.state_dict().items():
        torch.testing.assert_close(weight, before[name] * (1 - 0.01 * 0.1))
    hook.remove()
    for _ in range(20):
        step.run(IMAGES, 2, residual_loss)
    assert step.read_loss()[1] == 0
    assert all(torch.isfinite(weight).all() for weight in step.codec.state_dict().values())
    assert not torch.equal(step.codec.decoder.last.weight, before["decoder.last.weight"])


def test_trains_as_lightning_does() -> None:
    """The same crops, schedule and random bits: the same weights."""
    codec = make_codec("lstm", "one_shot")
    schedule = partial(cosine, total_steps=4, warmup_steps=2, final_factor=0.1)
    module = CodecTraining(
        codec, ADAM, schedule, [Phase(0, 1, 3, residual_loss)], 7, execution=DEFERRED
    )
    batches = torch.randint(0, 256, (4, 2, 3, 32, 32), dtype=torch.uint8)
    trainer = L.Trainer(
        accelerator="cpu", max_steps=4, gradient_clip_val=0.5, logger=False, barebones=True
    )
    ours = TrainingStep(deepcopy(codec), ADAM, None, 0.5, None, DEFERRED)
    trainer.fit(module, DataLoader(list(batches), batch_size=None))
    for number, images in enumerate(batches):
        ours.set_rate(0.01 * schedule(number))
        torch.manual_seed(mix(7, number, 0))
        ours.run(images, iterations_of_step(7, number, 1, 3), residual_loss)
    for name, weight in module.codec.state_dict().items():
        torch.testing.assert_close(ours.codec.state_dict()[name], weight, rtol=1e-6, atol=1e-7)


def test_the_rate_is_what_was_set_as_number_or_tensor() -> None:
    step = make_step()
    before = deepcopy(step.codec.state_dict())
    step.set_rate(0.0)
    step.run(IMAGES, 1, residual_loss)
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
        step.run(IMAGES, 2, residual_loss)
        losses.append(step.read_loss()[0])
    assert losses[-1] < losses[0]
    assert all(torch.isfinite(weight).all() for weight in codec.state_dict().values())
