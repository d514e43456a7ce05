"""Training of context models: the loss, and the measurements."""

from functools import partial

import pytest
import torch
from torch import Tensor

from rnn_codec.families.binary.entropy.context_model import bits_per_bit, code_lengths
from rnn_codec.families.binary.entropy.progressive import Progressive
from rnn_codec.families.binary.training.coder_module import CoderTraining
from rnn_codec.training.schedules import Progress, constant


class Recorded(CoderTraining):
    """Keeps the logged values."""

    def log(self, name: str, value: Tensor | float, **options: bool) -> None:
        self.logged[name] = float(value)


def make_training() -> Recorded:
    optimizer = partial(torch.optim.SGD, lr=0.1)
    training = Recorded(
        Progressive(5), optimizer, partial(constant, warmup_steps=1), Progress(10, None)
    )
    training.logged = {}
    torch.nn.init.normal_(training.model.logit_bias)
    return training


def random_symbols(iterations: int) -> Tensor:
    return torch.randint(0, 2, (iterations, 2, 32, 3, 3)).float() * 2 - 1


def test_the_loss_is_what_a_position_of_all_iterations_costs() -> None:
    training, symbols = make_training(), random_symbols(3)
    symbols[1:, 0] = 0
    lengths = code_lengths(training.model(symbols), symbols)
    loss = training.training_step(symbols, 0)
    assert loss.item() == pytest.approx(lengths.sum().item() / (2 * 32 * 9))
    mean = lengths.sum() / symbols.abs().sum()
    assert training.logged["train/bits_per_bit"] == pytest.approx(mean.item())


def test_a_batch_without_bits_is_a_step_like_others() -> None:
    training = make_training()
    loss = training.training_step(torch.zeros(1, 2, 32, 3, 3), 0)
    loss.backward()
    assert loss.item() == 0
    assert training.logged["train/bits_per_bit"] == 0


def test_pictures_count_by_their_bits_in_validation() -> None:
    training = make_training()
    small, large = random_symbols(5), random_symbols(5).repeat(1, 1, 1, 2, 2)
    with torch.no_grad():
        for picture in (small, large):
            training.validation_step(picture, 0)
        rates = [bits_per_bit(training.model(picture), picture) for picture in (small, large)]
    training.on_validation_epoch_end()
    expected = rates[0] / 5 + rates[1] * 4 / 5
    logged = training.logged
    assert logged["val/bits_per_bit"] == pytest.approx(expected.mean().item())
    assert logged["val/bits_per_bit_4"] == pytest.approx(expected[3].item())
    names = {"val/bits_per_bit", *(f"val/bits_per_bit_{n}" for n in (1, 2, 4, 5))}
    assert set(logged) == names
