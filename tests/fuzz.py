"""Coverage-guided fuzzing of files: make fuzz. Whatever the bytes, decode them or say why not."""

import sys

import atheris
import torch

from rnn_codec.code import MOST_ITERATIONS
from rnn_codec.entropy.coder import CHECK_BITS, EntropyCoder, StreamShape
from rnn_codec.entropy.none import NoneCoder
from rnn_codec.entropy.progressive import Progressive
from rnn_codec.entropy.single_iteration import SingleIteration
from rnn_codec.errors import UserError

# Only the parser is instrumented: Numba cannot compile kernels that are.
with atheris.instrument_imports(include=["rnn_codec.compression.container"]):
    from rnn_codec.compression.container import Header, most_stream_bytes, pack_crc, parse

torch.manual_seed(0)
CODERS: list[EntropyCoder] = [
    NoneCoder(),
    SingleIteration(MOST_ITERATIONS).quantise(),
    Progressive(MOST_ITERATIONS).quantise(),
]
LARGEST = 64
"""Sides of the fuzzed pictures, pixels: fuzzing wants many small files."""


def fuzz_file(data: bytes) -> None:
    """Any bytes as a file."""
    try:
        header, stream = parse(data)
    except UserError:
        return
    if max(header.width, header.height) <= LARGEST and header.coder < len(CODERS):
        decode(header, stream)


def fuzz_stream(data: bytes) -> None:
    """Any bytes as a stream behind a header in order, whose fields the first bytes choose."""
    width, height = 1 + data[0] % LARGEST, 1 + data[1] % LARGEST
    iterations, coder = 1 + data[2] % MOST_ITERATIONS, data[3] // 2 % len(CODERS)
    stream = data[4 : 4 + most_stream_bytes(width, height, iterations)]
    adaptive = bool(data[3] % 2)
    header = Header(width, height, iterations, coder, bytes(6), len(stream), True, adaptive)
    file = header.pack() + stream + pack_crc(stream)
    assert len(file) == header.file_bytes
    assert parse(file) == (header, stream)
    decode(header, stream)


def decode(header: Header, stream: bytes) -> None:
    """Decode, and check that what arrived is consistent."""
    height, width = -(-header.height // 16), -(-header.width // 16)
    coder = CODERS[header.coder]
    try:
        shape = StreamShape(header.iterations, height, width, header.adaptive)
        arrived = coder.decode(stream, shape, header.seed)
    except UserError:
        return
    assert 0 <= arrived.rows <= height
    assert len(arrived.bits) == arrived.iterations + (arrived.rows > 0) <= header.iterations
    # Whole iterations agree with their check values, so coding them gives the same beginning.
    if arrived.iterations:
        again = coder.encode(arrived.bits[: arrived.iterations], header.seed, arrived.stops)
        same = min(len(again.data), len(stream)) - CHECK_BITS // 8 - 4
        assert again.data[: max(same, 0)] == stream[: max(same, 0)]


def one_input(data: bytes) -> None:
    """What the fuzzer calls."""
    fuzz_file(data)
    if len(data) > 4:
        fuzz_stream(data)


if __name__ == "__main__":
    atheris.Setup(sys.argv, one_input)
    atheris.Fuzz()
