"""Version 2 of the `.rnc` file: a header and one stream, specified in docs/file-format.md.

    ┌──────┬────────────┬──────┬──────────────┬─────┬────────┐
    │ head │ iterations │ kind │ stream bytes │ CRC │ stream │
    └──────┴────────────┴──────┴──────────────┴─────┴────────┘
                 1         1        LEB128       2
                       kind = adaptive : 1, cut : 1, coder : 3

A stream that ends within an iteration, before the iteration's check value, is *cut*: the stream's
CRC follows it. Nothing else follows a stream, so a file may be cut anywhere after the header.
"""

from dataclasses import dataclass
from zlib import crc32

from rnn_codec.families.binary.code import CODE_DEPTH, FORMAT_ITERATIONS, STRIDE, padded_size
from rnn_codec.rnc.fields import CRC_BYTES, BadFileError, pack_crc, pack_number, read, read_number
from rnn_codec.rnc.file import Body, File, Head

VERSION = 2
CODERS = 8
"""The number of identifiers that entropy coders may have, 0 … 7."""

# For `most_stream_bytes`. Pictures are padded to multiples of at most 32 pixels. A position has up
# to 32 bits and a flag in each iteration, each of which takes up to 10 bits, and slightly more by
# rounding. The slack covers the check values and the coder's last bytes.
_LARGEST_PATCH = 2 * STRIDE
_COSTLIEST_BIT = 11
_STREAM_SLACK = 64

MOST_BITS_PER_BYTE = 5678
"""The most bits that a byte of a stream can code.

The limit follows from the probabilities, which are kept between 2⁻¹⁰ and 1 − 2⁻¹⁰.
"""


@dataclass(frozen=True)
class Stream(Body):
    """The header's description of the stream; see `Body`. Levels are iterations, 1 … 32."""

    levels: int
    coder: int
    """The entropy coder's identifier, 0 … 7."""
    stream_bytes: int
    """Length of the complete stream."""
    cut: bool
    """Whether the complete stream ends within its last iteration and is followed by a CRC."""
    adaptive: bool
    """Whether the stream has stops: positions may end before the last iteration."""
    start: int
    """Offset of the stream in the file."""
    least_bytes: int
    drafts = ((8, 1), (3, 2), (2, 4))
    """Pairs (times, iterations) for pictures that are shown smaller than they were coded.

    A picture shrunk that many times needs only that many iterations to be at least as good as in
    full size after 16: averaging pixels removes their individual errors. Measured as MS-SSIM and
    PSNR at both sizes, on photographs coded by `flagship`.
    """

    def __str__(self) -> str:
        plural = "" if self.levels == 1 else "s"
        kind = ", some positions with fewer" if self.adaptive else ""
        return f"{self.levels} iteration{plural}{kind}"

    @property
    def end(self) -> int:
        """Offset in the file of the end of the complete stream."""
        return self.start + self.stream_bytes

    @property
    def file_bytes(self) -> int:  # type: ignore[override]
        """Length of the complete file."""
        return self.end + self.cut * CRC_BYTES


def write(
    head: Head, stream: bytes, iterations: int, coder: int, cut: bool, adaptive: bool
) -> File:
    """The file of a stream; see `Stream` for the arguments.

    Example:
        >>> file = write(Head(2, b"\\1\\2\\3\\4\\5\\6", 768, 512), b"", 16, 2, False, False)
        >>> file.data.hex(" ")
        '52 4e 43 02 01 02 03 04 05 06 80 06 80 04 10 02 00 68 ac'
    """
    if not (1 <= iterations <= FORMAT_ITERATIONS and 0 <= coder < CODERS):
        raise ValueError(
            f"a header cannot hold iterations={iterations} and coder={coder}: iterations must be "
            f"1 … {FORMAT_ITERATIONS}, coder 0 … {CODERS - 1}"
        )
    kind = adaptive << 4 | cut << 3 | coder
    packed = head.pack() + bytes([iterations, kind]) + pack_number(len(stream))
    packed += pack_crc(packed)
    least = _least_bytes(head, len(packed), adaptive)
    body = Stream(iterations, coder, len(stream), cut, adaptive, len(packed), least)
    return File(head, body, packed + stream + (pack_crc(stream) if cut else b""))


