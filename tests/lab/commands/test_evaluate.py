"""rnn-codec evaluate: records of trained and classic codecs, and messages about mistakes."""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hydra import compose, initialize_config_dir
from PIL import Image

from rnn_codec.configuration import plain
from rnn_codec.families.binary.training.building import build_codec
from rnn_codec.runs.folder import RunFolder, write_config
from rnn_codec.runs.weights import write_weights
from rnn_codec_lab.baselines import CLASSIC_CODECS, JPEG_420
from rnn_codec_lab.commands import evaluate as command
from rnn_codec_lab.evaluation import learned, measurement
from rnn_codec_lab.evaluation.learned import TunedFiles
from rnn_codec_lab.evaluation.measurement import Measurement, measure
from rnn_codec_lab.evaluation.record import read_record
from tests.commands.program import run
from tests.conftest import ROOT


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """Two smooth pictures, one of an odd size."""
    folder = tmp_path / "pictures"
    folder.mkdir()
    for name, (height, width) in {"a.png": (161, 170), "b.png": (176, 192)}.items():
        y, x = np.mgrid[:height, :width]
        planes = [127 + 120 * np.sin((x + c * y) / (15 + 5 * c)) for c in range(3)]
        Image.fromarray(np.stack(planes, -1).astype(np.uint8)).save(folder / name)
    return folder


@pytest.fixture
def model(tmp_path: Path) -> RunFolder:
    folder = tmp_path / "run"
    folder.mkdir()
    with initialize_config_dir(str(ROOT / "conf"), version_base="1.3"):
        config = compose("train", ["recon=additive"])
    write_config(RunFolder(folder), plain(config))
    write_weights(RunFolder(folder), build_codec(config).state_dict(), torch.float32)
    return RunFolder(folder)


def test_a_run_leaves_its_record(model, pictures, capsys) -> None:
    options = ["data=folder", f"data.root={pictures}", "iterations=3", "beside=[jpeg_420]"]
    assert run("evaluate", f"model={model.path}", *options) == 0
    folder = model.evaluation("pictures")
    assert {path.name for path in folder.iterdir()} == {
        "points.csv", "about.json", "rate_distortion.png", "reconstructions.png", "file_sizes.png",
    }  # fmt: skip
    record = read_record(folder)
    assert record.images == ("a.png", "b.png")
    assert {name: curve.points for name, curve in record.curves.items()} == {
        "nominal": (1, 2, 3), "none": (1, 2, 3)
    }  # fmt: skip
    about = record.about
    assert about.labels == {
        "family": "binary", "cell": "gru", "recon": "additive", "network": "tiny"
    }  # fmt: skip
    assert about.settings["command"].startswith(f"rnn-codec evaluate model={model.path} data=")
    assert about.model is not None
    printed = capsys.readouterr().out
    assert "MS-SSIM" in printed
    assert "jpeg_420" in printed


def test_adaptive_files_are_measured_beside(model, pictures, tmp_path, monkeypatch, capsys) -> None:
    monkeypatch.setattr(learned, "RATES", (0.5, 1.0))
    monkeypatch.setattr(learned, "PREFIX_RATES", (0.4,))
    options = ["data=folder", f"data.root={pictures}", "iterations=3", "beside=[]"]
    options += ["adaptive=balanced", f"cache_dir={tmp_path / 'cache'}"]
    assert run("evaluate", f"model={model.path}", *options) == 0
    folder = model.evaluation("pictures")
    assert (folder / "adaptive.png").stat().st_size > 1000
    record = read_record(folder)
    assert record.curves["adaptive, balanced"].points == (0.5, 1.0)
    assert record.curves["adaptive, balanced, beginnings"].points == (0.4,)
    assert record.compared == ["nominal", "adaptive, balanced"]
    assert "Adaptive files, balanced: BD-rate" in capsys.readouterr().out
    monkeypatch.setattr(TunedFiles, "points", None)
    assert run("evaluate", f"model={model.path}", *options) == 0
    assert run("evaluate", f"model={model.path}", *options, "adaptive=[ssim]") == 1
    assert "tune is one of balanced, psnr, ms-ssim, not ssim" in capsys.readouterr().err
    assert run("evaluate", f"model={model.path}", *options, "adaptive=psnr:1") == 1
    assert "effort" in capsys.readouterr().err


def test_a_classic_codec_leaves_the_same_files(pictures, tmp_path) -> None:
    output = tmp_path / "out"
    options = ["data=folder", f"data.root={pictures}", "beside=[]", f"output={output}"]
    assert run("evaluate", "codec=jpeg_420", *options) == 0
    record = read_record(output)
    assert (record.about.name, record.about.labels) == ("jpeg_420", {"family": "classic"})
    assert list(record.curves) == ["files"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "set either model=<run folder> or codec=<classic codec>"),
        (["model=nowhere"], "there is no model nowhere"),
        (["codec=jpeg_999", "output=out"], "jpeg_420"),
        (["codec=webp"], "output="),
        (["codec=webp", "output=out", "data=folder", "data.root=nowhere"], "nowhere"),
        (
            ["model=wavelet", "output=out", "adaptive=psnr:most"],
            "such as [psnr, ms-ssim:1], not psnr:most",
        ),
        (
            ["model=wavelet", "output=out", "adaptive=[psnr:]"],
            "such as [psnr, ms-ssim:1], not psnr:",
        ),
        (["model=wavelet", "output=out", "adaptive=psnr:10"], "effort"),
        (["codec=webp", "output=out", "data=kodak", "data.kodak_root=nowhere"], "make kodak"),
    ],
)
def test_mistakes_end_in_one_sentence(arguments, message, tmp_path, monkeypatch, capsys) -> None:
    monkeypatch.chdir(tmp_path)
    assert run("evaluate", "beside=[]", *arguments) == 1
    error = capsys.readouterr().err
    assert message in error.splitlines()[-1]
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("content", [b"", b"no picture"])
def test_a_picture_that_is_none_is_an_error(content, pictures, tmp_path, capsys) -> None:
    (pictures / "c.png").write_bytes(content)
    options = [f"output={tmp_path / 'out'}", "data=folder", f"data.root={pictures}"]
    assert run("evaluate", "codec=webp", *options) == 1
    assert "c.png" in capsys.readouterr().err


