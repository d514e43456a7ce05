"""Weights in files of bounded size."""

from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from rnn_codec.errors import UserError
from rnn_codec.runs.shards import cut, divide, join, load_shards, save_shards
from tests.conftest import make_codec

TENSORS = {f"layer{n}": torch.full((n + 1, 100), float(n)) for n in range(6)}


def megabytes(count: int) -> float:
    """Of single-precision numbers."""
    return 4 * count / 1e6


@pytest.mark.parametrize(("largest", "files"), [(float("inf"), 1), (megabytes(1000), 3), (0, 21)])
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


def test_weights_of_the_papers_width_fit_their_files(tmp_path: Path) -> None:
    # One of its tensors alone has 19 MB.
    weights = {k: w.half() for k, w in make_codec("lstm", "one_shot", 1.0).state_dict().items()}
    save_shards(tmp_path / "weights.safetensors", weights, 15)
    sizes = [file.stat().st_size for file in tmp_path.iterdir()]
    assert max(sizes) < 15.01e6
    assert len(sizes) == 5
    read = load_shards(tmp_path / "weights.safetensors")
    assert read.keys() == weights.keys()
    assert all(torch.equal(read[name], tensor) for name, tensor in weights.items())


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
def test_pieces_are_no_larger_than_asked_and_join_again(lengths: list[int], largest: int) -> None:
    tensors = {str(i): torch.arange(2 * n).view(n, 2).byte() for i, n in enumerate(lengths)}
    pieces = cut(tensors, largest)
    assert all(piece.nbytes <= max(2, largest) for piece in pieces.values())
    joined = join(dict(reversed(pieces.items())))
    assert joined.keys() == tensors.keys()
    assert all(torch.equal(joined[name], tensor) for name, tensor in tensors.items())


@given(st.lists(st.integers(0, 50), min_size=1), st.integers(0, 100))
def test_nothing_is_lost_and_no_group_too_large(sizes: list[int], largest: int) -> None:
    tensors = {str(i): torch.zeros(size, dtype=torch.uint8) for i, size in enumerate(sizes)}
    groups = list(divide(tensors, largest))
    assert [name for group in groups for name in group] == list(tensors)
    for group in groups:
        assert len(group) == 1 or sum(tensor.nbytes for tensor in group.values()) <= largest
