"""Records are found, checked and compared; whatever is wrong with one is listed."""

import csv
import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnn_codec.errors import UserError
from rnn_codec_lab.comparison.collecting import Collection, collect
from tests.conftest import ROOT
from tests.lab.comparison.made import IMAGES, write_classic, write_network

RECORD = "grid/gru-one_shot-0"
OTHERS = {
    "baselines/jpeg_420", "baselines/webp", "grid/gru-additive-0", "grid/gru-additive-1",
    "grid/gru-one_shot-1", "grid/lstm-one_shot-0", "grid/lstm-one_shot-1",
}  # fmt: skip


def paths(collection: Collection) -> set[str]:
    return {record.path for record in collection.records}


def reasons(collection: Collection, path: str = RECORD, left_out: bool = True) -> str:
    """The reasons of all problems of a record, one a line."""
    found = [p for p in collection.problems if (p.path, p.left_out) == (path, left_out)]
    return "\n".join(problem.reason for problem in found)


def edit(file: Path, change: Callable[[Any], object]) -> None:
    """Change the content of a JSON file."""
    content = json.loads(file.read_text())
    change(content)
    file.write_text(json.dumps(content))


def edit_points(folder: Path, row: int, column: str, value: str) -> None:
    """Change one cell of the measurements, and update the digest."""
    file = folder / "points.csv"
    with file.open(newline="") as lines:
        rows = list(csv.DictReader(lines))
    rows[row][column] = value
    with file.open("w", newline="") as lines:
        writer = csv.DictWriter(lines, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    edit(folder / "about.json", lambda about: about.update(digest=digest))


def test_whole_records_are_all_used_and_what_a_grid_lacks_is_listed(made_results: Path) -> None:
    collection = collect(made_results, "kodak")
    assert paths(collection) == OTHERS | {RECORD}
    assert collection.problems == ()
    assert collection.missing == (
        "grid, tiny: no record of lstm, additive, seed 0",
        "grid, tiny: no record of lstm, additive, seed 1",
    )


def test_a_record_without_a_coder_that_others_have_is_listed(results: Path) -> None:
    shutil.rmtree(results / RECORD)
    write_network(results / RECORD, better=0.3, coders=("none", "progressive"))
    collection = collect(results, "kodak")
    assert f"grid, tiny: {RECORD} lacks single_iteration" in collection.missing


def test_a_record_knows_where_it_is_and_what_it_has(made_results: Path) -> None:
    collection = collect(made_results, "kodak")
    (record,) = [record for record in collection.records if record.path == RECORD]
    assert (record.experiment, record.seed, record.images) == ("grid", 0, IMAGES)
    assert record.compared == ["nominal", "single_iteration", "progressive"]
    assert record.entropy_coders == ["none", "single_iteration", "progressive"]


def test_there_must_be_a_folder(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="there is no folder"):
        collect(tmp_path / "none", "kodak")


def test_an_empty_folder_holds_nothing(tmp_path: Path) -> None:
    assert collect(tmp_path, "kodak") == Collection("kodak", (), (), ())


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda about: about.pop("name"), "name Field required"),
        (lambda about: about["model"].update(parameters="many"), "model.parameters"),
        (lambda about: about["curves"]["nominal"].clear(), "a curve has no kind"),
        (lambda about: about["curves"].pop("nominal"), "the curve nominal is not described"),
        (lambda about: about["curves"]["none"].update(scores_of="other"), "no scores for none"),
        (lambda about: about.update(digest="0" * 64), "its digest differs"),
    ],
)
def test_what_is_no_whole_record_is_reported(
    results: Path, change: Callable[[Any], object], expected: str
) -> None:
    edit(results / RECORD / "about.json", change)
    collection = collect(results, "kodak")
    assert expected in reasons(collection)
    assert paths(collection) == OTHERS


@pytest.mark.parametrize(
    ("row", "column", "value", "expected"),
    [
        (12, "psnr", "high", "could not convert string to float"),
        (12, "psnr", "inf", "not finite"),
        (12, "psnr", "101", "a psnr above 100"),
        (12, "psnr", "", "do not all have the same metrics"),
        (12, "bytes", "-1", "without a positive size"),
        (12, "point", "3", "occurs twice"),
        (12, "point", "3.5", "at point 4 of nominal is missing"),
        (12, "image", "z.png", "of nominal is missing"),
        (12, "curve", "other", "the curve other is not described"),
    ],
)
def test_measurements_that_cannot_be_are_reported(
    results: Path, row: int, column: str, value: str, expected: str
) -> None:
    edit_points(results / RECORD, row, column, value)
    collection = collect(results, "kodak")
    assert expected in reasons(collection)
    assert paths(collection) == OTHERS


@pytest.mark.parametrize("name", ["about.json", "points.csv"])
def test_half_a_file_or_none_is_reported(results: Path, name: str) -> None:
    file = results / RECORD / name
    content = file.read_bytes()

    @given(st.none() | st.integers(0, len(content) - 2))
    def cut_anywhere(end: int | None) -> None:
        file.unlink(missing_ok=True)
        if end is not None:
            file.write_bytes(content[:end])
        collection = collect(results / "grid", "kodak")
        assert name in reasons(collection, RECORD.removeprefix("grid/"))

    cut_anywhere()


def test_records_of_before_models_were_described_are_used_and_listed(results: Path) -> None:
    edit(results / RECORD / "about.json", lambda about: about.pop("model"))
    collection = collect(results, "kodak")
    assert "lacks parameters" in reasons(collection, left_out=False)
    assert RECORD in paths(collection)


def test_records_of_other_data_are_listed(results: Path) -> None:
    write_network(results / "grid" / "photos", dataset="photos")
    collection = collect(results, "kodak")
    assert reasons(collection, "grid/photos") == (
        "it is of the data set photos, but the table is of kodak"
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
    stored = {"export": {"dtype": "int8"}}
    about_file = results / "later" / "again" / "about.json"
    edit(about_file, lambda about: about["settings"]["config"].update(stored))
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
    shutil.copy(results / RECORD / "points.csv", results / "grid" / "half")
    (results / RECORD / ".about.0123456789ab.partial.json").write_text("{")
    collection = collect(results, "kodak")
    assert "half a record: about.json is missing" in reasons(collection, "grid/half")
    file = f"{RECORD}/.about.0123456789ab.partial.json"
    assert "interrupted" in reasons(collection, file)
    assert paths(collection) == OTHERS | {RECORD}


def test_runs_without_a_record_are_listed(results: Path) -> None:
    for folder in ("grid/run", "grid/run/entropy/progressive", RECORD):
        (results / folder).mkdir(parents=True, exist_ok=True)
        (results / folder / "config.yaml").write_text("name: run\n")
    collection = collect(results, "kodak")
    assert [problem.path for problem in collection.problems] == ["grid/run"]
    assert "a run without a record" in collection.problems[0].reason


def test_the_committed_records_are_whole() -> None:
    collection = collect(ROOT / "results", "kodak")
    contradictory = [p for p in collection.problems if p.left_out and "data set" not in p.reason]
    assert contradictory == []
    assert {"baselines/jpeg_420", "baselines/webp"} <= paths(collection)
