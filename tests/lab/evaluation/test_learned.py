"""A trained model is measured by the files of `compress`, decoded as `decompress` does."""

from dataclasses import asdict, replace
from itertools import groupby
from pathlib import Path

import numpy as np
import pytest
import torch
from tests.families.wavelet.priors import tiny_model
from tests.model_folders import write_model

from rnn_codec.families.binary.entropy.context_model import bits_per_bit
from rnn_codec.families.binary.model import BinaryModel
from rnn_codec.files import write_json
from rnn_codec.models.find import load_model
from rnn_codec.models.protocol import Model, Pixels, open_file, truncated
from rnn_codec.rates import BitsPerPixel, Levels
from rnn_codec.runs.cost import TrainingCost
from rnn_codec.runs.folder import RunFolder
from rnn_codec_lab.evaluation import learned
from rnn_codec_lab.evaluation.learned import (
    Aim,
    LevelFiles,
    RateFiles,
    TunedFiles,
    describe_model,
    files_of,
    restoration_seconds,
)
from rnn_codec_lab.evaluation.measurement import Point

SIZE = 161 * 170


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_model(tmp_path_factory.mktemp("models") / "a", "single_iteration")


@pytest.fixture(scope="module")
def model(folder: Path) -> Model:
    return load_model(folder)


@pytest.fixture(scope="module")
def pixels() -> Pixels:
    rng = np.random.default_rng(0)
    share = np.linspace(-1, 1, 170).clip(min=0)[:, None]
    return (128 + share * (rng.integers(0, 256, (161, 170, 3)) - 128)).astype(np.uint8)


def by_curve(points: list[Point]) -> dict[str, list[Point]]:
    ordered = sorted(points, key=lambda point: point.curve)
    return {name: list(own) for name, own in groupby(ordered, key=lambda point: point.curve)}


def test_files_of_every_level_and_the_rates_beside_them(
    folder: Path, model: Model, pixels: Pixels
) -> None:
    files = LevelFiles(model, 3, cut_at=(0.5,))
    found = by_curve(list(files.points(pixels)))
    kinds = {name: labels["kind"] for name, labels in files.curves.items()}
    assert kinds == {
        **{"nominal": "nominal", "none": "files", "single_iteration, ideal": "ideal"},
        **{"single_iteration": "files", "cut": "prefix"},
    }
    assert found.keys() == files.curves.keys()
    for coder in ("none", "single_iteration"):
        own = load_model(folder, coder)
        for level, point in enumerate(found[coder], start=1):
            data = own.compress(pixels, Levels(level))
            # In a longer file, the bits after a level can move its end by a byte.
            assert point.point == level
            assert abs(point.bytes - len(data)) <= 1
            if coder == "none":
                assert point.decoded is None
            else:
                np.testing.assert_array_equal(point.decoded, own.decompress(data))
    # Bits of 11 × 11 positions: padding counts.
    assert [point.bytes for point in found["nominal"]] == [484, 968, 1452]
    shared = {name for name, labels in files.curves.items() if "scores_of" in labels}
    assert shared == {"nominal", "none", "single_iteration, ideal"}
    longest = model.compress(pixels, Levels(3))
    sizes = [point.bytes for point in found["single_iteration"]]
    for level, point in enumerate(found["cut"], start=1):
        assert point.point == level + 0.5
        assert sizes[level - 1] < point.bytes < sizes[level]
        decoded = model.decompress(longest[: int(point.bytes)])
        np.testing.assert_array_equal(point.decoded, decoded)


def test_the_ideal_code_length_is_the_models_cross_entropy(model: Model, pixels: Pixels) -> None:
    assert isinstance(model, BinaryModel)
    found = by_curve(list(LevelFiles(model, 2).points(pixels)))["single_iteration, ideal"]
    image = torch.from_numpy(pixels).permute(2, 0, 1)[None]
    signs = model.codec.encode(image, 2).bits.float() * 2 - 1
    context = model.others()[1].context
    assert context is not None
    with torch.no_grad():
        expected = bits_per_bit(context(signs), signs) * 32 * 121 / 8
    assert [point.bytes for point in found] == pytest.approx(expected.cumsum(0).tolist())


