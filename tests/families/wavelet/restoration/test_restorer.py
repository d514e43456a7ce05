"""The decoder runs the network that was trained, whether in tiles or in one piece."""

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from rnn_codec.errors import UserError
from rnn_codec.families.wavelet.planes import Synthesis
from rnn_codec.families.wavelet.restoration import tiles as module
from rnn_codec.families.wavelet.restoration.conditions import Conditions
from rnn_codec.families.wavelet.restoration.graph import graph
from rnn_codec.families.wavelet.restoration.network import macs_per_pixel
from rnn_codec.families.wavelet.restoration.restorer import Restorer, read_restorer
from rnn_codec.families.wavelet.rotation import Rotation
from rnn_codec.families.wavelet.workers import Workers
from tests.families.wavelet.priors import restoration

WORKERS = Workers(1)
NETWORK = restoration()
RESTORER = Restorer(graph(NETWORK), 1)


def picture(height: int, width: int) -> Synthesis:
    rng = np.random.default_rng(height * width)
    components = rng.normal(0, 50, (3, height, width)).astype(np.float32)
    return Synthesis(list(components), Rotation(3, -5, 9))


def conditions(height: int, width: int, step: float = 4.0) -> Conditions:
    rng = np.random.default_rng(height + width)
    blocks = -(-height // 32), -(-width // 32)
    steps = (step + rng.random(12)).astype(np.float32)
    return Conditions(steps, 0.5, (step + rng.random(blocks)).astype(np.float32))


@settings(max_examples=10, deadline=None)
@given(st.integers(1, 100), st.integers(1, 100))
def test_it_is_the_network_in_half_precision(height: int, width: int) -> None:
    """Against PyTorch, on the picture with its edges repeated to complete blocks."""
    given_picture, told = picture(height, width), conditions(height, width)
    found = RESTORER.pixels(given_picture, told, WORKERS)
    x = np.stack(given_picture.colours(slice(None), slice(None)))
    whole = np.pad(x, ((0, 0), (0, -height % 32), (0, -width % 32)), mode="edge")
    network = restoration()
    with torch.no_grad():
        for weight in network.parameters():
            if weight.numel() >= 64:
                weight.copy_(weight.half().float())
        expected = network(
            torch.from_numpy(whole)[None],
            torch.from_numpy(told.steps)[None],
            torch.tensor([[told.strength]]),
            torch.from_numpy(told.fine)[None, None],
        )[0, :, :height, :width]
    expected = expected.round().clamp(0, 255).permute(1, 2, 0).numpy()
    assert found.shape == (height, width, 3)
    assert np.abs(found - expected).max() <= 1
    assert (found != expected).mean() < 0.01


def test_it_says_what_it_costs() -> None:
    numbers = sum(weight.numel() for weight in NETWORK.parameters())
    assert RESTORER.facts == (numbers, macs_per_pixel(NETWORK))


def test_tiles_make_no_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    given_picture, told = picture(300, 270), conditions(300, 270)
    whole = RESTORER.pixels(given_picture, told, WORKERS)
    monkeypatch.setattr(module, "TILE", 128)
    monkeypatch.setattr(module, "WHOLE", 128)
    tiled = RESTORER.pixels(given_picture, told, WORKERS)
    assert np.abs(tiled.astype(int) - whole).max() <= 1
    assert (tiled != whole).mean() < 0.001


def test_where_steps_are_small_there_is_nothing_to_restore() -> None:
    given_picture, told = picture(40, 50), conditions(40, 50, step=-1.0)
    assert np.array_equal(
        RESTORER.pixels(given_picture, told, WORKERS), given_picture.pixels(WORKERS)
    )


def test_weights_are_kept_in_half_precision() -> None:
    content = graph(NETWORK)
    numbers = sum(weight.numel() for weight in NETWORK.parameters())
    assert content == graph(restoration())
    assert len(content) < 2 * numbers + 10_000
    assert b".py" not in content


def test_a_damaged_network_is_an_error_that_names_it(tmp_path: Path) -> None:
    assert read_restorer(tmp_path, 1) is None
    (tmp_path / "restoration.onnx").write_bytes(graph(NETWORK)[:500])
    with pytest.raises(UserError, match=r"restoration\.onnx is damaged"):
        read_restorer(tmp_path, 1)
