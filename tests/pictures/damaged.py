"""Damaged picture files: they are read or refused; nothing else may happen."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
from hypothesis import strategies as st

from rnn_codec.pictures.reading import UnreadableImageError, read_rgb


class Damage(NamedTuple):
    """Changed bytes, at positions modulo the file's length, and where the file is cut."""

    changes: list[tuple[int, int]]
    length: int


DAMAGE = st.builds(
    Damage,
    st.lists(st.tuples(st.integers(0, 700), st.integers(0, 255)), min_size=1, max_size=6),
    st.integers(0, 2000),
)


def assert_read_or_refused(content: bytes, damage: Damage, path: Path) -> None:
    """Write a damaged file to a path, and read it."""
    damaged = bytearray(content)
    for position, value in damage.changes:
        damaged[position % len(damaged)] = value
    path.write_bytes(damaged[: damage.length])
    try:
        pixels = read_rgb(path)
    except UnreadableImageError:
        return
    assert pixels.dtype == np.uint8
    assert pixels.shape[2:] == (3,)