def file_bytes(head: Head, stream_bytes: int, cut: bool) -> int:
    """Length of a file whose stream has `stream_bytes`, cut within an iteration or not."""
    fixed = len(head.pack()) + 2 + CRC_BYTES
    return fixed + len(pack_number(stream_bytes)) + stream_bytes + cut * CRC_BYTES


def seed(head: Head) -> int:
    """The CRC-32 of the head, from which the stream's check values start.

    It covers only the head, not how much of the picture the file holds. So a stream stays valid
    wherever it is cut, and its length does not depend on itself.
    """
    return crc32(head.pack())


class StreamFormat:
    """Reads the rest of the header, after the head."""

    version = VERSION

    def read(self, data: bytes, head: Head, start: int) -> Stream:
        (iterations, kind), position = read(data, start, 2)
        stream_bytes, position = read_number(data, position)
        crc, end = read(data, position, CRC_BYTES)
        if crc != pack_crc(data[:position]):
            raise BadFileError("the file's header is damaged: its check value does not agree")
        if not 1 <= iterations <= FORMAT_ITERATIONS or kind >= 4 * CODERS:
            raise BadFileError(
                f"the file's header is invalid: {iterations} iterations (at most "
                f"{FORMAT_ITERATIONS}), flags {kind:#04x}"
            )
        if stream_bytes > most_stream_bytes(head.width, head.height, iterations):
            raise BadFileError(
                f"the file claims {stream_bytes} bytes for {head.width}×{head.height} pixels in "
                f"{iterations} iterations, more than they can need"
            )
        cut, adaptive = bool(kind & CODERS), bool(kind & 2 * CODERS)
        least = _least_bytes(head, end, adaptive)
        return Stream(iterations, kind % CODERS, stream_bytes, cut, adaptive, end, least)

    def check(self, data: bytes, body: Body) -> None:
        assert isinstance(body, Stream)
        if body.cut and data[body.end :] != pack_crc(data[body.start : body.end]):
            raise BadFileError("the file is damaged: the check value at its end does not agree")


def stream_of(file: File) -> tuple[Stream, bytes]:
    """The header's description of the stream, and as much of the stream as the file holds.

    Raises:
        BadFileError: the file has another version of the format.
    """
    if not isinstance(file.body, Stream):
        raise BadFileError(
            f"the file has version {file.head.version} of the format, but its model reads version "
            f"{VERSION}"
        )
    return file.body, file.data[file.body.start : file.body.end]


def bits_of_first_row(width: int, adaptive: bool) -> int:
    """The fewest coded bits in the first row of a code: its flags, or all bits of its positions.

    `width` is the width of the code in positions; `adaptive` means that the stream has stops.

    >>> bits_of_first_row(6, adaptive=False), bits_of_first_row(6, adaptive=True)
    (192, 6)
    """
    return width if adaptive else width * CODE_DEPTH


def _least_bytes(head: Head, start: int, adaptive: bool) -> int:
    row = bits_of_first_row(padded_size(head.width, STRIDE) // STRIDE, adaptive)
    return start + -(-row // MOST_BITS_PER_BYTE)


def most_stream_bytes(width: int, height: int, iterations: int) -> int:
    """An upper bound on the bytes of a stream.

    >>> most_stream_bytes(16, 16, 1)
    245
    """
    positions = (
        padded_size(width, _LARGEST_PATCH) * padded_size(height, _LARGEST_PATCH) // STRIDE**2
    )
    return iterations * positions * (CODE_DEPTH + 1) * _COSTLIEST_BIT // 8 + _STREAM_SLACK
