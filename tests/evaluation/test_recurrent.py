"""A trained codec is measured by files that `compress` makes, decoded as `decompress` does."""

from dataclasses import replace
from itertools import groupby
from pathlib import Path

import numpy as np
import pytest
import torch
from rnn_codec.compression.model import truncate
from rnn_codec.compression.rate_control import BitsPerPixel, Iterations
from tests.model_folders import write_model

from rnn_codec.evaluation import recurrent
from rnn_codec.evaluation.learned import (
    AdaptiveFiles,
    MeasuredCoder,
    UniformFiles,
    measured_coders,
)
from rnn_codec.evaluation.measurement import Pixels, Point
from rnn_codec.families.binary.entropy.context_model import bits_per_bit
from rnn_codec.runs.folder import RunFolder

SIZE = 161 * 170


@pytest.fixture(scope="module")
def coders(tmp_path_factory: pytest.TempPathFactory) -> list[MeasuredCoder]:
    folder = write_model(tmp_path_factory.mktemp("models") / "a", "single_iteration")
    return measured_coders(RunFolder(folder), "cpu")


@pytest.fixture(scope="module")
def pixels() -> Pixels:
    rng = np.random.default_rng(0)
    share = np.linspace(-1, 1, 170).clip(min=0)[:, None]
    return (128 + share * (rng.integers(0, 256, (161, 170, 3)) - 128)).astype(np.uint8)


def by_curve(points: list[Point]) -> dict[str, list[Point]]:
    ordered = sorted(points, key=lambda point: point.curve)
    return {name: list(own) for name, own in groupby(ordered, key=lambda point: point.curve)}


def test_uniform_files_and_the_rates_beside_them(
    coders: list[MeasuredCoder], pixels: Pixels
) -> None:
    files = UniformFiles(coders, 3, cut_at=[0.5])
    found = by_curve(list(files.points(pixels)))
    assert list(files.curves) == [
        "nominal", "none", "single_iteration", "single_iteration, ideal", "cut"
    ]  # fmt: skip
    assert found.keys() == files.curves.keys()
    best = coders[1].model
    for coder, curve in zip(coders, ("none", "single_iteration"), strict=True):
        for level, point in enumerate(found[curve], start=1):
            data = coder.model.compress(pixels, Iterations(level))
            assert (point.point, point.bytes) == (level, len(data))
            if curve == "single_iteration":
                assert point.decoded is not None
                np.testing.assert_array_equal(point.decoded, coder.model.decompress(data))
            else:
                assert point.decoded is None
    # Bits of 11 × 11 positions: padding counts.
    assert [point.bytes for point in found["nominal"]] == [484, 968, 1452]
    assert all(labels["scores_of"] == "single_iteration"
               for name, labels in files.curves.items() if name in {"nominal", "none"})  # fmt: skip
    one, two = (point for point in found["cut"])
    longest = best.compress(pixels, Iterations(3))
    sizes = [point.bytes for point in found["single_iteration"]]
    for point, level in ((one, 1), (two, 2)):
        assert point.point == level + 0.5
        assert sizes[level - 1] < point.bytes < sizes[level]
        decoded = best.decompress(longest[: int(point.bytes)])
        np.testing.assert_array_equal(point.decoded, decoded)
    assert [len(own) for own in files.seconds.values()] == [1, 1]


def test_the_ideal_code_length_is_the_models_cross_entropy(
    coders: list[MeasuredCoder], pixels: Pixels
) -> None:
    found = by_curve(list(UniformFiles(coders, 2).points(pixels)))["single_iteration, ideal"]
    image = torch.from_numpy(pixels).permute(2, 0, 1)[None]
    signs = coders[0].model.codec.encode(image, 2).bits.float() * 2 - 1
    context = coders[1].context
    assert context is not None
    with torch.no_grad():
        expected = bits_per_bit(context(signs), signs) * 32 * 121 / 8
    assert [point.bytes for point in found] == pytest.approx(expected.cumsum(0).tolist())


def test_adaptive_files_are_those_that_compress_makes(
    coders: list[MeasuredCoder], pixels: Pixels, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recurrent, "RATES", (0.25, 0.5))
    monkeypatch.setattr(recurrent, "PREFIX_RATES", (0.3,))
    model = coders[1].model
    files = AdaptiveFiles(model, "psnr")
    found = by_curve(list(files.points(pixels)))
    assert found.keys() == files.curves.keys()
    assert [point.point for point in found["adaptive, psnr"]] == [0.25, 0.5]
    for point in found["adaptive, psnr"]:
        data = model.compress(pixels, BitsPerPixel(point.point), "psnr")
        assert point.bytes == len(data)
        np.testing.assert_array_equal(point.decoded, model.decompress(data))
    longest = {
        "adaptive, psnr, beginnings": model.compress(pixels, BitsPerPixel(0.5), "psnr"),
        "uniform beside psnr, beginnings": model.compress(pixels, Iterations(16)),
    }
    for curve, data in longest.items():
        (point,) = found[curve]
        assert point.bytes <= 0.3 * SIZE / 8
        decoded = model.decompress(truncate(data, BitsPerPixel(0.3)))
        np.testing.assert_array_equal(point.decoded, decoded)


def test_what_tells_adaptive_files_apart(coders: list[MeasuredCoder]) -> None:
    model = coders[1].model
    other = replace(model, identifier=b"others", path=Path("elsewhere"))
    keys = {AdaptiveFiles(m, tune).key for m in (model, other) for tune in ("psnr", "balanced")}
    assert len(keys) == 4
