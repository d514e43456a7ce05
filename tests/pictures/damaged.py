"""Files of pictures that are damaged: they are read, or refused, in no other way."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from rnn_codec.pictures.reading import UnreadableImageError, read_rgb


def assert_read_or_refused(
    content: bytes, changes: Sequence[tuple[int, int]], length: int, path: Path
) -> None:
    """Change bytes of a file, cut it, and read it.

    Args:
        changes: places, counted round and round, and the bytes there.
        path: where it is written.
    """
    damaged = bytearray(content)
    for position, value in changes:
        damaged[position % len(damaged)] = value
    path.write_bytes(damaged[:length])
    try:
        pixels = read_rgb(path)
    except UnreadableImageError:
        return
    assert pixels.dtype == np.uint8
    assert pixels.shape[2:] == (3,)
