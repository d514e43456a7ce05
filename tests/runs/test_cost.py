"""The cost of a training, on disk."""

from dataclasses import asdict
from pathlib import Path

import pytest

from rnn_codec.errors import UserError
from rnn_codec.files import write_json
from rnn_codec.runs.cost import TrainingCost, read_cost

COST = TrainingCost("0123456789abcdef", 12.5, 3, 96, {"cpu": "x", "cores": 2}, {"torch": "2"})


def test_is_read_back(tmp_path: Path) -> None:
    write_json(tmp_path / "training.json", asdict(COST))
    assert read_cost(tmp_path / "training.json") == COST


def test_an_older_run_has_none(tmp_path: Path) -> None:
    assert read_cost(tmp_path / "training.json") is None


@pytest.mark.parametrize("content", ["", "{", "[]", '{"seconds": 1}', "null"])
def test_a_damaged_one_is_named(content: str, tmp_path: Path) -> None:
    (tmp_path / "training.json").write_text(content)
    with pytest.raises(UserError, match=r"training\.json"):
        read_cost(tmp_path / "training.json")
