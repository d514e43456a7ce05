"""The rows: every figure against an independent computation with numpy, from the files."""

import csv
from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest

from rnn_codec.errors import InvalidOptionError
from rnn_codec.runs.cost import TrainingCost
from rnn_codec_lab.comparison.collecting import collect
from rnn_codec_lab.comparison.published import load_published
from rnn_codec_lab.comparison.rows import Comparison, Row, table_rows
from tests.conftest import ROOT
from tests.lab.comparison.made import write_network, write_other_family

METRICS = ("psnr", "ms_ssim", "psnr_hvs", "psnr_hvs_luma")
COMPARISON = Comparison(resamples=300)
ORDER = ["none", "single_iteration", "progressive"]


def rows_of(results: Path, comparison: Comparison = COMPARISON) -> list[Row]:
    return table_rows(collect(results, "kodak"), [], comparison)


@pytest.fixture(scope="module")
def rows(made_results: Path) -> list[Row]:
    return rows_of(made_results)


def row(rows: list[Row], **wanted: object) -> Row:
    """The only row with the wanted attributes and labels."""
    (found,) = [r for r in rows if wanted.items() <= (vars(r) | dict(r.labels)).items()]
    return found


def means(folder: Path, curve: str, scores: str | None = None) -> dict[str, np.ndarray]:
    """Rates and scores of each point of a curve, averaged over the images.

    The scores are those of the curve `scores`, if given.
    """
    values = defaultdict(list)
    with (folder / "points.csv").open(newline="") as lines:
        for line in csv.DictReader(lines):
            if line["curve"] == curve:
                rate = 8 * float(line["bytes"]) / int(line["pixels"])
                values["bpp", float(line["point"])].append(rate)
            if line["curve"] == (scores or curve):
                for metric in METRICS:
                    values[metric, float(line["point"])].append(float(line[metric]))
    found: dict[str, list[float]] = defaultdict(list)
    for name, at in sorted(values):
        found[name].append(float(np.mean(values[name, at])))
    return {name: np.array(of_points) for name, of_points in found.items()}


def area(bpp: np.ndarray, quality: np.ndarray) -> float:
    """The area under a curve, by a fine grid of rectangles; np.interp continues its ends."""
    edges = np.linspace(0.125, 2.0, 400_001)
    return float(np.interp((edges[1:] + edges[:-1]) / 2, bpp, quality).mean() * 1.875)


@pytest.mark.parametrize("coder", ORDER)
def test_areas_are_means_over_seeds_at_the_rates_of_the_row(
    made_results: Path, rows: list[Row], coder: str
) -> None:
    found = row(rows, cell="gru", recon="one_shot", coder=coder)
    areas = defaultdict(list)
    for seed in (0, 1):
        folder = made_results / "grid" / f"gru-one_shot-{seed}"
        mean = means(folder, "nominal" if coder == "none" else coder, "nominal")
        for metric in METRICS:
            areas[metric].append(area(mean["bpp"], mean[metric]))
    for metric in METRICS:
        assert found.areas[metric].mean == pytest.approx(np.mean(areas[metric]), rel=1e-8)
        expected = abs(areas[metric][0] - areas[metric][1]) / np.sqrt(2)
        assert found.areas[metric].std == pytest.approx(expected, rel=1e-4)
        assert found.areas[metric].count == 2
    assert found.seeds == (0, 1)
    assert found.images == 5


def test_the_mean_curve_is_at_the_rates_of_the_row(made_results: Path, rows: list[Row]) -> None:
    found = row(rows, cell="gru", recon="one_shot", coder="progressive")
    folders = [made_results / "grid" / f"gru-one_shot-{seed}" for seed in (0, 1)]
    rates = [means(folder, "progressive", "nominal")["bpp"] for folder in folders]
    assert found.curve is not None
    np.testing.assert_allclose(found.curve.bpp, np.mean(rates, axis=0), rtol=1e-12)


def test_savings_are_of_files_over_nominal_rates(made_results: Path, rows: list[Row]) -> None:
    found = row(rows, cell="gru", recon="one_shot", coder="progressive")
    savings = defaultdict(list)
    for seed in (0, 1):
        folder = made_results / "grid" / f"gru-one_shot-{seed}"
        bits, file = (means(folder, c, "nominal")["bpp"] for c in ("nominal", "progressive"))
        for bpp, iteration in ((0.25, 2), (2.0, 16)):
            savings[bpp].append(1 - (file / bits)[iteration - 1])
    assert {bpp: s.mean for bpp, s in found.savings.items()} == pytest.approx(
        {bpp: np.mean(values) for bpp, values in savings.items()}
    )
    assert row(rows, cell="gru", recon="one_shot", coder="none").savings == {}


