"""rnn-codec evaluate: records of trained and classic codecs, and what it says to mistakes."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from hydra import compose, initialize_config_dir
from PIL import Image

from rnn_codec.configuration import build_codec, plain
from rnn_codec.evaluation.record import read_summary
from rnn_codec.evaluation.recurrent import evaluate_codec
from rnn_codec.metrics.scores import score_pair
from rnn_codec.runs.folder import RunFolder, write_config
from rnn_codec.runs.weights import write_weights
from tests.commands.program import run
from tests.conftest import ROOT, make_codec


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
        "per_image.csv", "summary.json", "compressai.json", "rate_distortion.png",
        "reconstructions.png", "file_sizes.csv", "file_sizes.json", "file_sizes.png",
    }  # fmt: skip
    with (folder / "per_image.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [(row["image"], row["point"]) for row in rows[:3]] == [
        ("a.png", str(i)) for i in (1, 2, 3)
    ]
    assert len(rows) == 6
    summary = read_summary(folder)
    assert summary.images == 2
    assert summary.settings["config"]["recon"]["name"] == "additive"
    assert summary.settings["command"].startswith(f"rnn-codec evaluate model={model.path} data=")
    printed = capsys.readouterr().out
    assert "MS-SSIM" in printed
    assert "jpeg_420" in printed


def test_a_classic_codec_leaves_the_same_files(pictures, tmp_path) -> None:
    output = tmp_path / "out"
    options = ["data=folder", f"data.root={pictures}", "beside=[]", f"output={output}"]
    assert run("evaluate", "codec=jpeg_420", *options) == 0
    assert json.loads((output / "summary.json").read_text())["name"] == "jpeg_420"


def test_rates_count_the_padding_and_scores_are_of_8_bit_pixels() -> None:
    codec = make_codec("gru", "one_shot")
    pixels = np.random.default_rng(0).integers(0, 256, (161, 170, 3), dtype=np.uint8)
    (evaluated,) = evaluate_codec(codec, [("a", pixels)], 2)
    measured = evaluated.measurements
    padded = (176 // 16) * (176 // 16) * 32
    assert [m.bpp for m in measured] == pytest.approx(
        [padded / (161 * 170), 2 * padded / (161 * 170)]
    )
    image = torch.from_numpy(pixels).permute(2, 0, 1)
    last = list(codec.decode(codec.encode(image[None], 2)))[-1][0]
    assert measured[-1].scores == score_pair(last, image)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "set either model=<run folder> or codec=<classic codec>"),
        (["model=nowhere"], "there is no model nowhere"),
        (["codec=jpeg_999", "output=out"], "jpeg_420"),
        (["codec=webp"], "output="),
        (["codec=webp", "output=out", "data=folder", "data.root=nowhere"], "nowhere"),
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
