"""Files made once decode to the same bits, whatever the machine and however it computes."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from rnn_codec.compression.model import Model
from rnn_codec.metrics.psnr import psnr
from rnn_codec.runs.models import load_model
from tests.compression.golden.make import CODERS, CROPS, FOLDER, MODEL, bits_digest, picture

DIGESTS: dict[str, str] = json.loads((FOLDER / "digests.json").read_text())


def model_of(name: str) -> Model:
    return load_model(MODEL, Path(name).stem.partition("-")[2])


def test_there_is_a_file_for_every_coder() -> None:
    assert set(DIGESTS) == {f"{name}-{coder}.rnc" for name in CROPS for coder in CODERS}
    assert {path.name for path in FOLDER.glob("*.rnc")} == set(DIGESTS)


@pytest.mark.parametrize("name", DIGESTS)
def test_the_bits_are_those_of_old(name: str) -> None:
    assert bits_digest(model_of(name), (FOLDER / name).read_bytes()) == DIGESTS[name]


@pytest.mark.parametrize("threads", [1, 2])
def test_threads_do_not_matter(threads: int) -> None:
    code = (
        "import json, numba, torch\n"
        "from tests.compression.golden.test_golden import *\n"
        f"torch.set_num_threads({threads}); numba.set_num_threads({threads})\n"
        "for name in DIGESTS:\n"
        "    assert bits_digest(model_of(name), (FOLDER / name).read_bytes()) == DIGESTS[name]\n"
    )
    environment = {"NUMBA_NUM_THREADS": "2", "OMP_NUM_THREADS": str(threads), "PATH": ""}
    root = Path(__file__).parents[3]
    environment["PYTHONPATH"] = f"{root}:{root / 'src'}"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=root, env=environment)


@pytest.mark.parametrize("name", DIGESTS)
def test_the_networks_precision_does_not_reach_the_bits(name: str) -> None:
    data, model = (FOLDER / name).read_bytes(), model_of(name)
    model.codec.to(torch.bfloat16)
    assert bits_digest(model, data) == DIGESTS[name]
    assert score(model, data, name) > 20


@pytest.mark.parametrize("name", DIGESTS)
def test_the_pictures_are_still_pictures(name: str) -> None:
    assert score(model_of(name), (FOLDER / name).read_bytes(), name) > 24


def score(model: Model, data: bytes, name: str) -> float:
    """PSNR of a file's picture, dB."""
    pair = (model.decompress(data), picture(name.partition("-")[0]))
    one, two = (torch.from_numpy(np.ascontiguousarray(p)).permute(2, 0, 1)[None] for p in pair)
    return float(psnr(one, two))