def test_a_picture_too_small_for_ms_ssim_is_an_error(pictures, tmp_path, capsys):
    Image.new("RGB", (100, 200)).save(pictures / "small.png")
    options = [f"output={tmp_path / 'out'}", "data=folder", f"data.root={pictures}"]
    assert run("evaluate", "codec=jpeg_420", *options) == 1
    error = capsys.readouterr().err
    assert "small.png is 100×200 pixels" in error
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ("device=nonsense", "the device nonsense cannot be used"),
        ("device=null", "the device None cannot be used"),
        ("beside=[nonsense]", "unknown classic codec 'nonsense'"),
        ("beside=[[webp]]", "unknown classic codec"),
        ("cut_at=[0]", "cut_at takes shares between 0 and 1, such as [0.1, 0.5], not 0"),
        ("cut_at=[1]", "not 1"),
        ("cut_at=nan", "not nan"),
        ("cut_at=[half]", "not half"),
        ("iterations=abc", "iterations must be 1 … 16, or null, not abc"),
        ("iterations=[2]", "not [2]"),
        ("picture=nonsense", "there is no image nonsense: picture= must be one of a.png, b.png"),
        ("picture=${nowhere}", "nowhere"),
        ("output=file", "output=file cannot be created"),
        ("output=file/below/it", "output=file/below/it cannot be created"),
    ],
)
def test_what_cannot_be_measured_is_told_before_anything_is(
    option, message, model, pictures, tmp_path, monkeypatch, capsys
) -> None:
    def measure(*_: object) -> None:
        raise AssertionError("it measures")

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(command, "measure", measure)
    Path("file").touch()
    before = sorted(tmp_path.rglob("*"))
    words = [f"model={model.path}", "data=folder", f"data.root={pictures}", "beside=[]", option]
    assert run("evaluate", *words) == 1
    error = capsys.readouterr().err
    assert error.startswith("error: ")
    assert message in error
    assert error.count("\n") == 1
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize(("beside", "cut_at"), [("null", "0.5"), ("jpeg_420", "null")])
def test_words_stand_for_lists_of_one(
    beside, cut_at, model, pictures, tmp_path, monkeypatch, capsys
) -> None:
    monkeypatch.chdir(tmp_path)
    (pictures / "b.png").unlink()
    monkeypatch.setitem(CLASSIC_CODECS, "jpeg_420", replace(JPEG_420, qualities=(10, 60)))
    options = ["data=folder", f"data.root={pictures}", "iterations=2"]
    options += [f"beside={beside}", f"cut_at={cut_at}", "output=out"]
    assert run("evaluate", f"model={model.path}", *options) == 0
    printed = capsys.readouterr().out
    assert ("jpeg_420" in printed) == (beside != "null")
    assert ("Files cut short" in printed) == (cut_at != "null")


def test_pictures_of_the_same_name_do_not_take_each_others_place(
    model, pictures, tmp_path, monkeypatch, capsys
) -> None:
    other = tmp_path / "other" / "pictures"
    shutil.copytree(pictures, other)
    options = [f"model={model.path}", "data=folder", "iterations=1", "beside=[]"]
    for root in (pictures, other):
        assert run("evaluate", *options, f"data.root={root}") == 0
    record = model.evaluation("pictures") / "about.json"
    before = record.read_bytes()
    Image.new("RGB", (176, 192)).save(other / "b.png")
    assert run("evaluate", *options, f"data.root={other}") == 1
    assert "measurements of other pictures that are called pictures" in capsys.readouterr().err
    assert record.read_bytes() == before
    assert run("evaluate", *options, f"data.root={other}", f"output={tmp_path / 'out'}") == 0


@pytest.mark.parametrize("measurable", ["codec=jpeg_420", "model=wavelet"])
def test_measuring_is_resumed(measurable, pictures, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(learned, "RATES", (0.5, 1.0))
    monkeypatch.setattr(learned, "PREFIX_RATES", (0.4,))
    measured = []

    def until_the_second(image: str, *rest: object) -> Iterator[Measurement]:
        measured.append(image)
        if len(measured) == 2:
            raise KeyboardInterrupt
        return measure(image, *rest)

    monkeypatch.setattr(measurement, "measure", until_the_second)
    options = [measurable, "data=folder", f"data.root={pictures}", "beside=[]"]
    options += [f"output={tmp_path / 'out'}", f"cache_dir={tmp_path / 'cache'}"]
    assert run("evaluate", *options) == 130
    assert not (tmp_path / "out").exists()
    assert run("evaluate", *options) == 0
    assert measured == ["a.png", "b.png", "b.png"]
    assert read_record(tmp_path / "out").images == ("a.png", "b.png")


def test_ctrl_c_is_a_sentence(model, pictures, monkeypatch, capsys) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(command, "measure", interrupted)
    words = [f"model={model.path}", "data=folder", f"data.root={pictures}", "beside=[]"]
    assert run("evaluate", *words) == 130
    assert capsys.readouterr().err == "error: stopped before all was measured and recorded\n"
    assert not model.evaluation("pictures").exists()
