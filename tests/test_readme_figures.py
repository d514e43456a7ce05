"""The figures that README.md and results/README.md print are those of the committed records."""

import csv
import json
import re
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest

from rnn_codec.evaluation.curve import quality_at
from rnn_codec.evaluation.record import read_summary
from rnn_codec.metrics.area_under_curve import area_under_curve
from rnn_codec.metrics.bd_rate import bd_rate as bjontegaard
from rnn_codec.metrics.scores import SCORES
from rnn_codec.models.find import DEFAULT_MODEL, SHIPPED
from rnn_codec.runs.cost import read_cost
from tests.committed_models import RESULTS, place_of, record_of
from tests.conftest import ROOT

FLAGSHIP = RESULTS / DEFAULT_MODEL / "evaluation" / "kodak"
JPEG = RESULTS / "baselines" / "jpeg_420"
TEXTS = {path: (ROOT / path).read_text("utf-8") for path in ("README.md", "results/README.md")}

MEGABYTE = 10**6


def table(text: str, heading: str) -> list[dict[int, str]]:
    """The rows of the table whose first line begins so: column → cell."""
    lines = text[text.index(f"\n{heading}") + 1 :].splitlines()
    rows = []
    for line in lines[2:]:
        if not line.startswith("|"):
            return rows
        rows.append(dict(enumerate(cell.strip() for cell in line.strip("|").split("|"))))
    return rows


def printed(value: float, like: str) -> str:
    """A figure as the text prints it, with as many decimals and the same signs."""
    decimals = len(like.partition(".")[2])
    sign = "+" if like[0] in "+−-" else ""
    return f"{value:{sign}.{decimals}f}".replace("-", "−")


