"""Changes files at random (make damage): no change may go unnoticed, none may end in a crash.

Each change alters one to four bytes of a complete or truncated file of either family. A file that
decodes must have the bits of the original wherever a check value confirms them: in every whole
iteration of the binary family, and in the checked planes of the wavelet family.
"""

import sys
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from rnn_codec.errors import UserError
from rnn_codec.families.binary.entropy.coder import EntropyCoder
from rnn_codec.families.binary.entropy.none import NoneCoder
from rnn_codec.families.binary.entropy.progressive import Progressive
from rnn_codec.families.binary.entropy.single_iteration import SingleIteration
from rnn_codec.families.binary.model import BinaryModel
from rnn_codec.models.protocol import open_file
from rnn_codec.progress import progress
from rnn_codec.rates import BitsPerPixel, Levels, Rate
from tests.conftest import make_codec
from tests.families.wavelet.priors import tiny_model

RATES: tuple[Rate, ...] = (Levels(3), BitsPerPixel(0.5))
UNNOTICED = "UNNOTICED"

Case = tuple[bytes, Callable[[bytes], str]]
"""A file, and a function that returns the outcome of decoding a changed copy."""


def main(changes: int) -> None:
    """Change files, count the outcomes, and exit with 1 if a change went unnoticed."""
    rng = np.random.default_rng(0)
    cases = [*binary_cases(rng), *wavelet_cases()]
    counts: Counter[str] = Counter()
    for index in progress(range(changes), "damaging files"):
        data, outcome = cases[index % len(cases)]
        counts[outcome(damaged(data, rng))] += 1
    for found, count in sorted(counts.items()):
        print(f"{count:8,} {found}")
    sys.exit(counts[UNNOTICED] > 0)


def binary_cases(rng: np.random.Generator) -> Iterator[Case]:
    """A file of each entropy coder at each rate."""
    torch.manual_seed(0)
    codec = make_codec("gru", "one_shot", network="transform").eval()
    coders: list[EntropyCoder] = [
        NoneCoder(),
        *(kind(codec.iterations).quantise() for kind in (SingleIteration, Progressive)),
    ]
    share = np.linspace(-1, 1, 96).clip(min=0)[:, None]
    pixels = (128 + share * (rng.integers(0, 256, (80, 96, 3)) - 128)).astype(np.uint8)
    for coder in coders:
        model = BinaryModel(codec, coder, b"damage", Path(), {})
        for rate in RATES:
            data = model.encode(pixels, rate, "psnr").data
            yield data, binary_outcome(model, data)


def binary_outcome(model: BinaryModel, data: bytes) -> Callable[[bytes], str]:
    original = model._arrived(open_file(data))

    def outcome(changed: bytes) -> str:
        try:
            arrived = model._arrived(open_file(changed))
        except UserError:
            return "binary: refused"
        whole = arrived.iterations
        if not np.array_equal(arrived.bits[:whole], original.bits[:whole]):
            return UNNOTICED
        if arrived.stops is not None and original.stops is not None:
            known = np.minimum(arrived.stops, whole), np.minimum(original.stops, whole)
            if not np.array_equal(*known):
                return UNNOTICED
        return f"binary: nothing wrong in {'some' if whole else 'no'} whole iterations"

    return outcome


def wavelet_cases() -> Iterator[Case]:
    """Files of a small picture with and without gains, that end with a plane or within one."""
    y, x = np.mgrid[:24, :20]
    pixels = (np.stack([120 + 90 * np.sin(x / 3 + c) for c in range(3)], -1) + y[..., None]) % 256
    model = tiny_model()
    for tune, rate in chain([("psnr", Levels(7))], [("balanced", BitsPerPixel(b)) for b in (6, 9)]):
        file = model.encode(pixels.astype(np.uint8), rate, tune).contents.file
        yield file.data, wavelet_outcome(file.data)


def wavelet_outcome(data: bytes) -> Callable[[bytes], str]:
    model = tiny_model()
    original = model._arrived(open_file(data)).planes.magnitudes

    def outcome(changed: bytes) -> str:
        try:
            arrived = model._arrived(file := open_file(changed))
        except UserError:
            return "wavelet: refused"
        if arrived.checked is None:
            return UNNOTICED if changed != data else "wavelet: whole"
        settings = file.body.settings  # type: ignore[attr-defined]
        last = settings.planes - arrived.checked
        if arrived.checked and not same(arrived.planes.magnitudes, original, last):
            return UNNOTICED
        return f"wavelet: nothing wrong in {'some' if arrived.checked else 'no'} checked planes"

    return outcome


def same(ours: list[NDArray[np.uint16]], theirs: list[NDArray[np.uint16]], last: int) -> bool:
    """Whether magnitudes agree in all planes down to the plane `last`."""
    return all(np.array_equal(a >> last, b >> last) for a, b in zip(ours, theirs, strict=True))


def damaged(data: bytes, rng: np.random.Generator) -> bytes:
    """Change some bytes; cut a third of the files short as well."""
    changed = np.frombuffer(data, np.uint8).copy()
    places = rng.integers(len(data), size=rng.integers(1, 5))
    changed[places] ^= rng.integers(1, 256, len(places)).astype(np.uint8)
    length = rng.integers(1, len(data) + 1) if rng.random() < 1 / 3 else len(data)
    return changed[:length].tobytes()


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
