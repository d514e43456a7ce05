"""The committed records: they agree with what is published, with themselves and with README.md."""

import csv
import json
import re
from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest
import torch

from rnn_codec.baselines.registry import names
from rnn_codec.evaluation.curve import quality_at
from rnn_codec.evaluation.record import read_summary
from rnn_codec.families.binary.code import MAX_ITERATIONS
from rnn_codec.families.binary.weights import load_codec
from rnn_codec.models.find import SHIPPED
from rnn_codec.runs.folder import RunFolder
from tests.committed_models import record_of
from tests.conftest import ROOT

RESULTS = ROOT / "results"
BASELINES = RESULTS / "baselines"
RECORDS = sorted(path.parent for path in RESULTS.rglob("summary.json"))
KODAK_RECORDS = [record for record in RECORDS if read_summary(record).dataset == "kodak"]
BINARY = {".png", ".webp", ".safetensors"}
TEXTS = sorted(
    path
    for place in (RESULTS, SHIPPED)
    for path in place.rglob("*")
    if path.is_file() and path.suffix not in BINARY
)
MODELS = sorted(path.parent for place in (RESULTS, SHIPPED) for path in place.glob("*/config.yaml"))

PUBLISHED_JPEG_AREA = 1.793
"""MS-SSIM area of the Kodak curve in CompressAI's results."""
PUBLISHED_JPEG = {0.2212: 23.78, 0.3266: 26.58, 0.5084: 29.04, 0.7289: 30.90, 0.9644: 32.40}
"""PSNR by bpp, from the same curve."""

ABSOLUTE_PATH = re.compile(r"(?<![\w.])/(?:home|work|root|tmp|Users)(?![\w-])")

COLUMNS = {
    "MS-SSIM": "ms_ssim",
    "PSNR": "psnr",
    "PSNR-HVS": "psnr_hvs",
    "PSNR-HVS luma": "psnr_hvs_luma",
}
"""Headings of README.md's table of areas."""


def relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def rows(record: Path) -> list[dict[str, str]]:
    with (record / "per_image.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def means(record: Path) -> dict[str, np.ndarray]:
    """The mean of every column at each point, ascending."""
    at_point = defaultdict(list)
    names = [name for name in rows(record)[0] if name not in {"image", "point"}]
    for row in rows(record):
        at_point[float(row["point"])].append([float(row[name]) for name in names])
    points = sorted(at_point)
    columns = np.array([np.mean(at_point[point], axis=0) for point in points]).T
    return dict(zip(("point", *names), [np.array(points), *columns], strict=True))


def area(bpp: np.ndarray, quality: np.ndarray) -> float:
    """From 0.125 to 2 bpp: the mean of the ends of every piece times its length, added up.

    `np.interp` holds the quality constant beyond the measured rates.
    """
    nodes = np.unique(np.clip(np.append(bpp, [0.125, 2.0]), 0.125, 2.0))
    values = np.interp(nodes, bpp, quality)
    return float(sum((values[1:] + values[:-1]) / 2 * np.diff(nodes)))


def readme_areas() -> dict[str, dict[str, str]]:
    """README.md's table of areas: codec → metric → the figure as it is printed."""
    lines = iter((ROOT / "README.md").read_text(encoding="utf-8").splitlines())
    heading = next(line for line in lines if line.startswith("| codec |"))
    metrics = [COLUMNS[cell] for cell in cells(heading)[1:]]
    next(lines)
    table = {}
    for line in lines:
        if not line.startswith("|"):
            break
        codec, *figures = cells(line)
        table[codec.strip("`")] = dict(zip(metrics, figures, strict=True))
    return table


def cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip("|\n ").split("|")]


def test_every_classic_codec_is_recorded() -> None:
    assert {record.name for record in KODAK_RECORDS if record.parent == BASELINES} == set(names())


def test_jpeg_has_its_published_area() -> None:
    areas = read_summary(BASELINES / "jpeg_420").areas
    assert areas["ms_ssim"] == pytest.approx(PUBLISHED_JPEG_AREA, abs=0.005)


