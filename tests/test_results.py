"""The committed records: they agree with what is published, and texts with them."""

import csv
import json
import re
import runpy
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from rnn_codec.families.binary.code import PAPER_ITERATIONS
from rnn_codec.families.binary.weights import load_codec
from rnn_codec.metrics.curve import quality_at
from rnn_codec.models.find import SHIPPED
from rnn_codec.runs.folder import RunFolder
from rnn_codec_lab.baselines import CLASSIC_CODECS
from rnn_codec_lab.evaluation.record import Record, bd_rates, read_about, read_record
from tests.committed_models import SEPARATE, record_of
from tests.conftest import ROOT

RESULTS = ROOT / "results"
BASELINES = RESULTS / "baselines"
RECORDS = sorted(path.parent for path in RESULTS.rglob("about.json"))
KODAK_RECORDS = [record for record in RECORDS if read_about(record).dataset == "kodak"]
BINARY = {".onnx", ".png", ".webp", ".safetensors"}
TEXTS = sorted(
    path
    for place in (RESULTS, SHIPPED, SEPARATE)
    for path in place.rglob("*")
    if path.is_file() and path.suffix not in BINARY and path.parent.name != "__pycache__"
)
MODELS = sorted(
    path.parent for place in (RESULTS, SEPARATE) for path in place.glob("*/config.yaml")
)

PUBLISHED_JPEG_AREA = 1.793
"""MS-SSIM area of the Kodak curve in CompressAI's results."""
PUBLISHED_JPEG = {0.2212: 23.78, 0.3266: 26.58, 0.5084: 29.04, 0.7289: 30.90, 0.9644: 32.40}
"""PSNR by bpp, from the same curve."""

ABSOLUTE_PATH = re.compile(r"(?<![\w.])/(?:home|work|root|tmp|Users)(?![\w-])")

TABLES = runpy.run_path(str(RESULTS / "tables.py"))
READMES = {path: " ".join((ROOT / path).read_text("utf-8").split()) for path in (
    "README.md", "results/README.md"
)}  # fmt: skip


def relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def test_every_classic_codec_is_recorded() -> None:
    assert {record.name for record in KODAK_RECORDS if record.parent == BASELINES} == set(
        CLASSIC_CODECS
    )


def test_jpeg_has_its_published_area() -> None:
    areas = read_record(BASELINES / "jpeg_420").areas()
    assert areas["ms_ssim"] == pytest.approx(PUBLISHED_JPEG_AREA, abs=0.005)


@pytest.mark.parametrize("bpp", PUBLISHED_JPEG)
def test_jpeg_has_its_published_quality(bpp: float) -> None:
    curve = read_record(BASELINES / "jpeg_420").mean()
    assert quality_at(curve.bpp, curve.scores["psnr"], bpp) == pytest.approx(
        PUBLISHED_JPEG[bpp], abs=0.15
    )


@pytest.mark.parametrize("record", KODAK_RECORDS, ids=relative)
def test_a_record_of_kodak_is_of_all_its_images(record: Path) -> None:
    assert read_record(record).images == tuple(f"kodim{n:02}.png" for n in range(1, 25))


@pytest.mark.parametrize("file", TEXTS, ids=relative)
def test_no_absolute_path_is_committed(file: Path) -> None:
    found = [line for line in file.read_text("utf-8").splitlines() if ABSOLUTE_PATH.search(line)]
    assert not found


@pytest.mark.parametrize("folder", MODELS, ids=relative)
def test_a_committed_model_loads_and_gets_better_with_every_level(folder: Path) -> None:
    assert RunFolder(folder).weights.is_file()
    codec = load_codec(RunFolder(folder))
    image = torch.zeros(1, 3, 20, 40, dtype=torch.uint8)
    codes = codec.encode(image, iterations=2)
    assert [decoded.shape for decoded in codec.decode(codes)] == [image.shape] * 2
    curve = read_record(record_of(folder.name)).mean()
    most = codec.iterations
    assert most >= PAPER_ITERATIONS
    assert curve.point == tuple(range(1, most + 1))
    np.testing.assert_allclose(curve.bpp, np.arange(1, most + 1) / 8)
    assert (np.diff(curve.scores["psnr"]) > 0).all()
    assert (np.diff(curve.scores["ms_ssim"]) > 0).all()


