"""Measurements of codecs, and the curves that are made from them."""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from skimage.data import astronaut

from rnn_codec.errors import UserError
from rnn_codec.metrics.curve import UnequalPointsError
from rnn_codec.metrics.ms_ssim import ImageTooSmallError
from rnn_codec_lab.baselines import CLASSIC_CODECS
from rnn_codec_lab.evaluation.measurement import (
    MeasuredClassic,
    Measurement,
    Point,
    measure,
    measure_once,
    scores,
    tabulate,
)

IMAGE = astronaut()[:168, 100:292]
CURVES = {"files": {"kind": "files"}, "bits": {"kind": "nominal", "scores_of": "files"}}


def measured(image: str, point: float, size: float = 1000, psnr: float = 30.0) -> Measurement:
    return Measurement(image, "files", point, size, 8000, {"psnr": psnr})


def test_a_classic_codec_is_measured_by_its_files() -> None:
    jpeg = CLASSIC_CODECS["jpeg_444"]
    found = list(measure("astronaut", IMAGE, MeasuredClassic(jpeg)))
    assert [m.point for m in found] == list(jpeg.qualities)
    data = jpeg.encode(IMAGE, jpeg.qualities[0])
    assert (found[0].bytes, found[0].pixels) == (len(data), 168 * 192)
    assert list(found[0].scores) == ["psnr", "ms_ssim", "psnr_hvs", "psnr_hvs_luma"]
    assert found[0].scores == scores(jpeg.decode(data), IMAGE)


def test_it_works_as_it_goes_and_says_when_an_image_is_too_small() -> None:
    class Endless:
        curves = CURVES

        def points(self, pixels: Any) -> Iterator[Point]:
            while True:
                yield Point("files", 1, 1000, pixels)
                yield Point("bits", 1, 900, None)

    first, second = islice(measure("a", IMAGE, Endless()), 2)
    assert (first.scores["psnr"], second.scores) == (100.0, {})
    with pytest.raises(ImageTooSmallError):
        next(iter(measure("a", np.zeros((64, 64, 3), np.uint8), Endless())))


def test_what_was_measured_is_not_measured_again(tmp_path: Path) -> None:
    class Once:
        curves = CURVES
        done = 0

        def points(self, pixels: Any) -> Iterator[Point]:
            self.done += 1
            yield Point("files", 0.25, 1000, pixels)

    files = Once()
    first = measure_once(tmp_path, ["tune"], "a", IMAGE, files)
    again = measure_once(tmp_path, ["tune"], "b", IMAGE, files)
    assert ([m.scores for m in again], again[0].image) == ([m.scores for m in first], "b")
    assert files.done == 1
    measure_once(tmp_path, ["other"], "a", IMAGE, files)
    measure_once(tmp_path, ["tune"], "a", IMAGE[::-1], files)
    assert files.done == 3
    for kept in tmp_path.iterdir():
        kept.write_text("{}")
    with pytest.raises(UserError, match="is damaged: delete it"):
        measure_once(tmp_path, ["tune"], "a", IMAGE, files)


@given(st.permutations([measured(i, p, 100 * p, 20 + p) for i in "abc" for p in range(1, 5)]))
def test_the_order_of_measurements_does_not_matter(measurements: list[Measurement]) -> None:
    images, curves = tabulate(measurements, CURVES)
    assert (images, list(curves)) == (("a", "b", "c"), ["files"])
    curve = curves["files"].mean()
    assert curve.point == (1, 2, 3, 4)
    assert curve.bpp == pytest.approx((0.1, 0.2, 0.3, 0.4))
    assert curve.scores["psnr"] == pytest.approx((21, 22, 23, 24))


def test_rates_without_pictures_have_the_scores_of_another_curve() -> None:
    files = [measured("a", point, psnr=20 + point) for point in (1, 2, 3)]
    bits = [Measurement("a", "bits", point, 500, 8000, {}) for point in (3, 2)]
    _, curves = tabulate([*files, *bits], CURVES)
    assert curves["bits"].points == (2, 3)
    assert curves["bits"].scores["psnr"].tolist() == [[22, 23]]
    assert curves["bits"].bpp.tolist() == [[0.5, 0.5]]


@pytest.mark.parametrize(
    ("measurements", "message"),
    [
        ([measured("a", 1), measured("a", 2), measured("b", 1)], "b at point 2 of files"),
        ([measured("a", 1), measured("a", 2), measured("b", 2)], "b at point 1 of files"),
        ([measured("a", 1), measured("a", 1)], "a at point 1 of files occurs twice"),
        ([measured("a", 1), Measurement("a", "bits", 2, 1, 8, {})], "no scores for bits"),
        ([Measurement("a", "files", 1, 1, 8, {})], "no scores for files"),
    ],
)
def test_curves_of_unlike_images_are_refused(measurements: list[Measurement], message: str) -> None:
    with pytest.raises(UnequalPointsError, match=message):
        tabulate(measurements, CURVES)


def test_nothing_and_what_is_not_described_are_refused() -> None:
    with pytest.raises(ValueError, match="no measurements"):
        tabulate([], CURVES)
    with pytest.raises(ValueError, match="the curve files is not described"):
        tabulate([measured("a", 1)], {})