@pytest.mark.parametrize("bpp", PUBLISHED_JPEG)
def test_jpeg_has_its_published_quality(bpp: float) -> None:
    curve = read_summary(BASELINES / "jpeg_420").curve
    assert quality_at(curve.bpp, curve.scores["psnr"], bpp) == pytest.approx(
        PUBLISHED_JPEG[bpp], abs=0.15
    )


@pytest.mark.parametrize("record", RECORDS, ids=relative)
def test_a_summary_agrees_with_its_images(record: Path) -> None:
    summary, mean = read_summary(record), means(record)
    images = {row["image"] for row in rows(record)}
    assert summary.images == len(images)
    assert len(rows(record)) == len(images) * len(mean["point"])
    for column, values in mean.items():
        np.testing.assert_allclose(summary.curve.columns()[column], values, rtol=1e-12)
    for metric in summary.curve.scores:
        expected = area(mean["bpp"], mean[metric])
        assert summary.areas[metric] == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("record", RECORDS, ids=relative)
def test_the_exported_curve_is_that_of_the_summary(record: Path) -> None:
    curve = read_summary(record).curve
    exported = json.loads((record / "compressai.json").read_text(encoding="utf-8"))["results"]
    assert tuple(exported["bpp"]) == curve.bpp
    assert tuple(exported["psnr-rgb"]) == curve.scores["psnr"]
    assert tuple(exported["ms-ssim-rgb"]) == curve.scores["ms_ssim"]


@pytest.mark.parametrize("record", KODAK_RECORDS, ids=relative)
def test_a_record_of_kodak_is_of_all_its_images(record: Path) -> None:
    assert {row["image"] for row in rows(record)} == {f"kodim{n:02}.png" for n in range(1, 25)}


@pytest.mark.parametrize("file", TEXTS, ids=relative)
def test_no_absolute_path_is_committed(file: Path) -> None:
    found = [line for line in file.read_text("utf-8").splitlines() if ABSOLUTE_PATH.search(line)]
    assert not found


@pytest.mark.parametrize(
    ("text", "absolute"),
    [
        ("data.root=/home/me/pictures", True),
        ("root: /tmp", True),
        ('"/Users/me"', True),
        ("output=results/tmp/x", False),
        ("https://example.org/home/x", False),
        ("../root/x", False),
        ("/rooted", False),
    ],
)
def test_what_an_absolute_path_is(text: str, absolute: bool) -> None:
    assert bool(ABSOLUTE_PATH.search(text)) == absolute


def test_the_readme_names_every_baseline() -> None:
    assert set(names()) <= readme_areas().keys()


@pytest.mark.parametrize("codec", names())
def test_the_readme_quotes_the_areas(codec: str) -> None:
    areas = read_summary(BASELINES / codec).areas
    for metric, figure in readme_areas()[codec].items():
        decimals = len(figure.partition(".")[2])
        assert decimals >= 2
        assert figure == f"{areas[metric]:.{decimals}f}"


@pytest.mark.parametrize("folder", MODELS, ids=relative)
def test_a_committed_model_loads(folder: Path) -> None:
    assert RunFolder(folder).weights.is_file()
    codec = load_codec(RunFolder(folder))
    image = torch.zeros(1, 3, 20, 40, dtype=torch.uint8)
    codes = codec.encode(image, iterations=2)
    assert [decoded.shape for decoded in codec.decode(codes)] == [image.shape] * 2


@pytest.mark.parametrize("folder", MODELS, ids=relative)
def test_a_committed_model_gets_better_with_every_iteration(folder: Path) -> None:
    curve = read_summary(record_of(folder.name)).curve
    most = load_codec(RunFolder(folder)).iterations
    assert most >= MAX_ITERATIONS
    assert curve.point == tuple(range(1, most + 1))
    np.testing.assert_allclose(curve.bpp, np.arange(1, most + 1) / 8)
    assert (np.diff(curve.scores["psnr"]) > 0).all()
    assert (np.diff(curve.scores["ms_ssim"]) > 0).all()