def test_savings_at_rates_that_were_not_measured_are_left_out(tmp_path: Path) -> None:
    write_network(tmp_path / "grid" / "short", iterations=4)
    found = row(rows_of(tmp_path, Comparison(saving_at=(0.3, 2.0))), coder="progressive")
    assert list(found.savings) == [0.3]


def test_costs_are_those_of_the_records(rows: list[Row]) -> None:
    found = row(rows, cell="lstm", recon="one_shot", coder="none")
    assert (found.parameters, found.macs_per_pixel) == (1_234_567, 11_340.0)
    assert found.training_seconds is not None
    assert found.training_seconds.mean == 630
    assert found.training_seconds.std == pytest.approx(60 / np.sqrt(2))
    with_coder = row(rows, cell="lstm", recon="one_shot", coder="progressive").training_seconds
    assert with_coder is not None
    assert with_coder.mean == 630 + 120


def test_a_training_that_started_from_weights_has_no_time(tmp_path: Path) -> None:
    write_network(tmp_path / "grid" / "later", start_from="runs/earlier")
    assert row(rows_of(tmp_path), coder="none").training_seconds is None


@pytest.mark.parametrize(("restoration", "expected"), [(0.0, 600), (90.0, 690), (None, None)])
def test_a_codec_with_its_coder_within_is_trained_with_what_restores(
    restoration: float | None, expected: float | None, tmp_path: Path
) -> None:
    training = TrainingCost("w" * 16, 600.0, 100, 3200, {}, {})
    folder, facts = tmp_path / "waves" / "a", {"restoration_training_seconds": restoration}
    write_other_family(folder, training=training, **facts)
    (found,) = (each.training_seconds for each in rows_of(tmp_path))
    assert (found and found.mean) == expected


def test_bd_rates_of_equal_curves_are_their_ratio_of_rates(rows: list[Row]) -> None:
    coded = row(rows, cell="gru", recon="one_shot", coder="progressive")
    plain = row(rows, cell="gru", recon="one_shot", coder="none")
    for anchor in ("jpeg_420", "webp"):
        for metric in ("ms_ssim", "psnr"):
            key = anchor, metric
            assert coded.bd_rates[key].mean < plain.bd_rates[key].mean
            assert coded.bd_rates[key].count == 2
    webp = row(rows, name="webp")
    assert set(webp.bd_rates) == {("jpeg_420", "ms_ssim"), ("jpeg_420", "psnr")}
    # The made-up JPEG is 1.5 dB below WebP, which is a factor of exp(1.5 / 3) in rate.
    expected = 100 * (np.exp(-0.5) - 1)
    assert webp.bd_rates["jpeg_420", "psnr"].mean == pytest.approx(expected, rel=0.02)


def test_rows_are_models_by_coder_from_best_to_worst(rows: list[Row]) -> None:
    of_grid = [r for r in rows if r.experiment == "grid"]
    assert [r.coder for r in of_grid] == [coder for coder in ORDER for _ in range(3)]
    for coder in ORDER:
        areas = [r.areas["ms_ssim"].mean for r in of_grid if r.coder == coder]
        assert areas == sorted(areas, reverse=True)


def test_ranks_are_shared_where_seeds_and_images_do_not_decide(rows: list[Row]) -> None:
    for coder in ORDER:
        ranks = {
            (r.labels["cell"], r.labels["recon"]): r.ranks["ms_ssim"]
            for r in rows
            if (r.experiment, r.coder) == ("grid", coder)
        }
        assert ranks["gru", "one_shot"] == ranks["lstm", "one_shot"] == 1
        assert ranks["gru", "additive"] == 3
    classic = {r.name: r.ranks["psnr"] for r in rows if r.experiment == "baselines"}
    assert classic == {"webp": 1, "jpeg_420": 2}


def test_a_model_alone_has_no_rank(tmp_path: Path) -> None:
    write_network(tmp_path / "one" / "a")
    write_network(tmp_path / "two" / "a", better=1.0)
    assert all(found.ranks == {} for found in rows_of(tmp_path))


def test_networks_are_ranked_apart(tmp_path: Path) -> None:
    for better, cell in ((0.0, "gru"), (1.0, "lstm")):
        write_network(tmp_path / "grid" / cell, cell, better=better, coders=["none"])
    write_network(tmp_path / "grid" / "half", better=5.0, coders=["none"], network="half")
    ranks = {
        (r.labels["cell"], r.labels["network"]): r.ranks.get("psnr") for r in rows_of(tmp_path)
    }
    assert ranks == {("gru", "tiny"): 2, ("lstm", "tiny"): 1, ("gru", "half"): None}


