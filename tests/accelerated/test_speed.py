"""The largest batch that is of use."""

import pytest
import torch

from rnn_codec.accelerated.speed import Probe, largest_useful_batch


def speeds(figures: dict[int, float]):
    def images_per_second(batch_size: int) -> float:
        if batch_size not in figures:
            raise torch.OutOfMemoryError
        return figures[batch_size]

    return images_per_second


@pytest.mark.parametrize(
    ("figures", "best"),
    [
        ({8: 10.0, 16: 19.0, 32: 30.0}, 32),  # then memory is full
        ({8: 10.0, 16: 19.0, 32: 19.2, 64: 90.0}, 16),  # 32 does not pay
        ({8: 10.0, 16: 5.0}, 8),
        ({8: 10.0, 16: 20.0, 32: 40.0, 64: 80.0, 128: 160.0}, 64),  # no larger is tried
    ],
)
def test_doubles_as_long_as_it_fits_and_pays(figures: dict[int, float], best: int) -> None:
    probes = largest_useful_batch(8, 64, speeds(figures))
    assert probes[-1] == Probe(best, figures[best])


def test_a_smallest_batch_that_does_not_fit_is_an_error() -> None:
    with pytest.raises(torch.OutOfMemoryError):
        largest_useful_batch(8, 64, speeds({}))
