"""Random changes of files: make damage. None may go unnoticed, none may end in a crash.

Every change is of one to four bytes, of a file whole or cut short, adaptive or not, of each entropy
coder. What decodes must have the bits, and the stops, of the original in every whole iteration.
"""

import sys
from collections import Counter
from pathlib import Path

import numpy as np
import torch

from rnn_codec.errors import UserError
from rnn_codec.families.binary.entropy.coder import Arrived, EntropyCoder
from rnn_codec.families.binary.entropy.none import NoneCoder
from rnn_codec.families.binary.entropy.progressive import Progressive
from rnn_codec.families.binary.entropy.single_iteration import SingleIteration
from rnn_codec.families.binary.model import BinaryModel
from rnn_codec.models.protocol import open_file
from rnn_codec.progress import progress
from rnn_codec.rates import BitsPerPixel, Levels, Rate
from tests.conftest import make_codec

RATES: tuple[Rate, ...] = (Levels(3), BitsPerPixel(0.5))


def main(changes: int) -> None:
    """Change files, count what comes of it, and end with 1 if a change went unnoticed."""
    rng = np.random.default_rng(0)
    files = list(make_files(rng))
    counts: Counter[str] = Counter()
    for index in progress(range(changes), "damaging files"):
        model, data, original = files[index % len(files)]
        counts[outcome(model, damaged(data, rng), original)] += 1
    for found, count in sorted(counts.items()):
        print(f"{count:8,} {found}")
    sys.exit(counts["UNNOTICED"] > 0)


def make_files(rng: np.random.Generator) -> list[tuple[BinaryModel, bytes, Arrived]]:
    """A file of each entropy coder at each rate, and what it holds."""
    torch.manual_seed(0)
    codec = make_codec("gru", "one_shot", network="transform").eval()
    coders: list[EntropyCoder] = [
        NoneCoder(),
        *(kind(codec.iterations).quantise() for kind in (SingleIteration, Progressive)),
    ]
    share = np.linspace(-1, 1, 96).clip(min=0)[:, None]
    pixels = (128 + share * (rng.integers(0, 256, (80, 96, 3)) - 128)).astype(np.uint8)
    files = []
    for coder in coders:
        model = BinaryModel(codec, coder, b"damage", Path(), {})
        for rate in RATES:
            data = model.encode(pixels, rate, "psnr").data
            files.append((model, data, model._arrived(open_file(data))))
    return files


def damaged(data: bytes, rng: np.random.Generator) -> bytes:
    """Some bytes changed; every third file is cut as well."""
    changed = np.frombuffer(data, np.uint8).copy()
    places = rng.integers(len(data), size=rng.integers(1, 5))
    changed[places] ^= rng.integers(1, 256, len(places)).astype(np.uint8)
    length = rng.integers(1, len(data) + 1) if rng.random() < 1 / 3 else len(data)
    return changed[:length].tobytes()


def outcome(model: BinaryModel, data: bytes, original: Arrived) -> str:
    """What the decoder makes of a file."""
    try:
        arrived = model._arrived(open_file(data))
    except UserError:
        return "refused"
    whole = arrived.iterations
    if not np.array_equal(arrived.bits[:whole], original.bits[:whole]):
        return "UNNOTICED"
    if arrived.stops is not None and original.stops is not None:
        known = np.minimum(arrived.stops, whole), np.minimum(original.stops, whole)
        if not np.array_equal(*known):
            return "UNNOTICED"
    return f"nothing wrong in {'some' if whole else 'no'} whole iterations"


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