@pytest.mark.parametrize("path", TABLES["TEXTS"], ids=relative)
def test_tables_in_texts_are_those_of_the_records(path: Path) -> None:
    text = path.read_text("utf-8")
    assert TABLES["MARKED"].search(text)
    assert TABLES["renewed"](text) == text, "run python results/tables.py"


@pytest.mark.parametrize("path", READMES)
def test_areas_in_the_prose_are_recorded(path: str) -> None:
    """Every MS-SSIM area that a text prints with four decimals is in a record, or published."""
    prose = re.sub(r"^\|.*$", "", (ROOT / path).read_text("utf-8"), flags=re.MULTILINE)
    with (RESULTS / "ablation.csv").open(newline="", encoding="utf-8") as file:
        recorded = [row["ms_ssim_auc"] for row in csv.DictReader(file)]
    study = json.loads((RESULTS / "lifting" / "lifting.json").read_text("utf-8"))
    recorded += [study[name]["ms_ssim_area"] for name in ("wavelet_9_7", "learned")]
    areas = {f"{float(area):.4f}" for area in recorded if area}
    assert set(re.findall(r"\b1\.[78]\d\d\d\b", prose)) <= areas


def test_what_the_prose_says_of_the_grid() -> None:
    records = [read_record(file.parent) for file in RESULTS.glob("transform/*/about.json")]
    areas = defaultdict(list)
    for record in records:
        areas[tuple(record.about.labels.items())].append(record.areas()["ms_ssim"])
    twice = [max(pair) - min(pair) for pair in areas.values() if len(pair) == 2]
    means = [np.mean(pair) for pair in areas.values()]
    assert (len(areas), len(twice)) == (12, 3)
    text = READMES["results/README.md"]
    assert f"differ by at most {max(twice):.4f} of MS-SSIM area" in text
    assert f"lie within {max(means) - min(means):.4f} of each other" in text
    models = [record.about.model for record in records if record.seed == 0]
    costs = [model.training for model in models if model and model.training]
    minutes, steps = [c.seconds / 60 for c in costs], [c.steps for c in costs]
    assert f"{min(minutes):.0f} to {max(minutes):.0f} minutes" in text
    assert f"{min(steps):,} to {max(steps):,} of them" in text
    reference = [read_record(f.parent) for f in RESULTS.glob("transform_reference/*/about.json")]
    assert len(reference) == 2
    assert all(0 < psnr(record)[15] - psnr(record)[7] < 0.1 for record in reference)
    assert "the second eight add less than 0.1 dB" in text


def psnr(record: Record, curve: str | None = None) -> tuple[float, ...]:
    return record.mean(curve).scores["psnr"]


def test_what_the_prose_says_of_the_flagship() -> None:
    own = read_record(RESULTS / "flagship" / "evaluation" / "kodak")
    rates = bd_rates(own.mean("adaptive, balanced"), own.mean("progressive"))
    saved = f"{-rates['psnr']:.0f} % of the bits at equal PSNR and {-rates['ms_ssim']:.0f} %"
    assert f"{saved} at equal MS-SSIM" in READMES["README.md"]
    # In PSNR above JPEG, level with WebP at low rates and behind it at high ones.
    jpeg, webp = (read_record(BASELINES / name).mean() for name in ("jpeg_420", "webp"))
    adaptive = own.mean("adaptive, balanced")
    for bpp, decibels in zip(adaptive.bpp, adaptive.scores["psnr"], strict=True):
        anchor, other = (quality_at(c.bpp, c.scores["psnr"], bpp) for c in (jpeg, webp))
        assert anchor is None or decibels > anchor
        assert other is not None
        ahead = decibels - other
        assert -0.25 < ahead < 0.1 if bpp < 0.5 else ahead < -0.3
    held_out = read_record(RESULTS / "flagship" / "held_out")
    assert f"the PSNR area is {held_out.areas()['psnr']:.2f}" in READMES["results/README.md"]
    for scores in held_out.mean().scores.values():
        assert list(scores) == sorted(scores)


