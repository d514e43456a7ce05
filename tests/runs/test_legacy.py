"""Current names for the import paths in configurations of version 0.2."""

import json
from pathlib import Path

import pytest
import yaml

from rnn_codec.families.binary.identity import codec_digest
from rnn_codec.families.binary.weights import PARTS
from rnn_codec.runs.folder import RunFolder, read_config
from rnn_codec.runs.legacy import PATHS, with_names, with_paths
from tests.committed_models import SEPARATE

MODELS = sorted(path.parent for path in SEPARATE.glob("*/config.yaml"))


@pytest.mark.parametrize("folder", MODELS, ids=lambda folder: folder.name)
def test_there_and_back(folder: Path) -> None:
    described = read_config(RunFolder(folder))["codec"]
    of_old = with_paths("codec", described)
    assert "_target_" not in json.dumps(described)
    assert of_old["_target_"] == "rnn_codec.codec.RecurrentCodec"
    assert of_old["encoder"]["cell"]["_partial_"] is True
    assert with_names(of_old) == described


def test_every_name_of_old_still_stands_for_something() -> None:
    registries = {**PARTS, **PARTS["decoder"].parts}
    for place, registry in registries.items():
        assert set(PATHS[place]) <= set(registry.names())


def test_parts_that_are_newer_keep_their_names() -> None:
    node = {"name": "attention", "cell": {"name": "gru"}}
    assert with_paths("encoder", node)["name"] == "attention"
    assert codec_digest({"family": "binary", "encoder": node}, {}) != codec_digest(
        {"family": "binary", "encoder": {**node, "name": "paper"}}, {}
    )


def test_other_paths_are_left_alone() -> None:
    config = yaml.safe_load("optimizer: {_target_: torch.optim.AdamW, _partial_: true}")
    assert with_names(config) == config
