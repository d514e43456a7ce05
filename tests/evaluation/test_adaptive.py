"""Adaptive files in records: what is measured is what files decode to, and it is kept whole."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from rnn_codec.compression.model import Model, truncate
from tests.conftest import make_codec

from rnn_codec.errors import UserError
from rnn_codec.evaluation import adaptive
from rnn_codec.evaluation.adaptive import (
    Adaptive,
    adaptive_sentences,
    bd_rates,
    mean_curves,
    measure_adaptive,
    measure_once,
    of_files,
    write_adaptive,
)
from rnn_codec.evaluation.curve import Curve
from rnn_codec.evaluation.measurement import Measurement
from rnn_codec.families.binary.entropy.none import NoneCoder
from rnn_codec.metrics.scores import SCORES, score_pair
from rnn_codec.rates import BitsPerPixel, Bytes, Levels


@pytest.fixture(scope="module")
def model() -> Model:
    codec = make_codec("gru", "one_shot", network="transform").eval()
    return Model(codec, NoneCoder(), b"abcdef", Path("models/mine"))


@pytest.fixture(scope="module")
def pixels() -> np.ndarray:
    rng = np.random.default_rng(0)
    share = np.linspace(-1, 1, 170).clip(min=0)[:, None]
    return (128 + share * (rng.integers(0, 256, (161, 170, 3)) - 128)).astype(np.uint8)


@pytest.fixture
def _few_rates(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(adaptive, "RATES", (0.25, 0.5))
    monkeypatch.setattr(adaptive, "PREFIX_RATES", (0.3,))


def scores(model: Model, data: bytes, pixels: np.ndarray) -> dict[str, float]:
    pair = model.decompress(data), pixels
    one, two = (torch.from_numpy(np.ascontiguousarray(p)).permute(2, 0, 1) for p in pair)
    return dict(score_pair(one, two))


@pytest.mark.usefixtures("_few_rates")
def test_files_are_those_that_compress_makes(model: Model, pixels: np.ndarray) -> None:
    measured = measure_adaptive("a", pixels, model, "psnr")
    assert [file.point for file in measured.files] == [0.25, 0.5]
    for file in measured.files:
        data = model.compress(pixels, BitsPerPixel(file.point), "psnr")
        assert file.bpp == 8 * len(data) / (161 * 170)
        assert file.scores == scores(model, data, pixels)
    length = Bytes(int(0.3 * 161 * 170 / 8))
    longest = model.compress(pixels, BitsPerPixel(0.5), "psnr")
    assert measured.prefixes[0].scores == scores(model, truncate(longest, length), pixels)
    alike = truncate(model.compress(pixels, Levels(16)), length)
    assert measured.uniform[0].scores == scores(model, alike, pixels)
    assert measured.prefixes[0].bpp == measured.uniform[0].bpp <= 0.3


@pytest.mark.usefixtures("_few_rates")
def test_what_was_measured_is_not_measured_again(
    model: Model, pixels: np.ndarray, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = measure_once(tmp_path, "a", pixels, model, "balanced")
    monkeypatch.setattr(adaptive, "measure_adaptive", None)
    assert measure_once(tmp_path, "a", pixels, model, "balanced") == first
    for change in ({"tune": "psnr"}, {"model": replace(model, identifier=b"others")}):
        arguments = {"model": model, "tune": "balanced"} | change
        with pytest.raises(TypeError):
            measure_once(tmp_path, "a", pixels, **arguments)
    with pytest.raises(TypeError):
        measure_once(tmp_path, "a", pixels + 1, model, "balanced")
    (kept,) = tmp_path.iterdir()
    kept.write_text("{}")
    with pytest.raises(UserError, match=f"{kept} is damaged: delete it"):
        measure_once(tmp_path, "a", pixels, model, "balanced")


def made_up(tune: str, gain: float) -> list[Adaptive]:
    """Of two images: quality grows with the logarithm of the rate, and by a gain."""

    def at(image: str, rate: float, more: float) -> Measurement:
        decibels = 30 + 6 * np.log2(rate) + more
        return Measurement(image, rate, 0.99 * rate, {"psnr": decibels, "ms_ssim": 0.9 + rate / 40})

    rates, some = adaptive.RATES, adaptive.PREFIX_RATES
    return [
        Adaptive(
            tune,
            [at(image, rate, gain) for rate in rates],
            [at(image, rate, gain / 2) for rate in some],
            [at(image, rate, 0.0) for rate in some],
        )
        for image in ("a", "b")
    ]


def uniform() -> Curve:
    rates = np.array(adaptive.RATES)
    scores = {"psnr": tuple(30 + 6 * np.log2(rates)), "ms_ssim": tuple(0.9 + rates / 40)}
    return Curve(tuple(range(1, 17)), tuple(rates), scores)


def test_the_bd_rate_of_a_known_gain() -> None:
    """Two decibels more, where six double the rate; and a hundredth less for equal files."""
    curve = mean_curves(made_up("balanced", 2.0))["balanced"]
    found = bd_rates(curve, uniform())
    assert found["psnr"] == pytest.approx(100 * (0.99 * 2 ** (-2 / 6) - 1), abs=0.1)
    assert found["ms_ssim"] == pytest.approx(-1, abs=0.1)


def test_the_files_of_a_record(tmp_path: Path) -> None:
    measured = [*made_up("balanced", 2.0), *made_up("ms-ssim", 1.0)]
    content = write_adaptive(tmp_path, measured, "progressive", uniform(), {"seed": 0})
    written = json.loads((tmp_path / "adaptive.json").read_text())
    assert written["images"] == 2
    assert written["settings"] == {"seed": 0}
    assert set(written["tunes"]) == {"balanced", "ms-ssim"}
    curves = written["prefixes"]["balanced"]
    gain = np.subtract(curves["adaptive"]["psnr"], curves["uniform"]["psnr"])
    assert gain == pytest.approx(np.ones(4))
    assert len((tmp_path / "adaptive.csv").read_text().splitlines()) == 1 + 2 * 2 * 16
    assert len((tmp_path / "prefixes.csv").read_text().splitlines()) == 1 + 2 * 2 * 2 * 4
    assert (tmp_path / "adaptive.png").stat().st_size > 1000
    first, _ = adaptive_sentences(content)
    assert first.startswith(
        "Adaptive files, balanced: BD-rate to uniform ones -1.0 % by MS-SSIM, -21"
    )


def test_a_curve_at_the_rates_of_files() -> None:
    curve = of_files(uniform(), [0.1, 0.2])
    assert (curve.point, curve.bpp) == ((1, 2), (0.1, 0.2))
    assert all(len(curve.scores[metric]) == 2 for metric in curve.scores)
    assert set(curve.scores) <= set(SCORES)
