"""Records are found, checked and compared; whatever is wrong with one is listed."""

import csv
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rnn_codec.comparison.collecting import Collection, collect
from rnn_codec.errors import UserError
from rnn_codec.evaluation.record import read_summary
from tests.comparison.made import IMAGES, write_classic, write_network
from tests.conftest import ROOT

RECORD = "grid/gru-one_shot-0"
OTHERS = {
    "baselines/jpeg_420", "baselines/webp", "grid/gru-additive-0", "grid/gru-additive-1",
    "grid/gru-one_shot-1", "grid/lstm-one_shot-0", "grid/lstm-one_shot-1",
}  # fmt: skip


def paths(collection: Collection) -> set[str]:
    return {record.path for record in collection.records}


def reasons(collection: Collection, path: str = RECORD, left_out: bool = True) -> str:
    """What is said of a record, in one text."""
    found = [p for p in collection.problems if (p.path, p.left_out) == (path, left_out)]
    return "\n".join(problem.reason for problem in found)


def edit(file: Path, change: Callable[[Any], object]) -> None:
    """Change what a JSON file holds."""
    content = json.loads(file.read_text())
    change(content)
    file.write_text(json.dumps(content))


def put(*keys: Any, value: Any) -> Callable[[Any], object]:
    """An edit: set what is at the keys."""

    def change(content: Any) -> None:
        for key in keys[:-1]:
            content = content[key]
        content[keys[-1]] = value

    return change


