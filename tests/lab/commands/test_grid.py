"""rnn-codec grid: plans, trains, records, and reports failures."""

from pathlib import Path

import pytest
from PIL import Image

from rnn_codec.families.binary.weights import load_codec
from rnn_codec.runs.folder import RunFolder
from rnn_codec_lab.evaluation.record import read_record
from tests.commands.program import run

ONE_PAIR = ["grid.axes.cell=[gru]", "grid.axes.recon=[additive]"]


def arguments(folder: Path, *more: str) -> list[str]:
    places = [f"output={folder}/runs", f"records={folder}/records"]
    caches = ["--", f"data.cache_dir={folder}/cache", f"coder.cache_dir={folder}/codes"]
    return ["grid=smoke", *places, *more, *caches]


def test_a_dry_run_prints_the_plan_and_trains_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    two_pairs = ["grid.axes.cell=[gru,lstm]", "grid.axes.recon=[additive]"]
    assert run("grid", *arguments(tmp_path, *two_pairs, "--dry-run")) == 0
    output = capsys.readouterr().out
    assert "2 codecs with 3 entropy settings each" in output
    assert output.count("to do") == 2
    assert "all that is left" in output
    assert not (tmp_path / "runs").exists()


def test_a_run_is_trained_coded_measured_and_recorded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "small").mkdir()
    Image.effect_noise((176, 176), 40).save(tmp_path / "small" / "noise.png")
    small = f'grid.evaluate=["data=folder","data.root={tmp_path}/small","beside=[]"]'
    one = [*ONE_PAIR, "grid.coders=[progressive]", small]
    assert run("grid", *arguments(tmp_path, *one)) == 0
    assert "1 of 1 runs are recorded" in capsys.readouterr().out
    (folder,) = (path for path in (tmp_path / "runs").iterdir() if path.name.startswith("gru"))
    assert load_codec(RunFolder(folder))
    (record,) = (tmp_path / "records").iterdir()
    measured = read_record(record)
    about = measured.about
    assert about.dataset == "small"
    assert about.model is not None
    assert about.model.training is not None
    assert (about.model.training.steps, about.model.training.images) == (6, 24)
    assert about.model.identity == RunFolder(folder).identity.read_text().strip()
    assert set(about.model.coder_identities) == {"progressive"}
    assert set(measured.entropy_coders) == {"none", "progressive"}

    capsys.readouterr()
    assert run("grid", *arguments(tmp_path, *one, "--dry-run")) == 0
    assert "done" in capsys.readouterr().out


def test_what_has_failed_is_named_and_the_exit_status_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    # The configuration composes, but a codec of this width cannot be built.
    words = [*arguments(tmp_path, *ONE_PAIR), "network.width=0.01"]
    assert run("grid", *words) == 1
    error = capsys.readouterr().err
    assert "1 of 1 runs have failed" in error
    assert "codec: error: network.width" in error
    assert not (tmp_path / "records").exists()
