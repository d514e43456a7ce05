"""Weights in files of bounded size."""

from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from rnn_codec.errors import UserError
from rnn_codec.shards import divide, load_shards, save_shards

TENSORS = {f"layer{n}": torch.full((n + 1, 100), float(n)) for n in range(6)}


def megabytes(count: int) -> float:
    """Of single-precision numbers."""
    return 4 * count / 1e6


@pytest.mark.parametrize(("largest", "files"), [(float("inf"), 1), (megabytes(1000), 3), (0, 6)])
def test_are_read_back(largest: float, files: int, tmp_path: Path) -> None:
    path = tmp_path / "weights.safetensors"
    save_shards(path, TENSORS, largest)
    assert len(list(tmp_path.iterdir())) == files
    read = load_shards(path)
    assert read.keys() == TENSORS.keys()
    assert all(torch.equal(read[name], tensor) for name, tensor in TENSORS.items())


def test_files_are_as_small_as_asked_but_for_their_headers(tmp_path: Path) -> None:
    save_shards(tmp_path / "weights.safetensors", TENSORS, megabytes(1000))
    assert all(file.stat().st_size < 4000 + 1000 for file in tmp_path.iterdir())


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "weights.safetensors"
    save_shards(path, TENSORS, megabytes(1000))
    (tmp_path / "weights-2.safetensors").unlink()
    with pytest.raises(UserError, match=r"weights-2\.safetensors is missing"):
        load_shards(path)


def test_where_the_first_is_all_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written = []
    replace = Path.replace

    def record(self: Path, target: Path) -> Path:
        written.append(Path(target).name)
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", record)
    save_shards(tmp_path / "weights.safetensors", TENSORS, megabytes(1000))
    assert written[-1] == "weights.safetensors"
    assert len(written) == 3


@given(st.lists(st.integers(0, 50), min_size=1), st.integers(0, 100))
def test_nothing_is_lost_and_no_group_too_large(sizes: list[int], largest: int) -> None:
    tensors = {str(i): torch.zeros(size, dtype=torch.uint8) for i, size in enumerate(sizes)}
    groups = list(divide(tensors, largest))
    assert [name for group in groups for name in group] == list(tensors)
    for group in groups:
        assert len(group) == 1 or sum(tensor.nbytes for tensor in group.values()) <= largest
