"""From the coefficients of a file to its picture, before anything restores it."""

from functools import partial

from rnn_codec.families.wavelet.format import Settings
from rnn_codec.families.wavelet.gains import Gains
from rnn_codec.families.wavelet.layout import Run
from rnn_codec.families.wavelet.planes import Planes, Synthesis, synthesised, values
from rnn_codec.families.wavelet.restoration.conditions import Conditions
from rnn_codec.families.wavelet.workers import Workers


def decoded(
    planes: Planes, settings: Settings, run: Run | None, gains: Gains, workers: Workers
) -> tuple[Synthesis, Conditions]:
    """What coefficients are, as far as a run has told them, and what restores is told of that."""
    shape = planes.shape
    of_component = partial(values, planes, settings.first, run, gains.weights(shape))
    picture = synthesised(shape, of_component, settings.rotation, workers)
    return picture, Conditions.of(shape, settings, run, gains)
