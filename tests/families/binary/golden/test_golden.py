"""Files made once decode to the same bits, on any machine and in any way of computing."""

import json
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import replace
from pathlib import Path

import numba
import numpy as np
import pytest
import torch

from rnn_codec.families.binary.format import Stream
from rnn_codec.families.binary.model import BinaryModel
from rnn_codec.metrics.psnr import psnr
from rnn_codec.models.find import SEPARATE_MODELS, load_model
from rnn_codec.models.protocol import open_file
from tests.committed_models import SEPARATE
from tests.families.binary.golden.make import (
    CODERS,
    CROPS,
    FOLDER,
    SMALL_MODELS,
    SMALL_PICTURE,
    bits_digest,
    model_of,
    picture,
)

DIGESTS: dict[str, str] = json.loads((FOLDER / "digests.json").read_text())
IDENTIFIERS: dict[str, dict[str, str]] = json.loads((FOLDER / "identifiers.json").read_text())


def model_of_file(name: str) -> BinaryModel:
    return model_of(Path(name).stem.partition("-")[2])


def test_there_is_a_file_for_every_coder() -> None:
    of_flagship = {f"{name}-{coder}.rnc" for name in CROPS for coder in CODERS}
    assert set(DIGESTS) == of_flagship | {f"{SMALL_PICTURE}-{name}.rnc" for name in SMALL_MODELS}
    assert {path.name for path in FOLDER.glob("*.rnc")} == set(DIGESTS)


def test_some_files_have_stops_and_some_have_none() -> None:
    bodies = {name: open_file(FOLDER / name).body for name in DIGESTS}
    kinds = {name: isinstance(body, Stream) and body.adaptive for name, body in bodies.items()}
    assert sum(kinds.values()) == len(CODERS) + len(SMALL_MODELS)
    assert not any(kinds[f"coffee-{coder}.rnc"] for coder in CODERS)


def test_those_that_are_not_installed_are_known_by_what_files_call_them() -> None:
    known = {name: set(own) for name, own in SEPARATE_MODELS.items()}
    assert known == {name: set(own.values()) for name, own in IDENTIFIERS.items()}


@pytest.mark.parametrize("name", IDENTIFIERS)
def test_files_call_the_models_of_the_package_what_they_always_did(name: str) -> None:
    found = {
        coder: load_model(SEPARATE / name, coder).identifier.hex() for coder in IDENTIFIERS[name]
    }
    assert found == IDENTIFIERS[name]


@pytest.mark.parametrize("name", DIGESTS)
def test_the_bits_are_those_of_old(name: str) -> None:
    assert bits_digest(model_of_file(name), (FOLDER / name).read_bytes()) == DIGESTS[name]


@pytest.fixture
def _restored_threads() -> Iterator[None]:
    before = torch.get_num_threads(), numba.get_num_threads()
    yield
    torch.set_num_threads(before[0])
    numba.set_num_threads(before[1])


@pytest.mark.usefixtures("_restored_threads")
@pytest.mark.parametrize("threads", [1, 2])
def test_threads_do_not_matter(threads: int) -> None:
    torch.set_num_threads(threads)
    numba.set_num_threads(min(threads, numba.config.NUMBA_NUM_THREADS))
    for name, digest in DIGESTS.items():
        assert bits_digest(model_of_file(name), (FOLDER / name).read_bytes()) == digest


# One picture for each coder, because bfloat16 is slow on many processors.
@pytest.mark.parametrize("name", [name for name in DIGESTS if name.startswith("rocket")])
def test_the_networks_precision_does_not_reach_the_bits(name: str) -> None:
    data, model = (FOLDER / name).read_bytes(), model_of_file(name)
    model = replace(model, codec=deepcopy(model.codec).to(torch.bfloat16))
    assert bits_digest(model, data) == DIGESTS[name]
    assert score(model, data, name) > 20


@pytest.mark.parametrize("name", DIGESTS)
def test_the_pictures_are_still_pictures(name: str) -> None:
    assert score(model_of_file(name), (FOLDER / name).read_bytes(), name) > 24


def score(model: BinaryModel, data: bytes, name: str) -> float:
    """PSNR of a file's picture, dB."""
    pair = (model.decompress(data), picture(name.partition("-")[0]))
    one, two = (torch.from_numpy(np.ascontiguousarray(p)).permute(2, 0, 1)[None] for p in pair)
    return float(psnr(one, two))
