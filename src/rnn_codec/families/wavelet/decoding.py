"""From the coefficients of a file to its picture, before restoration."""

from functools import partial

from rnn_codec.families.wavelet.format import Settings
from rnn_codec.families.wavelet.gains import Gains
from rnn_codec.families.wavelet.layout import Segment
from rnn_codec.families.wavelet.planes import Planes, Synthesis, synthesised, values
from rnn_codec.families.wavelet.restoration.conditions import Conditions
from rnn_codec.families.wavelet.workers import Workers


def decoded(
    planes: Planes, settings: Settings, segment: Segment | None, gains: Gains, workers: Workers
) -> tuple[Synthesis, Conditions]:
    """The picture decoded from a stream up to a segment, and the conditions of its restoration."""
    shape = planes.shape
    of_component = partial(values, planes, settings.first, segment, gains.weights(shape))
    picture = synthesised(shape, of_component, settings.rotation, workers)
    return picture, Conditions.of(shape, settings, segment, gains)