def edit_cell(file: Path, row: int, column: str, value: str) -> None:
    """Change one cell of a CSV file."""
    with file.open(newline="") as lines:
        rows = list(csv.DictReader(lines))
    rows[row][column] = value
    with file.open("w", newline="") as lines:
        writer = csv.DictWriter(lines, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def test_records_without_contradictions_are_all_used(made_results: Path) -> None:
    collection = collect(made_results, "kodak")
    assert paths(collection) == OTHERS | {RECORD}
    assert collection.problems == ()
    assert collection.dataset == "kodak"


def test_what_a_grid_lacks_is_listed(made_results: Path) -> None:
    assert collect(made_results, "kodak").missing == (
        "grid, tiny: no record of lstm, additive, seed 0",
        "grid, tiny: no record of lstm, additive, seed 1",
    )


def test_a_record_without_a_coder_that_others_have_is_listed(results: Path) -> None:
    shutil.rmtree(results / RECORD)
    write_network(results / RECORD, better=0.3, coders=("none", "progressive"))
    collection = collect(results, "kodak")
    assert f"grid, tiny: {RECORD} lacks single_iteration" in collection.missing


def test_arrays_hold_what_the_files_say(made_results: Path) -> None:
    collection = collect(made_results, "kodak")
    (record,) = [record for record in collection.records if record.path == RECORD]
    assert (record.experiment, record.name_of("cell")) == ("grid", "gru")
    assert (record.name_of("recon"), record.name_of("network")) == ("one_shot", "tiny")
    assert (record.seed, record.images) == (0, IMAGES)
    with (record.folder / "per_image.csv").open(newline="") as file:
        for row in csv.DictReader(file):
            at = IMAGES.index(row["image"]), int(row["point"]) - 1
            assert record.bpp[at] == float(row["bpp"])
            assert record.scores["ms_ssim"][at] == float(row["ms_ssim"])
    with (record.folder / "file_sizes.csv").open(newline="") as file:
        for row in csv.DictReader(file):
            at = IMAGES.index(row["image"]), int(row["iteration"]) - 1
            rate = 8 * int(row["file_bytes"]) / int(row["pixels"])
            assert record.sizes[row["coder"]].file_bpp[at] == pytest.approx(rate, rel=1e-12)


def test_the_order_in_which_files_were_written_does_not_matter(
    made_results: Path, tmp_path: Path
) -> None:
    for file in sorted(made_results.rglob("*"), reverse=True):
        copy = tmp_path / file.relative_to(made_results)
        copy.parent.mkdir(parents=True, exist_ok=True)
        if file.is_file():
            shutil.copy(file, copy)
    one, other = collect(made_results, "kodak"), collect(tmp_path, "kodak")
    assert [record.path for record in one.records] == [record.path for record in other.records]
    assert (one.problems, one.missing) == (other.problems, other.missing)


def test_there_must_be_a_folder(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="there is no folder"):
        collect(tmp_path / "none", "kodak")


def test_an_empty_folder_holds_nothing(tmp_path: Path) -> None:
    assert collect(tmp_path, "kodak") == Collection("kodak", (), (), ())


SUMMARY_EDITS = {
    "curve": (put("curve", "ms_ssim", 3, value=0.9), "curve.ms_ssim in summary.json is not what"),
    "rates": (put("curve", "bpp", 3, value=0.6), "curve.bpp in summary.json is not what"),
    "area": (put("areas", "ms_ssim", value=1.8), "areas.ms_ssim in summary.json is not what"),
    "protocol": (put("area_protocol", value="from 0"), "area_protocol in summary.json is not"),
    "images": (put("images", value=24), "images in summary.json is not what per_image.csv gives"),
    "points": (put("curve", "point", 0, value=0), "curve.point in summary.json is not what"),
    "short curve": (lambda c: c["curve"]["psnr"].pop(), "curve.psnr in summary.json is not what"),
    "text": (put("curve", "psnr", 0, value="24.0"), "curve.psnr in summary.json is not what"),
    "nan": (put("curve", "psnr", 0, value=float("nan")), "curve.psnr in summary.json is not what"),
    "lost curve": (lambda c: c["curve"].pop("psnr"), "curve in summary.json is not what"),
    "lost area": (lambda c: c["areas"].pop("psnr"), "areas in summary.json is not what"),
    "lost field": (lambda c: c.pop("areas"), "cannot be read"),
    "new field": (put("colour", value="red"), "cannot be read"),
    "seed": (put("settings", "seed", value=7), "has the seed 7, its configuration 0"),
    "config seed": (put("settings", "config", "seed", value=7), "has the seed 0, its config"),
    "name": (put("name", value="best"), "is named best, its configuration gru-one_shot-tiny"),
    "cell's name": (put("settings", "config", "cell", "name", value=3), "does not name its cell"),
    "no network": (lambda c: c["settings"]["config"].pop("network"), "does not name its network"),
    "cell": (
        put("settings", "config", "cell", value={"name": "lstm", "encoder": {}, "decoder": {}}),
        "cell.encoder differs from codec.encoder.cell",
    ),
    "width": (put("settings", "config", "network", "width", value=1), "network.width differs"),
    "config": (put("settings", "config", value="gru"), "is not of the right kind"),
    "settings": (put("settings", value=[]), "is not of the right kind"),
    "identity": (put("model", "identity", value="0" * 16), "has the identity 0000000000000000"),
    "parameters": (put("model", "parameters", value=-1), "negative figure"),
    "operations": (put("model", "macs_per_pixel", value="3"), "model does not hold"),
    "list": (put("model", "identity", value=[]), "model does not hold"),
}


@pytest.mark.parametrize("name", SUMMARY_EDITS)
def test_a_summary_edited_by_hand_is_reported(results: Path, name: str) -> None:
    change, expected = SUMMARY_EDITS[name]
    edit(results / RECORD / "summary.json", change)
    collection = collect(results, "kodak")
    assert expected in reasons(collection)
    assert paths(collection) == OTHERS


@pytest.mark.parametrize(
    ("row", "column", "value", "expected"),
    [
        (3, "ms_ssim", "0.95", "curve.ms_ssim in summary.json is not what per_image.csv gives"),
        (3, "bpp", "0.51", "curve.bpp in summary.json is not what per_image.csv gives"),
        (3, "psnr", "high", "something else than a number"),
        (3, "psnr", "inf", "not finite"),
        (3, "psnr", "101", "a psnr above 100"),
        (3, "bpp", "-0.5", "a rate that is not positive"),
        (3, "point", "3", "twice"),
        (3, "point", "3.5", "per_image.csv lacks"),
        (3, "image", "z.png", "per_image.csv lacks"),
    ],
)
def test_measurements_edited_by_hand_are_reported(
    results: Path, row: int, column: str, value: str, expected: str
) -> None:
    edit_cell(results / RECORD / "per_image.csv", row, column, value)
    collection = collect(results, "kodak")
    assert expected in reasons(collection)
    assert paths(collection) == OTHERS


def test_other_columns_are_reported(results: Path) -> None:
    file = results / RECORD / "per_image.csv"
    file.write_text(file.read_text().replace("ms_ssim", "ssim"))
    assert "does not have the columns image, point" in reasons(collect(results, "kodak"))


def test_an_export_of_another_curve_is_reported(results: Path) -> None:
    edit(results / RECORD / "compressai.json", put("results", "bpp", 0, value=0.1))
    assert "results.bpp in compressai.json is not what per_image.csv gives" in reasons(
        collect(results, "kodak")
    )


@pytest.mark.parametrize("name", ["summary.json", "per_image.csv", "compressai.json"])
def test_a_file_that_is_missing_is_reported(results: Path, name: str) -> None:
    (results / RECORD / name).unlink()
    collection = collect(results, "kodak")
    assert f"{name} is missing" in reasons(collection)
    assert paths(collection) == OTHERS


@pytest.mark.parametrize("name", ["summary.json", "per_image.csv", "compressai.json"])
@pytest.mark.parametrize("share", [0.0, 0.01, 0.3, 0.5, 0.9, 0.99])
def test_half_a_file_is_reported(results: Path, name: str, share: float) -> None:
    file = results / RECORD / name
    content = file.read_bytes()
    file.write_bytes(content[: int(share * len(content))])
    collection = collect(results, "kodak")
    assert name in reasons(collection)
    assert paths(collection) == OTHERS


@pytest.mark.parametrize("name", ["summary.json", "compressai.json"])
def test_lists_too_deep_to_be_read_are_reported(results: Path, name: str) -> None:
    (results / RECORD / name).write_text("[" * 100_000)
    collection = collect(results, "kodak")
    assert f"{name} cannot be read" in reasons(collection)
    assert paths(collection) == OTHERS


SIZE_EDITS = {
    "means": (
        put("coders", 1, "file_bpp", 3, value=0.1),
        "coders.single_iteration.file_bpp in file_sizes",
    ),
    "areas": (
        put("areas_at_true_rate", "none", "psnr", value=50),
        "areas_at_true_rate.none.psnr in file_sizes.json",
    ),
    "coder": (lambda c: c["coders"].pop(), "coders in file_sizes.json is not what"),
    "settings": (put("settings", "seed", value=3), "settings.seed in file_sizes.json is not what"),
    "kind": (put("coders", value=3), "coders in file_sizes.json is not what"),
    "entry": (put("coders", 0, value=3), "coders in file_sizes.json is not what"),
}


@pytest.mark.parametrize("name", SIZE_EDITS)
def test_means_of_sizes_edited_by_hand_are_reported(results: Path, name: str) -> None:
    change, expected = SIZE_EDITS[name]
    edit(results / RECORD / "file_sizes.json", change)
    check_sizes_are_left_out(results, expected)


@pytest.mark.parametrize(
    ("row", "column", "value", "expected"),
    [
        (3, "file_bytes", "9000", "coders.none.file_bpp in file_sizes.json is not what"),
        (3, "file_bytes", "1", "do not grow with every iteration"),
        (3, "nominal_bytes", "1", "are not those of per_image.csv"),
        (3, "file_bytes", "", "something else than a number"),
        (3, "image", "z.png", "file_sizes.csv lacks"),
        (3, "pixels", "0", "without pixels"),
    ],
)
def test_sizes_edited_by_hand_are_reported(
    results: Path, row: int, column: str, value: str, expected: str
) -> None:
    edit_cell(results / RECORD / "file_sizes.csv", row, column, value)
    check_sizes_are_left_out(results, expected)


@pytest.mark.parametrize("name", ["file_sizes.csv", "file_sizes.json"])
def test_sizes_that_are_missing_are_reported(results: Path, name: str) -> None:
    (results / RECORD / name).unlink()
    check_sizes_are_left_out(results, f"{name} is missing")


def check_sizes_are_left_out(results: Path, expected: str) -> None:
    """The record is used without entropy coders, and that is said."""
    collection = collect(results, "kodak")
    found = reasons(collection, left_out=False)
    assert expected in found
    assert "its rows with entropy coders are left out" in found
    (record,) = [record for record in collection.records if record.path == RECORD]
    assert record.sizes == {}
    assert paths(collection) == OTHERS | {RECORD}


def test_records_of_before_models_were_described_are_used_and_listed(results: Path) -> None:
    edit(results / RECORD / "summary.json", lambda content: content.pop("model"))
    collection = collect(results, "kodak")
    assert "says nothing of parameters" in reasons(collection, left_out=False)
    assert RECORD in paths(collection)


def test_records_of_other_data_are_listed(results: Path) -> None:
    write_network(results / "grid" / "photos", dataset="photos")
    collection = collect(results, "kodak")
    assert reasons(collection, "grid/photos") == (
        "it is of the data set photos, the table of kodak"
    )
    assert paths(collection) == OTHERS | {RECORD}
    assert paths(collect(results, "photos")) == {"grid/photos"}
    assert not reasons(collect(results, "kodak", ["photos"]), "grid/photos")
    assert paths(collect(results, "photos", ["photos"])) == {"grid/photos"}


def test_records_of_other_images_are_listed(results: Path) -> None:
    images = [*IMAGES[:-1], "f.png"]
    write_network(results / "grid" / "few", cell="lstm", recon="additive", images=images)
    collection = collect(results, "kodak")
    assert "other images than most records: e.png, f.png" in reasons(collection, "grid/few")
    assert paths(collection) == OTHERS | {RECORD}


def test_other_figures_of_the_same_model_and_seed_leave_both_out(results: Path) -> None:
    write_network(results / "grid" / "again", better=0.5)
    collection = collect(results, "kodak")
    assert f"other figures than {RECORD}, of the same training" in reasons(collection, "grid/again")
    assert "other figures than grid/again" in reasons(collection)
    assert paths(collection) == OTHERS


def test_other_figures_of_one_training_in_another_experiment_are_listed(results: Path) -> None:
    write_network(results / "later" / "again", better=0.5)
    collection = collect(results, "kodak")
    for path, other in ((RECORD, "later/again"), ("later/again", RECORD)):
        assert f"other figures than {other}" in reasons(collection, path, left_out=False)
    assert paths(collection) == OTHERS | {RECORD, "later/again"}
    stored = put("settings", "config", "export", value={"dtype": "int8"})
    edit(results / "later" / "again" / "summary.json", stored)
    assert not any("figures" in problem.reason for problem in collect(results, "kodak").problems)


def test_a_copy_is_listed_and_counts_once(results: Path) -> None:
    shutil.copytree(results / RECORD, results / "grid" / "z-copy")
    collection = collect(results, "kodak")
    assert reasons(collection, "grid/z-copy") == f"it repeats {RECORD}"
    assert paths(collection) == OTHERS | {RECORD}


def test_a_classic_codec_measured_twice_must_have_the_same_figures(results: Path) -> None:
    write_classic(results / "baselines" / "webp_2", "webp", better=0.6)
    collection = collect(results, "kodak")
    assert "other figures" in reasons(collection, "baselines/webp")
    assert "baselines/webp_2" not in paths(collection)


def test_half_records_and_what_interruptions_leave_are_listed(results: Path) -> None:
    (results / "grid" / "half").mkdir()
    shutil.copy(results / RECORD / "file_sizes.csv", results / "grid" / "half")
    (results / RECORD / ".summary.0123456789ab.partial.json").write_text("{")
    collection = collect(results, "kodak")
    assert "half a record: summary.json is missing" in reasons(collection, "grid/half")
    file = f"{RECORD}/.summary.0123456789ab.partial.json"
    assert "interrupted" in reasons(collection, file)
    assert paths(collection) == OTHERS | {RECORD}


def test_runs_without_a_record_are_listed(results: Path) -> None:
    for folder in ("grid/run", "grid/run/entropy/progressive", RECORD):
        (results / folder).mkdir(parents=True, exist_ok=True)
        (results / folder / "config.yaml").write_text("name: run\n")
    collection = collect(results, "kodak")
    assert [problem.path for problem in collection.problems] == ["grid/run"]
    assert "a run without a record" in collection.problems[0].reason


LEAVES = (
    *(st.none(), st.booleans(), st.floats(), st.integers(-(10**400), 10**400)),
    st.text("ab.", max_size=3),
)
JSON = st.recursive(
    st.one_of(LEAVES),
    lambda inner: st.one_of(
        st.lists(inner, max_size=2), st.dictionaries(st.sampled_from("ab"), inner, max_size=2)
    ),
    max_leaves=3,
)


def nodes(content: Any) -> list[tuple[Any, Any]]:
    """Every (container, key) of a JSON value."""
    pairs = content.items() if isinstance(content, dict) else enumerate(content)
    found = []
    for key, value in list(pairs):
        found.append((content, key))
        if isinstance(value, dict | list):
            found += nodes(value)
    return found


@pytest.mark.parametrize("name", ["summary.json", "file_sizes.json", "compressai.json"])
def test_no_json_is_used_that_says_something_else(
    made_results: Path, tmp_path_factory: pytest.TempPathFactory, name: str
) -> None:
    source = made_results / RECORD
    folder = tmp_path_factory.mktemp("fuzzed") / "grid" / "record"
    original = read_summary(source)

    @settings(max_examples=100)
    @given(st.data())
    def replaced_anywhere(data: st.DataObject) -> None:
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(source, folder)
        content = json.loads((source / name).read_text())
        container, key = data.draw(st.sampled_from(nodes(content)))
        container[key] = data.draw(JSON)
        (folder / name).write_text(json.dumps(content))
        collection = collect(folder.parents[1], "kodak")
        for record in collection.records:
            assert record.summary.curve == original.curve
            assert record.summary.areas == original.areas
            # Only the file sizes repeat the names of parts: there the contradiction is listed.
            names = record.name_of("cell"), record.name_of("recon"), record.seed
            same = names == ("gru", "one_shot", 0)
            assert same or "settings" in reasons(collection, "grid/record", left_out=False)

    replaced_anywhere()


def test_no_measurements_are_used_that_are_cut(
    made_results: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    source = made_results / RECORD
    folder = tmp_path_factory.mktemp("cut") / "grid" / "record"
    shutil.copytree(source, folder)
    content = (source / "per_image.csv").read_bytes()

    # The last digits of the last number change no mean by as much as rounding does.
    @given(st.integers(0, len(content) - 12))
    def cut_anywhere(end: int) -> None:
        (folder / "per_image.csv").write_bytes(content[:end])
        collection = collect(folder.parents[1], "kodak")
        assert collection.records == ()
        assert "per_image.csv" in reasons(collection, "grid/record")

    cut_anywhere()


def test_the_committed_records_agree_with_themselves() -> None:
    collection = collect(ROOT / "results", "kodak")
    contradictory = [p for p in collection.problems if p.left_out and "data set" not in p.reason]
    assert contradictory == []
    assert {"baselines/jpeg_420", "baselines/webp"} <= paths(collection)
