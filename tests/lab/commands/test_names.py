"""Names of pictures and folders that are not UTF-8, in records of evaluations."""

import csv
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from rnn_codec.data.decoding import decode
from rnn_codec.data.folders import find_images
from rnn_codec_lab.evaluation.record import read_about
from tests.commands.program import run
from tests.data.pictures import noise, save

NAMES = [b"caf\xe9.png", "café.png".encode(), b"sub\xff/x.png"]


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """A folder whose name is not UTF-8, with pictures that can be measured."""
    folder = tmp_path / os.fsdecode(b"d\xe9j\xe0")
    y, x = np.mgrid[:161, :170]
    for index, name in enumerate(NAMES):
        path = folder / os.fsdecode(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        planes = [127 + 120 * np.sin((x + c * y) / (15 + index)) for c in range(3)]
        Image.fromarray(np.stack(planes, -1).astype(np.uint8)).save(path)
    return folder


def test_an_evaluation_is_not_lost(pictures: Path, tmp_path: Path) -> None:
    output = tmp_path / os.fsdecode(b"out\xe9")
    # Hydra requires quotes around characters that it does not know.
    words = ["codec=jpeg_420", "data=folder", f"data.root='{pictures}'", "beside=[]"]
    assert run("evaluate", *words, f"output='{output}'") == 0
    about = read_about(output)
    assert about.dataset == r"d\xe9j\xe0"
    assert r"d\xe9j\xe0" in str(about.settings["command"])
    with (output / "points.csv").open(encoding="utf-8", newline="") as file:
        measured = {row["image"] for row in csv.DictReader(file)}
    assert measured == {r"caf\xe9.png", "café.png", r"sub\xff/x.png"}


def test_pictures_are_decoded_once_and_known_by_their_names(tmp_path: Path) -> None:
    names = [os.fsdecode(name) for name in NAMES]
    for index, name in enumerate(names):
        save(tmp_path / "a" / name, noise(5, 7, index))
    for _ in range(2):
        images = decode(find_images(tmp_path / "a"), tmp_path / "cache")
        assert set(images.names) == set(names)
    shutil.copytree(tmp_path / "a", tmp_path / "b")
    assert decode(find_images(tmp_path / "b"), tmp_path / "cache").digest == images.digest
