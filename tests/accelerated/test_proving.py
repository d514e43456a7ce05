"""Checks on a device: they pass where all is well, and a way that fails is named, never fatal."""

from typing import Any

import pytest
import torch
import yaml
from rnn_codec.accelerated import proving
from rnn_codec.accelerated.pack import Pixels

from rnn_codec.data.package_photographs import TRAINING, locate
from rnn_codec.data.reading import read_rgb
from tests.accelerated.test_main import configuration

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def config() -> dict[str, Any]:
    return yaml.safe_load(configuration("network=transform", "optimizer.lr=0.002"))


@pytest.fixture(scope="module")
def pictures() -> list[Pixels]:
    return [read_rgb(locate(*photograph))[:170, :170] for photograph in TRAINING[:2]]


def test_all_is_well_on_a_processor(config: dict[str, Any], pictures: list[Pixels]) -> None:
    told: list[str] = []
    assert proving.prove(config, pictures, CPU, told.append) == set()
    assert [line.split(":")[0] for line in told] == ["check codes", "check bf16"]


def test_a_recorded_step_is_compared_with_an_eager_one(
    config: dict[str, Any], pictures: list[Pixels], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(proving, "ReplayedStep", lambda step: step)
    assert "recorded" in proving.recorded_is_eager(config, pictures, CPU)

    class Idle:
        def __init__(self, step: object) -> None: ...

        def run(self, *_: object) -> None: ...

    monkeypatch.setattr(proving, "ReplayedStep", Idle)
    with pytest.raises(proving.CheckError, match=r"recorded 0\.0000"):
        proving.recorded_is_eager(config, pictures, CPU)


def test_a_device_that_decodes_otherwise_is_found(
    config: dict[str, Any], pictures: list[Pixels], monkeypatch: pytest.MonkeyPatch
) -> None:
    def disturbed(codec: torch.nn.Module) -> torch.nn.Module:
        other = proving.build_codec(config, pictures).eval()
        with torch.no_grad():
            other.decoder.mean += 0.1
        return other

    monkeypatch.setattr(proving, "deepcopy", disturbed)
    told: list[str] = []
    assert proving.prove(config, pictures, CPU, told.append) == {"codes"}
    assert "check codes: FAILED: CheckError" in told[0]


def test_a_loss_that_does_not_fall_is_found(config: dict[str, Any], pictures: list[Pixels]) -> None:
    still = config | {"optimizer": config["optimizer"] | {"lr": 0.0}}
    assert proving.prove(still, pictures, CPU, lambda _: None) == {"bf16"}