def rows_of_the_table() -> list[dict[str, str]]:
    with (RESULTS / "ablation.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def row_of(record: str, coder: str) -> dict[str, str]:
    """The row of results/ablation.csv with a record and an entropy coder."""
    return next(
        row
        for row in rows_of_the_table()
        if record in row["records"].split(" ") and row["coder"] == coder
    )


def adaptive_files() -> dict[str, Any]:
    """What was measured of the flagship's adaptive files."""
    content: dict[str, Any] = json.loads((FLAGSHIP / "adaptive.json").read_text("utf-8"))
    return content


def test_the_flagships_curve() -> None:
    own, jpeg = read_summary(FLAGSHIP), read_summary(JPEG)
    columns = [(1, own, "psnr"), (3, jpeg, "psnr"), (4, own, "ms_ssim"), (6, jpeg, "ms_ssim")]
    rows = table(TEXTS["README.md"], "| bpp | PSNR |")
    assert len(rows) >= 5
    for row in rows:
        for column, summary, metric in columns:
            if row[column] == "–":
                continue
            if row[0] == "area":
                value = summary.areas[metric]
            else:
                curve = summary.curve
                value = quality_at(curve.bpp, curve.scores[metric], float(row[0]))
            assert row[column] == printed(value, row[column])


def test_the_flagships_adaptive_files() -> None:
    own = adaptive_files()["tunes"]["balanced"]
    for row in table(TEXTS["README.md"], "| bpp | PSNR |"):
        for column, metric in ((2, "psnr"), (5, "ms_ssim")):
            if row[0] == "area":
                value = own["areas"][metric]
            else:
                index = own["curve"]["point"].index(float(row[0]))
                assert own["curve"]["bpp"][index] <= float(row[0])
                value = own["curve"][metric][index]
            assert row[column] == printed(value, row[column])


def test_the_flagships_adaptive_files_beside_classic_codecs() -> None:
    """In PSNR above JPEG, level with WebP at low rates and behind it at high ones, as texts say."""
    own = adaptive_files()["tunes"]["balanced"]["curve"]
    jpeg, webp = (read_summary(RESULTS / "baselines" / name).curve for name in ("jpeg_420", "webp"))
    for bpp, psnr in zip(own["bpp"], own["psnr"], strict=True):
        anchor = quality_at(jpeg.bpp, jpeg.scores["psnr"], bpp)
        assert anchor is None or psnr > anchor
        ahead = psnr - quality_at(webp.bpp, webp.scores["psnr"], bpp)
        assert -0.25 < ahead < 0.1 if bpp < 0.5 else ahead < -0.3


def test_the_flagships_files() -> None:
    content = json.loads((FLAGSHIP / "file_sizes.json").read_text("utf-8"))
    coders = {entry["coder"]: entry for entry in content["coders"]}
    rows = table(TEXTS["README.md"], "| iterations | bits |")
    assert [int(row[0]) for row in rows][-1] == 16
    for row in rows:
        index = int(row[0]) - 1
        none = coders["none"]
        assert float(row[1]) == none["nominal_bpp"][index]
        assert row[2] == printed(none["file_bpp"][index], row[2])
        rate, saving = re.fullmatch(r"([\d.]+) \(([\d.]+) %\)", row[3]).groups()
        assert rate == printed(coders["progressive"]["file_bpp"][index], rate)
        assert saving == printed(100 * coders["progressive"]["saving"][index], saving)


def test_the_model_zoo() -> None:
    rows = table(TEXTS["README.md"], "| model | cell |")
    named = {row[0].strip("`") for row in rows}
    assert {folder.name for folder in SHIPPED.iterdir() if folder.is_dir()} <= named
    for row in rows:
        name, parameters, size, area, coded, bd_rate = (row[k] for k in (0, 3, 4, 5, 6, 7))
        name = name.strip("`")
        record = record_of(name)
        summary, sizes = read_summary(record), sizes_of(record, "progressive")
        # Files hold as many iterations as have sizes.
        curve = summary.curve.first(len(sizes["file_bpp"]))
        jpeg = read_summary(JPEG).curve
        scores = (SCORES["ms_ssim"].decibels(c.scores["ms_ssim"]) for c in (curve, jpeg))
        own, anchor = zip((sizes["file_bpp"], jpeg.bpp), scores, strict=True)
        assert summary.model is not None
        assert parameters == f"{summary.model.parameters / 1e6:.2f} M"
        assert size == f"{megabytes(name):.1f} MB"
        assert area == printed(summary.areas["ms_ssim"], area)
        assert coded == printed(area_under_curve(sizes["file_bpp"], curve.scores["ms_ssim"]), coded)
        assert bd_rate == printed(bjontegaard(*own, *anchor, 0.5), bd_rate)
        for column, seconds in ((8, "compress_seconds"), (9, "decompress_seconds")):
            if row[column] != "–":
                assert row[column] == printed(coding_time(name)[seconds], row[column])


def test_how_much_seeds_differ() -> None:
    areas = defaultdict(list)
    for file in sorted((RESULTS / "transform").glob("*/summary.json")):
        pair = file.parent.name.partition("-seed")[0]
        areas[pair].append(read_summary(file).areas["ms_ssim"])
    twice = [pair for pair in areas.values() if len(pair) == 2]
    assert (len(areas), len(twice)) == (12, 3)
    means = [sum(pair) / len(pair) for pair in areas.values()]
    text = " ".join(TEXTS["results/README.md"].split())
    assert f"differ by at most {max(max(p) - min(p) for p in twice):.4f} of MS-SSIM area" in text
    assert f"lie within {max(means) - min(means):.4f} of each other" in text


def test_what_eight_bits_cost_models() -> None:
    rows = table(TEXTS["results/README.md"], "| model | MS-SSIM, trained |")
    assert {f"`{folder.name}`" for folder in (RESULTS / "zoo").iterdir()} == {
        row[0] for row in rows
    }
    for row in rows:
        name = row[0].strip("`")
        stored, trained = RESULTS / "zoo" / name, f"{name}-one_shot-transform-seed0-*"
        records = [next((RESULTS / "transform").glob(trained)), stored]
        areas = [read_summary(record).areas for record in records]
        figures = [each[metric] for metric in ("ms_ssim", "psnr") for each in areas]
        assert list(row.values())[1:] == [
            printed(value, row[column]) for column, value in enumerate(figures, start=1)
        ]


def sizes_of(record: Path, coder: str) -> dict[str, list[float]]:
    """What files of an entropy coder cost on average."""
    content = json.loads((record / "file_sizes.json").read_text("utf-8"))
    return next(entry for entry in content["coders"] if entry["coder"] == coder)


def coding_time(name: str) -> dict[str, float]:
    """How long a model took for a picture with all its iterations."""
    content = json.loads((RESULTS / "bench" / "models" / "bench.json").read_text("utf-8"))
    times: list[dict[str, float]] = content["times"]
    return next(t for t in times if t["model"] == name and t["bits_per_pixel"] == 2)


def megabytes(name: str) -> float:
    """Of a model's weights, entropy coders included."""
    return sum(file.stat().st_size for file in place_of(name).rglob("*.safetensors")) / MEGABYTE


def test_the_grid() -> None:
    rows = table(TEXTS["results/README.md"], "| cell | framework |")
    found = {
        (row["cell"], row["recon"], row["coder"]): row
        for row in rows_of_the_table()
        if row["experiment"] == "transform"
    }
    assert len(rows) == 12
    assert len(found) == 36
    for row in rows:
        cell, recon = row[0].strip("`"), row[1].strip("`")
        of_coder = [found[cell, recon, c] for c in ("none", "single_iteration", "progressive")]
        areas = [float(entry["ms_ssim_auc"]) for entry in of_coder]
        last = of_coder[-1]
        savings = [100 * float(last[f"saving_at_{bpp}"]) for bpp in ("0.25", "2")]
        bd_rate = float(last["bd_rate_jpeg_420_ms_ssim"])
        figures = [*areas, float(of_coder[0]["psnr_auc"]), *savings, bd_rate]
        for column, value in enumerate(figures, start=2):
            assert row[column] == printed(value, row[column])


def test_the_study_of_a_recipe() -> None:
    gains = (RESULTS / "transform_study" / "gains.md").read_text("utf-8")
    assert gains.strip() in TEXTS["results/README.md"]


def last_validation(log: Path) -> dict[str, str]:
    """The last line of a training's log that has areas."""
    *_, last = (
        line for line in csv.DictReader(log.read_text("utf-8").splitlines()) if line["val/psnr_auc"]
    )
    return last


def test_minutes_of_the_transform_network() -> None:
    rows = table(TEXTS["results/README.md"], "| steps | seconds |")
    assert len(rows) == 2
    for row in rows:
        folder = RESULTS / "transform_cpu" / row[0].replace(",", "")
        cost = read_cost(folder / "training.json")
        assert cost is not None
        assert row[1] == printed(cost.seconds, row[1])
        last = last_validation(folder / "metrics_1.csv")
        for column, name in ((2, "ms_ssim_auc"), (3, "psnr_auc"), (4, "ms_ssim_1")):
            assert row[column] == printed(float(last[f"val/{name}"]), row[column])


def test_a_weight_of_the_first_iteration_after_more_steps() -> None:
    first = {
        name: last_validation(RESULTS / "transform_cpu" / name / "metrics_1.csv")["val/ms_ssim_1"]
        for name in ("1300", "1300_first_weight_3")
    }
    weighted, plain = (f"{float(first[name]):.4f}" for name in ("1300_first_weight_3", "1300"))
    assert f"{weighted} instead of {plain}" in TEXTS["results/README.md"]


@pytest.mark.parametrize(
    ("place", "heading"),
    [("transform_reference/held_out", "codec"), ("longer_trainings", "training")],
)
def test_the_learning_curves(place: str, heading: str) -> None:
    with (RESULTS / place / "learning_curves.csv").open(encoding="utf-8") as file:
        points = list(csv.DictReader(file))
    runs = json.loads((RESULTS / place / "learning_curves.json").read_text("utf-8"))
    rows = table(TEXTS["results/README.md"], f"| {heading} | MAC per pixel |")
    assert {row[0].strip("`") for row in rows} == {point["name"] for point in points}
    for row in rows:
        last = [point for point in points if point["name"] == row[0].strip("`")][-1]
        macs = runs[row[0].strip("`")]["macs_per_pixel"]
        assert row[1].replace(",", "") == printed(macs, "0")
        for column, name in ((2, "step"), (3, "minutes"), (4, "ms_ssim"), (5, "psnr")):
            assert row[column].replace(",", "") == printed(float(last[name]), row[column])


def test_the_papers_network_in_the_same_time() -> None:
    found = {
        (row["cell"], row["network"], row["coder"]): row
        for row in rows_of_the_table()
        if row["experiment"] in {"transform", "transform_reference"} and row["recon"] == "one_shot"
    }
    rows = table(TEXTS["results/README.md"], "| cell | network |")
    assert len(rows) == 4
    for row in rows:
        cell, network = row[0].strip("`"), row[1].strip("`")
        none, progressive = (found[cell, network, coder] for coder in ("none", "progressive"))
        areas = [float(entry["ms_ssim_auc"]) for entry in (none, progressive)]
        figures = [*areas, float(none["psnr_auc"]), 100 * float(progressive["saving_at_2"])]
        for column, value in enumerate(figures, start=2):
            assert row[column] == printed(value, row[column])


def test_late_iterations_of_the_papers_network_add_little() -> None:
    records = [file.parent for file in RESULTS.glob("transform_reference/*/summary.json")]
    assert len(records) == 2
    for record in records:
        psnr = read_summary(record).curve.scores["psnr"]
        assert 0 < psnr[15] - psnr[7] < 0.1
    assert "the second eight add less than 0.1 dB" in " ".join(TEXTS["results/README.md"].split())


def test_what_longer_trainings_would_reach() -> None:
    content = json.loads((RESULTS / "extrapolation" / "extrapolation.json").read_text("utf-8"))
    rows = table(TEXTS["results/README.md"], "| steps | MS-SSIM area |")
    assert len(rows) == len(content["trainings"])
    for row, length in zip(rows, content["trainings"], strict=True):
        assert row[0].replace(",", "") == str(length["steps"])
        for column, metric in ((1, "ms_ssim"), (3, "psnr")):
            measured, fitted = length["measured"], length["fitted"][metric]
            expected = "–" if measured is None else printed(measured[metric], row[column])
            assert row[column] == expected
            assert row[column + 1] == printed(fitted, row[column + 1])


def test_pictures_at_equal_bytes() -> None:
    files = json.loads((RESULTS / "equal_bytes" / "equal_bytes.json").read_text("utf-8"))["files"]
    recorded = {(f"`{f['picture']}`", f["bits_per_pixel"], f["codec"]): f for f in files}
    rows = table(TEXTS["README.md"], "| picture | bpp | bytes |")
    assert 4 * len(rows) == len(files)
    for row in rows:
        for column, codec in enumerate(("flagship", "jpeg_420", "webp", "avif"), start=3):
            file = recorded[row[0], float(row[1]), codec]
            assert file["file_bytes"] <= int(row[2].replace(",", ""))
            figures = zip(row[column].split(" / "), (file["psnr"], file["ms_ssim"]), strict=True)
            assert all(text == printed(figure, text) for text, figure in figures)
        own = recorded[row[0], float(row[1]), "flagship"]
        assert int(row[2].replace(",", "")) == own["file_bytes"]


@pytest.mark.parametrize("path", TEXTS)
def test_areas_in_the_prose_are_recorded(path: str) -> None:
    """Every MS-SSIM area that a text prints with four decimals is in a record, or published."""
    prose = re.sub(r"^\|.*$", "", TEXTS[path], flags=re.MULTILINE)
    areas = {
        f"{float(row['ms_ssim_auc']):.4f}" for row in rows_of_the_table() if row["ms_ssim_auc"]
    }
    found = re.findall(r"\b1\.[78]\d\d\d\b", prose)
    assert [area for area in found if area not in areas] == []


def test_how_the_flagship_learnt() -> None:
    with (RESULTS / "flagship" / "accelerated.csv").open(newline="", encoding="utf-8") as file:
        log = {int(line["step"]): line for line in csv.DictReader(file)}
    columns = {1: "seconds", 2: "loss", 3: "crop_size", 4: "images_per_second"}
    rows = table(TEXTS["results/README.md"], "| step | seconds |")
    assert len(rows) >= 5
    for row in rows:
        line = log[int(row[0].replace(",", ""))]
        for column, name in columns.items():
            figure = row[column].replace(",", "")
            assert figure == printed(float(line[name]), figure)
        assert row[5] == printed(100 * float(line["fraction_of_peak"]), row[5])


def test_how_good_the_flagship_is_on_photographs_held_out() -> None:
    held_out = read_summary(RESULTS / "flagship" / "held_out")
    assert (held_out.images, len(held_out.curve.point)) == (32, 24)
    for scores in held_out.curve.scores.values():
        assert list(scores) == sorted(scores)
    assert f"the PSNR area is {held_out.areas['psnr']:.2f}" in " ".join(
        TEXTS["results/README.md"].split()
    )


def test_the_speed_of_networks() -> None:
    records = (
        RESULTS / "bench" / "networks" / "bench.json",
        RESULTS / "bench" / "transform" / "bench.json",
    )
    shares = {
        (t["network"], t["cell"], t["operation"]): t["fraction_of_peak"]
        for record in records
        for t in json.loads(record.read_text("utf-8"))["timings"]
    }
    operations = {"training": "train", "encoding": "encode", "decoding": "decode"}
    rows = table(TEXTS["README.md"], "| of the matrix-product rate |")
    assert len(rows) >= 4
    for row in rows:
        operation, cell = row[0].split(", ")
        key = operations[operation], cell.lower().replace(" ", "_")
        for column, network in enumerate(("tiny", "quarter", "paper", "transform"), start=1):
            assert row[column] == f"{100 * shares[network, key[1], key[0]]:.0f} %"


def test_the_speed_of_entropy_coding() -> None:
    folder = RESULTS / "bench" / "entropy"
    content = json.loads((folder / "bench.json").read_text("utf-8"))
    times = {t["method"]: t["microseconds"] for t in content["entropy_timings"]}
    decoding, encoding = times["integers, decoding"], times["integers, encoding"]
    text = " ".join(TEXTS["README.md"].split())
    assert f"takes {decoding:.1f} µs a position" in text
    assert f"encoding takes {encoding:.1f} µs" in text
    assert f"{times['PyTorch, windows'] / decoding:.1f} times as fast as a PyTorch loop" in text
    assert f"{times['PyTorch, whole grid'] / decoding:,.0f} times as fast as one" in text


def test_how_long_the_flagship_was_trained() -> None:
    cost = read_cost(SHIPPED / "flagship" / "training.json")
    assert cost is not None
    assert cost.hardware["accelerator"] == "NVIDIA H200"
    # With what was done before the first step.
    assert 9 < cost.seconds / 60 < 9.5
    text = TEXTS["results/README.md"]
    assert f"{cost.steps:,} steps" in text
    assert f"{cost.images / 1e6:.1f}·10⁶" in text


def test_how_long_the_grid_was_trained() -> None:
    records = [file.parent for file in (RESULTS / "transform").glob("*-seed0-*/summary.json")]
    models = [read_summary(record).model for record in records]
    costs = [model.training for model in models if model and model.training]
    assert len(costs) == 12
    text = " ".join(TEXTS["results/README.md"].split())
    minutes = [cost.seconds / 60 for cost in costs]
    assert f"{min(minutes):.0f} to {max(minutes):.0f} minutes" in text
    steps = [cost.steps for cost in costs]
    assert f"{min(steps):,} to {max(steps):,} of them" in text


def test_adaptive_files_beside_uniform_ones() -> None:
    content = adaptive_files()
    rates = sizes_of(FLAGSHIP, content["coder"])["file_bpp"]
    uniform = read_summary(FLAGSHIP).curve.first(len(rates)).scores
    tuned = content["tunes"]["balanced"]["curve"]
    rows = table(TEXTS["results/README.md"], "| bpp | PSNR, uniform |")
    assert len(rows) >= 5
    for row in rows:
        for first, metric in ((1, "psnr"), (3, "ms_ssim")):
            curves = [(rates, uniform[metric]), (tuned["bpp"], tuned[metric])]
            for column, (bpp, scores) in enumerate(curves, start=first):
                value = quality_at(bpp, scores, float(row[0]))
                assert value is not None
                assert row[column] == printed(value, row[column])


def test_bits_that_adaptive_files_take_beside_uniform_ones() -> None:
    tunes = adaptive_files()["tunes"]
    rows = table(TEXTS["results/README.md"], "| tuned for | BD-rate, PSNR, % |")
    assert {row[0].strip("`") for row in rows} == tunes.keys()
    for row in rows:
        name, *cells = row.values()
        own = tunes[name.strip("`")]
        figures = [own["bd_rates_to_uniform"][metric] for metric in ("psnr", "ms_ssim")]
        figures += [own["areas"][metric] for metric in ("psnr", "ms_ssim")]
        assert cells == [printed(value, cell) for value, cell in zip(figures, cells, strict=True)]
    found = tunes["balanced"]["bd_rates_to_uniform"]
    of_bits = f"{-found['psnr']:.0f} % of the bits at equal PSNR and {-found['ms_ssim']:.0f} %"
    assert f"{of_bits} at equal MS-SSIM" in " ".join(TEXTS["README.md"].split())


def test_what_training_with_stops_gains_adaptive_files() -> None:
    rows = table(TEXTS["results/README.md"], "| trained | PSNR, uniform |")
    assert len(rows) == 2
    for row in rows:
        name, *cells = row.values()
        (folder,) = (RESULTS / "transform_study").glob(f"{name.strip('`')}-seed*")
        own = json.loads((folder / "adaptive.json").read_text("utf-8"))["tunes"]["balanced"]
        uniform = read_summary(folder).areas
        figures = [
            *(areas[metric] for metric in ("psnr", "ms_ssim") for areas in (uniform, own["areas"])),
            *(own["bd_rates_to_uniform"][metric] for metric in ("psnr", "ms_ssim")),
        ]
        assert cells == [printed(value, cell) for value, cell in zip(figures, cells, strict=True)]


def test_beginnings_of_adaptive_files_beside_uniform_ones_as_long() -> None:
    content = adaptive_files()["prefixes"]["balanced"]
    rows = table(TEXTS["results/README.md"], "| bpp | PSNR, beginning of uniform |")
    assert len(rows) == 4
    for index, row in enumerate(rows):
        assert float(row[0]) == content["adaptive"]["point"][index]
        for first, metric in ((1, "psnr"), (3, "ms_ssim")):
            for column, kind in enumerate(("uniform", "adaptive"), start=first):
                assert row[column] == printed(content[kind][metric][index], row[column])
