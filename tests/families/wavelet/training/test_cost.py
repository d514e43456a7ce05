"""The cost of a training, against a count of the operations that run."""

import pytest
import torch
from hydra import compose, initialize_config_dir
from torch.utils.flop_counter import FlopCounterMode

from rnn_codec.families.wavelet.layout import SCALES
from rnn_codec.families.wavelet.prior.arithmetic import Smooth
from rnn_codec.families.wavelet.prior.code_length import Coefficients, code_lengths
from rnn_codec.families.wavelet.restoration.network import Restoration
from rnn_codec.families.wavelet.training import cost
from rnn_codec.families.wavelet.training.coefficients import transformed
from tests.conftest import ROOT
from tests.families.wavelet.training.pictures import crops
from tests.families.wavelet.training.test_prior_module import CELLS, make_module


@pytest.mark.parametrize("cell", CELLS, ids=lambda cell: cell["name"])
def test_a_crop_costs_what_its_planes_do(
    cell: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    prior = make_module(cell).prior
    coefficients = Coefficients.of(transformed(crops(1, 64))[0])
    planes = [max(0, int(coefficients.first[scale].max()) - 3) for scale in range(SCALES)]
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        code_lengths(prior, Smooth(), coefficients, 4)
    monkeypatch.setattr(cost, "PLANES_CODED", tuple(planes))
    assert cost.crop_macs(prior, 64) == pytest.approx(counter.get_total_flops() / 2)


def test_a_training_costs_three_times_its_crops() -> None:
    options = ["network=wavelet_tiny", "recon=additive", "entropy=progressive"]
    options += ["trainer.max_steps=10", "data.batch_size=2", "data.crop_size=64"]
    options += ["trainer.accumulate_grad_batches=2", "trainer.devices=3"]
    with initialize_config_dir(str(ROOT / "conf"), version_base="1.3"):
        config = compose("train", options)
    each = cost.crop_macs(cost.build_prior(config), 64)
    assert cost.training_macs(config) == {"prior": pytest.approx(3 * each * 10 * 2 * 6)}


def test_what_restores_costs_its_pixels() -> None:
    options = ["network=wavelet_tiny", "recon=one_shot", "entropy=progressive"]
    options += ["restoration.max_steps=7", "restoration.batch_size=3", "restoration.crop_size=96"]
    with initialize_config_dir(str(ROOT / "conf"), version_base="1.3"):
        config = compose("train", options)
    network = Restoration(8, 8, 1)
    inputs = (
        torch.zeros(1, 3, 96, 96),
        torch.zeros(1, 12),
        torch.zeros(1, 1),
        torch.zeros(1, 1, 3, 3),
    )
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        network(*inputs)
    # The tolerance covers two small layers that run once for all pixels.
    each = counter.get_total_flops() / 2
    found = cost.training_macs(config)["restoration"]
    assert found == pytest.approx(3 * each * 3 * 7, rel=0.001)
