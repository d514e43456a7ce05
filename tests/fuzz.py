"""Coverage-guided fuzzing of files (make fuzz): any bytes are decoded or refused with a reason."""

import sys

import atheris
import torch

from rnn_codec.errors import UserError
from rnn_codec.families.binary.code import FORMAT_ITERATIONS
from rnn_codec.families.binary.entropy.coder import CHECK_BITS, EntropyCoder, StreamShape
from rnn_codec.families.binary.entropy.none import NoneCoder
from rnn_codec.families.binary.entropy.progressive import Progressive
from rnn_codec.families.binary.entropy.single_iteration import SingleIteration

# Only the parser is instrumented: Numba cannot compile instrumented kernels.
with atheris.instrument_imports(include=["rnn_codec.rnc", "rnn_codec.families.binary.format"]):
    from rnn_codec.families.binary.format import most_stream_bytes, seed, stream_of, write
    from rnn_codec.models.protocol import open_file
    from rnn_codec.rnc.file import File, Head

torch.manual_seed(0)
CODERS: list[EntropyCoder] = [
    NoneCoder(),
    SingleIteration(FORMAT_ITERATIONS).quantise(),
    Progressive(FORMAT_ITERATIONS).quantise(),
]
LARGEST = 64
"""Longest side of the fuzzed pictures, in pixels: fuzzing needs many small files."""


def fuzz_file(data: bytes) -> None:
    """Decode any bytes as a file."""
    try:
        file = open_file(data)
    except UserError:
        return
    if max(file.head.width, file.head.height) <= LARGEST:
        decode(file)


def fuzz_stream(data: bytes) -> None:
    """Decode any bytes as a stream after a valid header, whose fields the first bytes choose."""
    width, height = 1 + data[0] % LARGEST, 1 + data[1] % LARGEST
    iterations, coder = 1 + data[2] % FORMAT_ITERATIONS, data[3] // 2 % len(CODERS)
    stream = data[4 : 4 + most_stream_bytes(width, height, iterations)]
    head, adaptive = Head(2, bytes(6), width, height), bool(data[3] % 2)
    file = write(head, stream, iterations, coder, cut=True, adaptive=adaptive)
    assert open_file(file.data) == file
    decode(file)


def decode(file: File) -> None:
    """Decode a file, and check that the result is consistent."""
    height, width = -(-file.head.height // 16), -(-file.head.width // 16)
    body, stream = stream_of(file)
    if body.coder >= len(CODERS):
        return
    coder, start = CODERS[body.coder], seed(file.head)
    try:
        shape = StreamShape(body.levels, height, width, body.adaptive)
        arrived = coder.decode(stream, shape, start)
    except UserError:
        return
    assert 0 <= arrived.rows <= height
    assert len(arrived.bits) == arrived.iterations + (arrived.rows > 0) <= body.levels
    # Whole iterations agree with their check values, so coding them gives the same prefix.
    if arrived.iterations:
        again = coder.encode(arrived.bits[: arrived.iterations], start, arrived.stops)
        same = min(len(again.data), len(stream)) - CHECK_BITS // 8 - 4
        assert again.data[: max(same, 0)] == stream[: max(same, 0)]


def one_input(data: bytes) -> None:
    """Try one input of the fuzzer."""
    fuzz_file(data)
    if len(data) > 4:
        fuzz_stream(data)


if __name__ == "__main__":
    atheris.Setup(sys.argv, one_input)
    atheris.Fuzz()
