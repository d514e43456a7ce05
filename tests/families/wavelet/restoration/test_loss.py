"""Losses and slopes, against finite differences of the loss."""

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from rnn_codec.families.wavelet.planes import Synthesis
from rnn_codec.families.wavelet.restoration import tiles
from rnn_codec.families.wavelet.restoration.conditions import Conditions
from rnn_codec.families.wavelet.restoration.loss import PictureLoss, loss
from rnn_codec.families.wavelet.restoration.network import Restoration
from rnn_codec.families.wavelet.rotation import Rotation
from tests.families.wavelet.priors import restoration


def pixels(height: int, width: int) -> NDArray[np.uint8]:
    y, x = np.mgrid[:height, :width]
    waves = [128 + 60 * np.sin(x / 7 + c) + 30 * np.cos(y / 5) for c in range(3)]
    return np.stack(waves, -1).astype(np.uint8)


def picture(truth: NDArray[np.uint8], change: NDArray[np.float32]) -> Synthesis:
    """A picture whose colours are a truth plus a change, both (H, W, 3)."""
    colours = (truth + change - np.float32(128)).transpose(2, 0, 1)
    rotation = Rotation(3, -5, 9)
    components = np.einsum("ij,jhw->ihw", np.array(rotation.matrix), colours)
    return Synthesis(list(components.astype(np.float32)), rotation)


def conditions(height: int, width: int, strength: float) -> Conditions:
    blocks = -(-height // 32), -(-width // 32)
    return Conditions(np.full(12, 4.0, np.float32), strength, np.full(blocks, 4.0, np.float32))


@pytest.mark.parametrize("network", [None, restoration()])
@pytest.mark.parametrize("strength", [0.0, 0.5, 1.0])
def test_slopes_say_how_fast_the_loss_grows(network: Restoration | None, strength: float) -> None:
    truth, rng = pixels(100, 70), np.random.default_rng(0)
    noise = rng.normal(0, 9, truth.shape).astype(np.float32)
    of_pictures, told = PictureLoss(network, truth), conditions(100, 70, strength)
    value, slope = of_pictures.slope(picture(truth, noise), told)
    assert value == pytest.approx(of_pictures.value(picture(truth, noise), told), rel=1e-5)
    way = slope / np.sqrt((slope * slope).mean())
    moved = [
        of_pictures.value(picture(truth, noise + np.float32(s) * way.transpose(1, 2, 0)), told)
        for s in (-0.02, 0.02)
    ]
    assert (moved[1] - moved[0]) / 0.04 == pytest.approx(float((slope * way).sum()), rel=0.03)


def test_what_restores_is_left_out_where_steps_are_small() -> None:
    truth = pixels(64, 64)
    noise = np.random.default_rng(0).normal(0, 9, truth.shape).astype(np.float32)
    fine = Conditions(np.zeros(12, np.float32), 0.5, np.zeros((2, 2), np.float32))
    given = picture(truth, noise), fine
    assert PictureLoss(restoration(), truth).value(*given) == PictureLoss(None, truth).value(*given)


def test_tiles_have_losses_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    truth = pixels(130, 64)
    noise = np.random.default_rng(0).normal(0, 9, truth.shape).astype(np.float32)
    monkeypatch.setattr(tiles, "WHOLE", 64)
    monkeypatch.setattr(tiles, "TILE", 64)
    given = picture(truth, noise), conditions(130, 64, 1.0)
    value, slope = PictureLoss(None, truth).slope(*given)
    own = [
        PictureLoss(None, truth[start : start + 64]).slope(
            picture(truth[start : start + 64], noise[start : start + 64]),
            conditions(len(truth[start : start + 64]), 64, 1.0),
        )
        for start in (0, 64, 128)
    ]
    assert value == pytest.approx(np.mean([each[0] for each in own]), rel=1e-5)
    np.testing.assert_allclose(slope, np.concatenate([each[1] for each in own], 1), atol=1e-6)


def test_structure_counts_as_it_is_told() -> None:
    truth = torch.from_numpy(pixels(64, 64)).permute(2, 0, 1)[None].float()
    made = truth + 5
    error, both, structure = (float(loss(made, truth, strength)) for strength in (0.0, 0.5, 1.0))
    assert error == pytest.approx(np.log(25.1), rel=1e-5)
    assert both == pytest.approx((error + structure) / 2, rel=1e-5)
    # In a picture this small, structure is not measured.
    assert float(loss(made[..., :20, :], truth[..., :20, :], 1.0)) == pytest.approx(error)
