"""Classic codecs measured over images."""

from itertools import islice, repeat

import numpy as np
import pytest
from skimage.data import astronaut, coffee

from rnn_codec.baselines.registry import codec
from rnn_codec.evaluation.baseline import evaluate_baseline
from rnn_codec.evaluation.curve import mean_curve
from rnn_codec.metrics.images import pixels_to_batch
from rnn_codec.metrics.ms_ssim import ImageTooSmallError
from rnn_codec.metrics.scores import score_pair

IMAGES = [("astronaut", astronaut()[:168, 100:292]), ("coffee", coffee()[100:268, 100:276])]


def test_measures_every_image_at_every_quality() -> None:
    jpeg = codec("jpeg_420")
    measurements = list(evaluate_baseline(jpeg, IMAGES))
    assert [(m.image, m.point) for m in measurements] == [
        (name, quality) for name, _ in IMAGES for quality in jpeg.qualities
    ]
    assert mean_curve(measurements).point == jpeg.qualities


def test_the_rate_is_that_of_the_file_and_the_scores_those_of_its_pixels() -> None:
    jpeg = codec("jpeg_444")
    first = next(iter(evaluate_baseline(jpeg, IMAGES)))
    pixels = IMAGES[0][1]
    data = jpeg.encode(pixels, jpeg.qualities[0])
    assert first.bpp == 8 * len(data) / (168 * 192)
    decoded = pixels_to_batch(jpeg.decode(data))[0]
    scores = score_pair(decoded, pixels_to_batch(pixels)[0])
    assert scores == first.scores


def test_works_as_it_goes() -> None:
    assert len(list(islice(evaluate_baseline(codec("jpeg_420"), repeat(IMAGES[0])), 3))) == 3


def test_says_when_an_image_is_too_small() -> None:
    small = [("small", np.zeros((64, 64, 3), np.uint8))]
    with pytest.raises(ImageTooSmallError):
        list(evaluate_baseline(codec("jpeg_420"), small))
