"""The contents of the two distributions, checked without building them."""

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rnn_codec.models.find import DEFAULT_MODEL, PACKAGES, SEPARATE, SEPARATE_MODELS, SHIPPED
from tests import committed_models
from tests.conftest import ROOT

MEGABYTE = 10**6


def settings(folder: Path) -> dict[str, Any]:
    return tomllib.loads((folder / "pyproject.toml").read_text("utf-8"))


def packed(folder: Path) -> Iterator[Path]:
    """The files that hatch puts into the distributions of a folder."""
    for place in settings(folder)["tool"]["hatch"]["build"]["only-include"]:
        for path in (folder / place).rglob("*"):
            if path.is_file() and path.parent.name != "__pycache__":
                yield path


def size(files: Iterator[Path]) -> int:
    return sum(file.stat().st_size for file in files)


def test_the_package_is_small_and_has_the_default_model() -> None:
    files = set(packed(ROOT))
    own = ("config.yaml", "prior.safetensors", "recon/one_shot/restoration.onnx")
    model = [SHIPPED / DEFAULT_MODEL / name for name in own]
    assert set(model) < files
    # The wheel is compressed, and so smaller.
    assert size(packed(ROOT)) < 8 * MEGABYTE
    # The files that decode pictures; the rest is for further training.
    assert size(iter(model)) < 1.5 * MEGABYTE


def test_the_binary_models_are_a_package_of_their_own() -> None:
    folder = committed_models.SEPARATE.parent
    project = settings(folder)["project"]
    assert project["name"] == SEPARATE
    assert set(project["entry-points"][PACKAGES].values()) == {committed_models.SEPARATE.name}
    files = set(packed(folder))
    assert not files & set(packed(ROOT))
    for name in SEPARATE_MODELS:
        own = committed_models.SEPARATE / name
        parts = (own, own / "entropy" / "progressive")
        assert {part / "weights.safetensors" for part in parts} < files
    # Every distribution has a copy of the licence.
    assert (folder / "LICENSE").read_bytes() == (ROOT / "LICENSE").read_bytes()


def test_what_is_set_up_has_both() -> None:
    assert "--editable '.[dev]' --editable ./models" in (ROOT / "Makefile").read_text("utf-8")
