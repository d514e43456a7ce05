"""The scripts next to records in results/ still reproduce the files committed there."""

import json
from pathlib import Path
from runpy import run_path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.conftest import ROOT

RESULTS = ROOT / "results"
CURVES = sorted(path.parent for path in RESULTS.rglob("learning_curves.csv"))


def script(path: str) -> dict[str, Any]:
    """Run a script; return its names."""
    return run_path(str(RESULTS / path))


@pytest.mark.parametrize("path", sorted(RESULTS.glob("*/*.py")), ids=lambda path: path.name)
def test_a_script_finds_all_that_it_imports(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # As Python does for a script.
    monkeypatch.syspath_prepend(path.parent)
    assert callable(script(str(path.relative_to(RESULTS)))["main"])


def test_gains_of_the_study_of_a_recipe(tmp_path: Path) -> None:
    script("transform_study/gains.py")["main"](tmp_path)
    made = (tmp_path / "gains.md").read_text(encoding="utf-8")
    assert made == (RESULTS / "transform_study" / "gains.md").read_text(encoding="utf-8")
    assert Image.open(tmp_path / "gains.png").height > 15


def numbers(content: object) -> list[float]:
    """All numbers of a JSON document, in its order."""
    if isinstance(content, dict):
        return [number for value in content.values() for number in numbers(value)]
    if isinstance(content, list):
        return [number for value in content for number in numbers(value)]
    return [] if content is None else [float(str(content))]


def test_the_extrapolation(tmp_path: Path) -> None:
    script("extrapolation/extrapolate.py")["main"](tmp_path)
    made, committed = (
        json.loads((folder / "extrapolation.json").read_text(encoding="utf-8"))
        for folder in (tmp_path, RESULTS / "extrapolation")
    )
    # The committed file was fitted to values of which learning_curves.csv has only six digits.
    assert numbers(made) == pytest.approx(numbers(committed), rel=1e-3)
    assert Image.open(tmp_path / "extrapolation.png").width > 100


def test_points_of_a_power_law_give_that_law() -> None:
    steps = [10, 200, 3000]
    law = script("extrapolation/extrapolate.py")["power_law"](
        steps, [1.875 - 0.5 * n**-0.3 for n in steps], 1.875
    )
    assert law == pytest.approx({"limit": 1.875, "factor": 0.5, "exponent": 0.3})


@pytest.mark.parametrize("record", CURVES, ids=lambda path: path.parent.name + "/" + path.name)
def test_learning_curves(record: Path, tmp_path: Path) -> None:
    script("longer_trainings/learning_curves.py")["main"](record, tmp_path)
    assert np.asarray(Image.open(tmp_path / "learning_curves.png").convert("L")).std() > 0


def test_how_the_model_learnt(tmp_path: Path) -> None:
    own = script("wavelet/learning.py")
    own["main"](tmp_path)
    made = (tmp_path / "learning.csv").read_text(encoding="utf-8")
    assert made == (RESULTS / "wavelet" / "learning.csv").read_text(encoding="utf-8")
    assert np.asarray(Image.open(tmp_path / "learning.png").convert("L")).std() > 0
    # The steps of the three trainings of the prior, as results/README.md names them.
    assert [row[2] for row in own["rows"]()][2] == 9971 + 11167 + 1474


def test_difficult_pictures(tmp_path: Path) -> None:
    script("equal_bytes/difficult.py")["main"](str(tmp_path))
    record = json.loads((RESULTS / "equal_bytes" / "difficult" / "equal_bytes.json").read_text())
    assert {path.stem for path in tmp_path.iterdir()} == set(record["png_bytes"])
    for path in tmp_path.iterdir():
        picture = Image.open(path)
        assert (picture.mode, picture.size) == ("RGB", (384, 256))
        assert np.asarray(picture).std() > 5
