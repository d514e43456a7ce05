"""Only known parts are built from a configuration that comes from elsewhere."""

from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from rnn_codec.cells.gru import GRUCell
from rnn_codec.errors import UserError
from rnn_codec.families.binary.entropy.context_model import CONTEXT_MODELS
from rnn_codec.families.binary.weights import build_codec
from rnn_codec.runs.folder import RunFolder, read_config
from tests.committed_models import SEPARATE

FLAGSHIP = SEPARATE / "flagship"

OTHERS = (
    "os.system",
    "shutil.copyfile",
    "rnn_codec.families.binary.networks.torch.load",
    "rnn_codec.cells.GRUCell",
    "GRUCell",
    "rnn_codec.cells.gru",
    "_imported",
    "",
    None,
    3,
    ["gru"],
    {"name": "gru"},
)


def codec_node() -> dict[str, Any]:
    """The codec node of the model `flagship`, which has every kind of part."""
    config = read_config(RunFolder(FLAGSHIP))
    return deepcopy(config["codec"])


def holder(node: dict[str, Any], place: tuple[str, ...]) -> dict[str, Any]:
    for key in place[:-1]:
        node = node[key]
    return node


PLACES = [
    ("encoder",),
    ("decoder",),
    ("reconstruction",),
    ("encoder", "cell"),
    ("decoder", "free_part"),
]


def test_a_committed_model_is_built() -> None:
    codec = build_codec(codec_node())
    assert isinstance(codec.encoder.cells[0], GRUCell)


@pytest.mark.parametrize("target", OTHERS, ids=str)
@pytest.mark.parametrize("place", PLACES, ids=".".join)
def test_only_what_belongs_in_a_place_is_built(
    place: tuple[str, ...], target: object, tmp_path: Path
) -> None:
    node, victim = codec_node(), tmp_path / "victim"
    victim.write_text("whole")
    holder(node, place)[place[-1]] = {"name": target, "src": __file__, "dst": str(victim)}
    with pytest.raises(UserError):
        build_codec(node)
    assert victim.read_text() == "whole"


def test_no_part_may_stand_in_the_place_of_another() -> None:
    node = codec_node()
    parts = {place: holder(node, place)[place[-1]] for place in PLACES}
    for place in PLACES:
        for other, part in parts.items():
            if other == place:
                continue
            changed = deepcopy(node)
            holder(changed, place)[place[-1]] = part
            with pytest.raises(UserError):
                build_codec(changed)


@pytest.mark.parametrize("node", [None, 3, "codec", [], {}, {"name": None}, {"family": "x"}])
def test_what_describes_nothing(node: object) -> None:
    for build in (build_codec, CONTEXT_MODELS.build):
        with pytest.raises(UserError):
            build(node)


@pytest.mark.parametrize("option", ["depth", "groups", "cell"])
def test_options_that_are_wrong(option: str) -> None:
    for value in ("many", None, -1):
        node = codec_node()
        node["encoder"][option] = value
        with pytest.raises(UserError):
            build_codec(node)
    node = codec_node()
    node["encoder"]["unknown"] = 1
    with pytest.raises(UserError, match="unknown"):
        build_codec(node)


def test_what_stands_beside_the_parts_is_refused() -> None:
    node = codec_node()
    node["hook"] = "os.system"
    with pytest.raises(UserError, match="no part hook"):
        build_codec(node)