def test_what_the_prose_says_of_the_wavelet_codec() -> None:
    own = read_record(RESULTS / "wavelet" / "kodak")
    avif, jpeg2000, webp = (
        read_record(BASELINES / name).mean() for name in ("avif", "jpeg2000", "webp")
    )
    for curve, ahead in (("adaptive, psnr", 0.5), ("progressive", 0.0)):
        mean = own.mean(curve)
        for bpp, decibels in zip(mean.bpp, mean.scores["psnr"], strict=True):
            best = quality_at(avif.bpp, avif.scores["psnr"], bpp)
            assert best is not None
            assert decibels > best + ahead
    similar = own.mean("adaptive, ms-ssim")
    for bpp, score in zip(similar.bpp, similar.scores["ms_ssim"], strict=True):
        for other in (jpeg2000, webp):
            below = quality_at(other.bpp, other.scores["ms_ssim"], bpp)
            assert below is None or score > below
        best = quality_at(avif.bpp, avif.scores["ms_ssim"], bpp)
        assert best is not None
        assert score > best if bpp < 0.13 or bpp > 1.24 else score > best - 0.002
    areas = {name: own.areas(curve) for name, curve in (
        ("psnr", "adaptive, psnr"), ("balanced", "progressive"), ("ms-ssim", "adaptive, ms-ssim")
    )}  # fmt: skip
    # What the family was to reach.
    assert areas["psnr"]["psnr"] > 68.5
    assert areas["ms-ssim"]["ms_ssim"] > 1.8410
    assert areas["balanced"]["ms_ssim"] > 1.8395
    assert areas["balanced"]["psnr"] > 66.96
    assert areas["balanced"]["psnr_hvs"] > 62.9


def bench(name: str) -> dict[str, Any]:
    """The record of a benchmark."""
    path = RESULTS / "bench" / name / "bench.json"
    return dict(json.loads(path.read_text("utf-8")))


def test_what_effort_saves_is_made_of_the_files() -> None:
    own = runpy.run_path(str(RESULTS / "effort" / "effort.py"))
    for place in ("held_out", "kodak"):
        folder = RESULTS / "effort" / place
        about = json.loads((folder / "effort.json").read_text("utf-8"))
        assert about["efforts"] == list(own["summary"](folder / "files.csv"))
    highest = [each for each in about["efforts"] if each["effort"] == 9]
    assert [each["pictures"] for each in highest] == [24] * 4
    # What an encoder that searches was to save.
    for tune in ("psnr", "ms-ssim"):
        saved = [each["saved"] for each in highest if each["tune"] == tune]
        assert sum(saved) / len(saved) > 0.03


def test_what_the_prose_says_of_learned_lifting() -> None:
    study = json.loads((RESULTS / "lifting" / "lifting.json").read_text("utf-8"))
    base, learned = study["wavelet_9_7"], study["learned"]
    rates = (f"{study['bd_rate'][name]:+.1f} %".replace("-", "−") for name in ("psnr", "ms_ssim"))
    words = (
        f"PSNR area {base['psnr_area']:.2f} becomes {learned['psnr_area']:.2f}, MS-SSIM area "
        f"{base['ms_ssim_area']:.4f} {learned['ms_ssim_area']:.4f}: BD-rates of "
        f"{' and '.join(rates)}"
    )
    assert words in " ".join(READMES["results/README.md"].split())


def test_what_the_prose_says_of_the_wavelet_codecs_cost() -> None:
    half, two = bench("commands")["times"]
    assert (half["bits_per_pixel"], two["bits_per_pixel"]) == (0.5, 2.0)
    words = (
        f"compressing at 0.5 bpp takes {half['compress_ratio']:.2f} of a start of PyTorch, "
        f"decompressing {half['decompress_ratio']:.2f}; at 2 bpp {two['compress_ratio']:.2f} and "
        f"{two['decompress_ratio']:.2f}"
    )
    assert words in READMES["results/README.md"]
    large = bench("large")
    width, height = map(int, large["size"].split("x"))
    assert width * height >= 50e6
    for row in large["times"]:
        assert max(row["compress_mebibytes"], row["decompress_mebibytes"]) * 2**20 < 2e9
    assert all(row["longer_percent"] < 0.3 for row in bench("integers")["lengths"])


def test_what_the_prose_says_of_entropy_codings_speed() -> None:
    content = json.loads((RESULTS / "bench" / "entropy" / "bench.json").read_text("utf-8"))
    times = {t["method"]: t["microseconds"] for t in content["entropy_timings"]}
    decoding, encoding = times["integers, decoding"], times["integers, encoding"]
    text = READMES["README.md"]
    assert f"takes {decoding:.1f} µs a position" in text
    assert f"encoding takes {encoding:.1f} µs" in text
    assert f"{times['PyTorch, windows'] / decoding:.1f} times as fast as a PyTorch loop" in text
    assert f"{times['PyTorch, whole grid'] / decoding:,.0f} times as fast as one" in text
