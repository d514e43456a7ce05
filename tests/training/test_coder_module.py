"""Training of context models: what is minimised, what is tied."""

from functools import partial

import pytest
import torch

from rnn_codec.entropy.context_model import bits_per_bit
from rnn_codec.entropy.progressive import Progressive
from rnn_codec.entropy.single_iteration import SingleIteration
from rnn_codec.training.coder_module import CoderTraining, tie_gradients
from rnn_codec.training.schedules import constant


def make_training(tied_steps: int = 0) -> CoderTraining:
    optimizer = partial(torch.optim.SGD, lr=0.1)
    return CoderTraining(
        SingleIteration(), optimizer, partial(constant, warmup_steps=1), tied_steps
    )


def random_bits() -> torch.Tensor:
    return torch.randint(0, 2, (16, 2, 32, 3, 3)).float() * 2 - 1


def test_all_iterations_start_from_the_same_weights() -> None:
    first, *others = make_training().model.models
    for other in others:
        for one, two in zip(first.parameters(), other.parameters(), strict=True):
            assert torch.equal(one, two)


@pytest.mark.parametrize("model_class", [SingleIteration, Progressive])
def test_tied_gradients_are_the_mean(model_class: type) -> None:
    model, bits = model_class(), random_bits()
    bits_per_bit(model(bits), bits).mean().backward()
    weights = [network.output.weight for network in model.models]
    gradients = [weight.grad.clone() for weight in weights if weight.grad is not None]
    assert len(gradients) == 16
    tie_gradients(model.models)
    for weight in weights:
        assert weight.grad is not None
        assert torch.allclose(weight.grad, sum(gradients) / 16)


def test_weights_stay_the_same_while_tied_and_part_afterwards() -> None:
    for tied_steps, same in [(1, True), (0, False)]:
        training, bits = make_training(tied_steps), random_bits()
        bits_per_bit(training.model(bits), bits).mean().backward()
        training.on_after_backward()
        training.build_optimizer(training.parameters()).step()
        first, second, *_ = training.model.models
        pairs = zip(first.parameters(), second.parameters(), strict=True)
        assert all(torch.equal(one, two) for one, two in pairs) == same