def test_trainings_that_differ_in_an_option_are_not_averaged(tmp_path: Path) -> None:
    for seed in (0, 1):
        write_network(tmp_path / "grid" / f"slow{seed}", seed=seed)
        write_network(tmp_path / "grid" / f"fast{seed}", seed=seed, optimizer={"lr": 0.01})
    found = [r for r in rows_of(tmp_path) if r.coder == "none"]
    assert {r.variant: r.seeds for r in found} == {
        "optimizer.lr=0.001": (0, 1), "optimizer.lr=0.01": (0, 1)
    }  # fmt: skip


def test_a_coder_that_is_part_of_the_codec_is_no_option_of_it(tmp_path: Path) -> None:
    for coder in ("progressive", "single_iteration"):
        codec = {"memory": {"name": coder}, "depth": 48}
        write_network(tmp_path / "grid" / coder, coders=["none", coder], codec=codec)
    coded = [r for r in rows_of(tmp_path) if r.coder != "none"]
    assert {r.coder: (r.variant, r.seeds) for r in coded} == {
        "progressive": ("", (0,)),
        "single_iteration": ("", (0,)),
    }
    collection = collect(tmp_path, "kodak")
    assert len(collection.records) == 2
    assert collection.missing == ()


def test_seeds_measured_after_other_numbers_of_iterations_are_not_averaged(tmp_path: Path) -> None:
    write_network(tmp_path / "grid" / "a", seed=0)
    write_network(tmp_path / "grid" / "b", seed=1, iterations=8)
    variants = {r.variant for r in rows_of(tmp_path)}
    assert variants == {"iterations=16", "iterations=8"}


def test_a_seed_without_a_coder_is_left_out_of_its_rows(tmp_path: Path) -> None:
    write_network(tmp_path / "grid" / "a", seed=0)
    write_network(tmp_path / "grid" / "b", seed=1, coders=["none"])
    assert {r.coder: r.seeds for r in rows_of(tmp_path)} == {
        "none": (0, 1), "single_iteration": (0,), "progressive": (0,)
    }  # fmt: skip


def test_without_anchors_there_are_no_bd_rates(tmp_path: Path) -> None:
    write_network(tmp_path / "grid" / "a")
    assert all(found.bd_rates == {} for found in rows_of(tmp_path))


def test_published_rows_are_marked_and_not_ranked(made_results: Path) -> None:
    published = load_published(ROOT / "results" / "published")
    found = table_rows(collect(made_results, "kodak"), published, COMPARISON)
    of_papers = [r for r in found if r.origin == "published"]
    assert len(of_papers) == len(published) > 22
    assert all(r.source and not r.ranks and not r.records for r in of_papers)
    measured = [r for r in found if r.origin == "measured"]
    assert all(r.records and not r.source for r in measured)
    curve = row(found, experiment="toderici_2017_curve")
    assert curve.areas["ms_ssim"].mean == pytest.approx(1.8116, abs=5e-5)
    assert curve.coder == "none"


def test_published_figures_of_other_data_are_left_out(made_results: Path) -> None:
    published = load_published(ROOT / "results" / "published")
    found = table_rows(collect(made_results, "tecnick"), published, COMPARISON)
    assert found == []


def test_the_same_draws_give_the_same_intervals(made_results: Path, rows: list[Row]) -> None:
    assert rows_of(made_results) == rows
    other = rows_of(made_results, Comparison(resamples=300, seed=1))
    first, second = (r[0].behind_best["psnr"] for r in (rows[1:], other[1:]))
    assert first != second
    assert first.difference == second.difference


@pytest.mark.parametrize(
    "options", [{"resamples": 0}, {"confidence": 1.0}, {"confidence": 0.0}, {"min_overlap": 1.5}]
)
def test_options_that_cannot_be_are_refused(options: dict[str, float]) -> None:
    with pytest.raises(InvalidOptionError, match=next(iter(options))):
        Comparison(**options)  # type: ignore[arg-type]


def test_a_record_of_another_family_has_a_row(tmp_path: Path) -> None:
    write_network(tmp_path / "grid" / "gru")
    write_other_family(tmp_path / "waves" / "a")
    rows = rows_of(tmp_path)
    found = row(rows, family="wavelet")
    assert (found.name, found.coder, found.trained) == ("9/7", None, True)
    assert found.labels == {"family": "wavelet", "wavelet": "9/7"}
    mean = means(tmp_path / "waves" / "a", "files")
    assert found.areas["psnr"].mean == pytest.approx(area(mean["bpp"], mean["psnr"]), rel=1e-8)
    assert found.savings == {}
    assert {len(r.labels) for r in rows} == {2, 4}
