"""recipes, learning-curves and equal-bytes: each writes its files and prints its table."""

from pathlib import Path

import pytest
from PIL import Image

from rnn_codec.data.package_photographs import locate
from tests.commands.program import run
from tests.comparison.test_learning_curves import make_run as write_training
from tests.conftest import ROOT

RESULTS = ROOT / "results"


def test_recipes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("recipes", f"records={RESULTS / 'transform_study'}", f"output={tmp_path}") == 0
    assert "recipe" in capsys.readouterr().out
    assert {path.suffix for path in tmp_path.iterdir()} == {".md", ".png"}
    assert run("recipes") == 1
    assert "set records=<folder of a grid's records>" in capsys.readouterr().err


def test_learning_curves(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_training(tmp_path / "mine", [(9, 0.5, "", ""), (39, "", 1.5, 40)])
    models, output = f"models=[{tmp_path / 'mine'}]", tmp_path / "out"
    assert run("learning-curves", models, f"output={output}") == 0
    assert "mine" in capsys.readouterr().out
    assert {path.suffix for path in output.iterdir()} == {".csv", ".json", ".png"}
    assert run("learning-curves", models, f"output={output}", "extrapolate_to=[60]") == 1
    assert "trained for different numbers of steps" in capsys.readouterr().err
    assert run("learning-curves", models) == 1
    assert "set models=[<run folder>, ...] and output=<folder>" in capsys.readouterr().err


def test_equal_bytes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    # A model without training has better pictures with fewer bits, fewer than JPEG can have.
    with Image.open(locate("skimage", "data/coffee.png")) as photograph:
        photograph.crop((200, 60, 376, 236)).save(tmp_path / "a.png")
    pictures = ["data=folder", f"data.root={tmp_path}", "rates=[0.5]", "beside=[jpeg_420]"]
    output = tmp_path / "out"
    assert run("equal-bytes", "model=flagship", *pictures, f"output={output}") == 0
    assert "JPEG" in capsys.readouterr().out
    assert {path.name for path in output.iterdir()} == {"equal_bytes.json", "a.webp"}
    assert run("equal-bytes", "beside=[jpeg2000]") == 1
    assert "none of jpeg_420, jpeg_444, webp, avif" in capsys.readouterr().err
