"""Tensors in safetensors files of bounded size.

    weights.safetensors               the first shard; its metadata say how many there are
    weights-2.safetensors …           the others, if there are any

The first is written last: where it is, all are. A tensor larger than a file is cut into rows:
`name[0:]`, `name[800:]`, … are its pieces from those rows on.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import load_file, save
from torch import Tensor

from rnn_codec.errors import UserError
from rnn_codec.files import atomic_path

FORMAT = "rnn-codec weights 1"
COUNT = "shards"
MEGABYTE = 10**6


def save_shards(path: Path, tensors: Mapping[str, Tensor], largest_megabytes: float) -> None:
    """Write tensors to `path` and, beyond a size, to files beside it.

    Args:
        path: of the first file.
        tensors: by name.
        largest_megabytes: tensors in one file, in 10⁶ bytes; a row of a tensor is not cut.
    """
    largest = largest_megabytes * MEGABYTE
    shards = list(divide(cut(tensors, largest), largest))
    for number, shard in reversed(list(enumerate(shards, start=1))):
        metadata = {"format": FORMAT, COUNT: str(len(shards))}
        with atomic_path(shard_path(path, number)) as partial:
            partial.write_bytes(save(shard, metadata=metadata))


def load_shards(path: Path) -> dict[str, Tensor]:
    """Read what `save_shards` wrote.

    Raises:
        UserError: one of the files is missing, or belongs to other weights.
        SafetensorError, OSError: one cannot be read.
    """
    with safe_open(path, framework="pt") as first:
        count = int((first.metadata() or {}).get(COUNT, 1))
    tensors: dict[str, Tensor] = {}
    for number in range(1, count + 1):
        shard = shard_path(path, number)
        if not shard.is_file():
            raise UserError(f"{shard} is missing: {path} is only the first of {count} files")
        tensors |= load_file(shard)
    return join(tensors)


def shard_path(path: Path, number: int) -> Path:
    """The file of a shard, counted from 1.

    Example:
        >>> shard_path(Path("weights.safetensors"), 2).name
        'weights-2.safetensors'
    """
    return path if number == 1 else path.with_name(f"{path.stem}-{number}{path.suffix}")


def cut(tensors: Mapping[str, Tensor], largest: float) -> dict[str, Tensor]:
    """Tensors as they are, those of more than `largest` bytes in pieces of some rows.

    Example:
        >>> sorted(cut({"a": torch.zeros(3, 2), "b": torch.zeros(2)}, largest=16))
        ['a[0:]', 'a[2:]', 'b']
    """
    pieces: dict[str, Tensor] = {}
    for name, tensor in tensors.items():
        if tensor.nbytes <= largest or tensor.dim() == 0:
            pieces[name] = tensor
            continue
        rows = max(1, int(largest * len(tensor) // tensor.nbytes))
        for first, piece in enumerate(tensor.split(rows)):
            pieces[f"{name}[{first * rows}:]"] = piece.contiguous()
    return pieces


def join(pieces: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Undo `cut`."""
    rows: dict[str, dict[int, Tensor]] = {}
    for piece, tensor in pieces.items():
        name, _, first = piece.removesuffix(":]").partition("[")
        rows.setdefault(name, {})[int(first or 0)] = tensor
    return {
        name: torch.cat([parts[first] for first in sorted(parts)]) if len(parts) > 1 else parts[0]
        for name, parts in rows.items()
    }


def divide(tensors: Mapping[str, Tensor], largest: float) -> Iterator[dict[str, Tensor]]:
    """Tensors in groups of at most `largest` bytes, in order."""
    group: dict[str, Tensor] = {}
    filled = 0
    for name, tensor in tensors.items():
        if group and filled + tensor.nbytes > largest:
            yield group
            group, filled = {}, 0
        group[name] = tensor
        filled += tensor.nbytes
    yield group