def test_tuned_files_are_those_that_compress_makes(
    model: Model, pixels: Pixels, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(learned, "RATES", (0.25, 0.5))
    monkeypatch.setattr(learned, "PREFIX_RATES", (0.3,))
    files = TunedFiles(model, "psnr")
    found = by_curve(list(files.points(pixels)))
    assert found.keys() == files.curves.keys()
    assert [point.point for point in found["adaptive, psnr"]] == [0.25, 0.5]
    for point in found["adaptive, psnr"]:
        data = model.compress(pixels, BitsPerPixel(point.point), "psnr")
        assert point.bytes == len(data)
        np.testing.assert_array_equal(point.decoded, model.decompress(data))
    longest = {
        "adaptive, psnr, beginnings": model.compress(pixels, BitsPerPixel(0.5), "psnr"),
        "uniform beside psnr, beginnings": model.compress(pixels, Levels(16)),
    }
    for curve, data in longest.items():
        (point,) = found[curve]
        assert point.bytes <= 0.3 * SIZE / 8
        decoded = model.decompress(truncated(open_file(data), int(0.3 * SIZE / 8)))
        np.testing.assert_array_equal(point.decoded, decoded)


def test_what_tells_tuned_files_apart(model: Model) -> None:
    assert isinstance(model, BinaryModel)
    other = replace(model, identifier=b"others", path=Path("elsewhere"))
    keys = {TunedFiles(m, tune).key for m in (model, other) for tune in ("psnr", "balanced")}
    assert len(keys) == 4


@pytest.mark.parametrize(
    ("tune", "effort", "name", "labels"),
    [
        (None, 0, "progressive", {}),
        ("psnr", 0, "adaptive, psnr", {"tune": "psnr"}),
        ("psnr", 2, "adaptive, psnr, effort 2", {"tune": "psnr", "effort": "2"}),
    ],
)
def test_files_of_rates_are_those_that_compress_makes(
    tune: str | None,
    effort: int,
    name: str,
    labels: dict[str, str],
    pixels: Pixels,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(learned, "RATES", (0.5, 1.0))
    monkeypatch.setattr(learned, "PREFIX_RATES", (0.3,))
    model = tiny_model(scaling="one_shot")
    files = RateFiles(model, tune, effort)
    both = {name: "files", f"{name}, beginnings": "prefix"}
    assert files.curves == {
        curve: {"kind": kind, "entropy": "progressive", **labels} for curve, kind in both.items()
    }
    found = by_curve(list(files.points(pixels)))
    assert found.keys() == files.curves.keys()
    made = [model.compress(pixels, BitsPerPixel(r), tune, effort=effort) for r in (0.5, 1.0)]
    for number, (point, data) in enumerate(zip(found[name], made, strict=True), start=1):
        assert (point.point, point.bytes) == (number, len(data))
        np.testing.assert_array_equal(point.decoded, model.decompress(data))
    (point,) = found[f"{name}, beginnings"]
    decoded = model.decompress(truncated(open_file(made[1]), int(0.3 * SIZE / 8)))
    np.testing.assert_array_equal(point.decoded, decoded)


def test_every_tune_and_effort_has_a_curve_of_its_own() -> None:
    files = files_of(tiny_model(), [Aim("psnr"), Aim("ms-ssim"), Aim("ms-ssim", 3)])
    names = [name for each in files for name in each.curves if "beginnings" not in name]
    assert names == ["adaptive, psnr", "adaptive, ms-ssim", "adaptive, ms-ssim, effort 3"]
    assert len({each.key for each in files}) == 3


def test_a_model_says_what_it_is(model: Model) -> None:
    about = describe_model(model, "photos", "rnn-codec evaluate")
    labels = {"family": "binary", "cell": "gru", "recon": "one_shot", "network": "tiny"}
    assert about.labels == labels
    assert about.model is not None
    assert about.model.parameters == model.facts().parameters > 10_000


@pytest.mark.parametrize(
    ("seconds", "expected"), [([], 0), ([90.0, 30.0], 120), ([90.0, None], None)]
)
def test_restoration_counts_if_every_network_recorded_its_time(
    seconds: list[float | None], expected: float | None, tmp_path: Path
) -> None:
    for number, each in enumerate(seconds):
        run = RunFolder(tmp_path).restoration(str(number))
        run.path.mkdir(parents=True)
        run.weights.touch()
        if each is not None:
            write_json(run.cost, asdict(TrainingCost("a", each, 1, 1, {}, {})))
    assert restoration_seconds(RunFolder(tmp_path)) == expected
