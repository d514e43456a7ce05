"""The costs of trainings, against closed forms."""

import pytest
from hydra import compose, initialize_config_dir
from omegaconf import DictConfig

from rnn_codec.families.binary.complexity import macs_per_pixel
from rnn_codec.families.binary.entropy.progressive import Progressive
from rnn_codec.families.binary.entropy.single_iteration import SingleIteration
from rnn_codec.families.binary.training.building import build_codec
from rnn_codec.families.binary.training.cost import (
    codec_macs,
    coder_macs,
    context_model_macs,
    training_macs,
)
from tests.conftest import ROOT


def configure(*options: str) -> DictConfig:
    with initialize_config_dir(str(ROOT / "conf"), version_base="1.3"):
        return compose("train", list(options))


def test_a_training_multiplies_three_times_what_its_forward_passes_do() -> None:
    config = configure("trainer.max_steps=10", "data.batch_size=4", "data.crop_size=64")
    each = macs_per_pixel(build_codec(config))
    assert codec_macs(config) == pytest.approx(3 * each * 64 * 64 * 4 * 10 * 8)
    several = configure(
        *("trainer.max_steps=10", "data.batch_size=2", "data.crop_size=64"),
        *("trainer.accumulate_grad_batches=2", "trainer.devices=3", "trainer.num_nodes=2"),
        *("min_iterations=1", "max_iterations=16"),
    )
    assert codec_macs(several) == pytest.approx(3 * each * 64 * 64 * 24 * 10 * 8.5)


def test_a_late_part_costs_what_it_unrolls() -> None:
    alike = configure("trainer.max_steps=10", "data.batch_size=4", "data.crop_size=64")
    late = configure(
        *("trainer.max_steps=10", "data.batch_size=2", "data.crop_size=32", "late=larger_crops"),
        *("late.begins=0.8", "late.crop_size=64", "late.batch_size=4"),
    )
    # Eight steps with an eighth of the pixels, and two with all of them.
    assert codec_macs(late) == pytest.approx((0.8 / 8 + 0.2) * codec_macs(alike))


def test_a_context_model_costs_what_its_weights_do() -> None:
    model = Progressive(5)
    linear = 32 * 32 + 8 * 32 * 32
    # Two windows of 2×3 places count, although three of these places have no weights.
    network = 32 * 64 + 12 * 64 * 64 + 24 * 64 + 64 * 32
    assert context_model_macs(model, 3) == 5 * 3 * 3 * (linear + network)


def test_a_coder_costs_its_steps() -> None:
    options = ["entropy=single_iteration", "coder.batch_size=2", "coder.crop_size=5"]
    ten, twenty = (coder_macs(configure(*options, f"coder.max_steps={n}")) for n in (10, 20))
    # A quarter of the steps have all 16 iterations, the others 8.5 on average.
    iterations = 16 / 4 + 8.5 * 3 / 4
    each = context_model_macs(SingleIteration(16), 5) / 16
    assert ten == pytest.approx(3 * 2 * 10 * each * iterations)
    assert twenty == 2 * ten


def test_trainings_have_names_and_counting_changes_no_configuration() -> None:
    config = configure("entropy=progressive")
    before = config.copy()
    assert training_macs(config).keys() == {"codec", "progressive"}
    assert config == before
    assert training_macs(configure("entropy=none")).keys() == {"codec"}
