"""Objects from a resolved configuration, as Hydra would build them."""

from pathlib import Path

import pytest
import torch
from hydra import compose, initialize_config_dir
from omegaconf import DictConfig, OmegaConf

from rnn_codec.accelerated.plain_config import build, read_plain_config
from rnn_codec.configuration import build_codec, instantiate
from rnn_codec.errors import UserError
from tests.conftest import PAIRS, ROOT


def configure(*options: str) -> DictConfig:
    with initialize_config_dir(str(ROOT / "conf"), version_base="1.3"):
        return compose("train", list(options))


def plain(node: DictConfig) -> object:
    return OmegaConf.to_container(node, resolve=True)


@pytest.mark.parametrize(("cell", "recon"), PAIRS)
def test_codecs_are_those_that_hydra_builds(cell: str, recon: str) -> None:
    config = configure(f"cell={cell}", f"recon={recon}")
    torch.manual_seed(0)
    expected = build_codec(config)
    torch.manual_seed(0)
    codec = build(plain(config)["codec"])  # type: ignore[index]
    assert repr(codec) == repr(expected)
    for name, tensor in expected.state_dict().items():
        assert torch.equal(codec.state_dict()[name], tensor), name


@pytest.mark.parametrize("option", ["adam", "adamw"])
def test_optimizers_are_those_that_hydra_builds(option: str) -> None:
    node = configure(f"optimizer={option}").optimizer
    weights = [torch.nn.Parameter(torch.zeros(2))]
    expected, optimizer = instantiate(node)(weights), build(plain(node))(weights)
    assert type(optimizer) is type(expected)
    assert optimizer.defaults.keys() == expected.defaults.keys()
    assert {k: v for k, v in optimizer.defaults.items() if k != "betas"} == {
        k: v for k, v in expected.defaults.items() if k != "betas"
    }
    assert list(optimizer.defaults["betas"]) == list(expected.defaults["betas"])


@pytest.mark.parametrize("option", ["cosine", "constant", "step"])
def test_schedules_are_those_that_hydra_builds(option: str) -> None:
    node = configure(f"schedule={option}").schedule
    expected, schedule = instantiate(node), build(plain(node))
    assert [schedule(step) for step in range(0, 3000, 70)] == [
        expected(step) for step in range(0, 3000, 70)
    ]


@pytest.mark.parametrize(
    ("node", "message"),
    [
        ({"_target_": "os.system", "command": "true"}, r"os\.system"),
        ({"_target_": "rnn_codec.nothing.Here"}, "does not exist"),
        ({"_target_": "rnn_codec.training.schedules.nothing"}, "does not exist"),
        ({"_target_": "rnn_codec.training.schedules.constant", "wrong": 1}, "constant"),
        ([{"a": {"_target_": "builtins.print"}}], "print"),
    ],
)
def test_what_must_not_or_cannot_be_built_is_named(node: object, message: str) -> None:
    with pytest.raises(UserError, match=message):
        build(node)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "there is no configuration"),
        ("codec: [", "YAML"),
        ("seed: 0", "does not describe"),
        ("codec: {}\nlr: ${optimizer.lr}", "not resolved"),
    ],
)
def test_a_configuration_that_is_none(content: str | None, message: str, tmp_path: Path) -> None:
    path = tmp_path / "run.yaml"
    if content is not None:
        path.write_text(content)
    with pytest.raises(UserError, match=message):
        read_plain_config(path)
