"""The plan of a training for a given time."""

from rnn_codec.training.loss import residual_loss
from rnn_codec.training.pace import PREPARING, STEPS, TIMED, Stopwatch, rehearsal
from rnn_codec.training.phase import Phase


def test_a_step_is_timed_with_the_mean_number_of_iterations() -> None:
    parts = rehearsal(Phase(700, 2, 16, residual_loss))
    assert [part.first_step for part in parts] == [0, PREPARING, 2 * PREPARING]
    assert [part.fewest_iterations for part in parts] == [9, 16, 9]
    assert [part.most_iterations for part in parts] == [9, 16, 9]


def test_what_is_not_a_step_is_preparation() -> None:
    phase, stopwatch = Phase(0, 1, 3, residual_loss), Stopwatch()
    # Steps of 2 iterations take 1 s, of 3 take 1.5 s; compiling 30 s, recording one kind 5 s.
    first, second, timed = 30 + 4 * 1.0, 5 + 4 * 1.5, 1.0 * TIMED
    stopwatch.times = [100.0, *(100.0 + first,) * PREPARING, *(100.0 + first + second,) * PREPARING]
    stopwatch.times.append(100.0 + first + second + timed)
    pace = stopwatch.pace(0.25, phase)
    assert (pace.share, pace.step) == (0.25, 1.0)
    # Of three kinds, one is in the first number.
    assert pace.preparation == first + 2 * 5
    assert len(stopwatch.times) == 2 * PREPARING + 2
    assert STEPS == 2 * PREPARING + TIMED
