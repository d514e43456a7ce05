"""Records of a grid."""

import json
import shutil
from pathlib import Path

import pytest

from rnn_codec_lab.evaluation.record import About, read_about
from rnn_codec_lab.grid import worker
from rnn_codec_lab.grid.worker import put_record, recorded
from tests.lab.grid.grids import write_summary


def evaluation(folder: Path, identity: str = "a" * 16) -> Path:
    folder.mkdir(parents=True)
    write_summary(folder / "about.json", identity, {"progressive": "b" * 16})
    (folder / "points.csv").write_text("image\n")
    (folder / "rate_distortion.png").write_text("small")
    (folder / "reconstructions.png").write_text("large")
    return folder


def identities(records: Path) -> list[str | None]:
    return [about.model.identity for about in recorded(records) if about.model is not None]


def test_a_record_holds_the_figures_and_not_the_large_pictures(tmp_path: Path) -> None:
    record = tmp_path / "records" / "run"
    put_record(evaluation(tmp_path / "evaluation"), record)
    names = sorted(path.name for path in record.iterdir())
    assert names == ["about.json", "points.csv", "rate_distortion.png"]
    (about,) = recorded(tmp_path / "records")
    assert about == read_about(tmp_path / "evaluation")


def test_a_newer_record_replaces_an_older_one_and_what_a_killed_process_left(tmp_path) -> None:
    records = tmp_path / "records"
    put_record(evaluation(tmp_path / "old"), records / "run")
    (records / "run" / "old.csv").write_text("of the old one")
    for leftover in (".run.partial", ".run.old"):
        shutil.copytree(records / "run", records / leftover)
    put_record(evaluation(tmp_path / "new", identity="c" * 16), records / "run")
    assert [path.name for path in records.iterdir()] == ["run"]
    assert not (records / "run" / "old.csv").exists()
    assert identities(records) == ["c" * 16]


def test_a_half_copied_record_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = evaluation(tmp_path / "evaluation")

    def fail(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(KeyboardInterrupt):
        put_record(source, tmp_path / "records" / "run")
    assert recorded(tmp_path / "records") == []


@pytest.mark.parametrize("content", ["", "{}", "[1]", "null", json.dumps({"model": {}})])
def test_what_is_no_record_is_not_taken_for_one(content: str, tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "about.json").write_text(content)
    assert recorded(tmp_path) == []


def test_a_record_that_another_worker_replaces_meanwhile_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("first", "second"):
        put_record(evaluation(tmp_path / name, identity=name), tmp_path / "records" / name)

    def replace_second(file: Path) -> About:
        shutil.rmtree(tmp_path / "records" / "second", ignore_errors=True)
        return read_about(file)

    monkeypatch.setattr(worker, "read_about", replace_second)
    assert identities(tmp_path / "records") == ["first"]
