"""Version 2 of the `.rnc` file: one stream of code; docs/file-format.md is its specification.

    ┌──────┬────────────┬──────┬──────────────┬─────┬────────┐
    │ head │ iterations │ kind │ stream bytes │ CRC │ stream │
    └──────┴────────────┴──────┴──────────────┴─────┴────────┘
                 1         1        LEB128       2
                       kind = adaptive : 1, cut : 1, coder : 3

A stream that ends within an iteration, before its check value, is cut, and a CRC of it follows.
Nothing else does, so a file may be cut anywhere after the header.
"""

from dataclasses import dataclass
from zlib import crc32

from rnn_codec.families.binary.code import CODE_DEPTH, FORMAT_ITERATIONS, STRIDE, padded_size
from rnn_codec.rnc.fields import CRC_BYTES, BadFileError, pack_crc, pack_number, read, read_number
from rnn_codec.rnc.file import Body, File, Head

VERSION = 2
CODERS = 8
"""Identifiers that an entropy coder may have."""

# Padding is to 32 pixels at most. A bit costs up to 10 bits, and rounding a little; a position has
# up to 32 and a flag. Then the check values and the last bytes of the code.
_LARGEST_PATCH = 2 * STRIDE
_COSTLIEST_BIT = 11
_STREAM_SLACK = 64

MOST_BITS_PER_BYTE = 5678
"""No byte of a stream codes more: probabilities are kept between 2⁻¹⁰ and 1 − 2⁻¹⁰."""


@dataclass(frozen=True)
class Stream(Body):
    """What a file says of its stream; see `Body`. A level is an iteration, 1 … 32 of them."""

    levels: int
    coder: int
    """The entropy coder's identifier, 0 … 7."""
    stream_bytes: int
    """Length of the whole stream."""
    cut: bool
    """Whether the whole stream ends within its last iteration, and a CRC follows it."""
    adaptive: bool
    """Whether the stream has stops: positions may end before the last iteration."""
    start: int
    """Where the stream begins in the file."""
    least_bytes: int
    drafts = ((8, 1), (3, 2), (2, 4))
    """So many times smaller, a picture is after so many iterations at least as good as in full size
    after 16: errors of single pixels go when many become one. Measured in MS-SSIM and PSNR of both
    sizes, of photographs that `flagship` has coded."""

    def __str__(self) -> str:
        plural = "" if self.levels == 1 else "s"
        kind = ", some positions with fewer" if self.adaptive else ""
        return f"{self.levels} iteration{plural}{kind}"

    @property
    def end(self) -> int:
        """Where the whole stream ends in the file."""
        return self.start + self.stream_bytes

    @property
    def file_bytes(self) -> int:  # type: ignore[override]
        """Length of the whole file."""
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
        raise ValueError(f"no header holds {iterations} iterations of the coder {coder}")
    kind = adaptive << 4 | cut << 3 | coder
    packed = head.pack() + bytes([iterations, kind]) + pack_number(len(stream))
    packed += pack_crc(packed)
    least = _least_bytes(head, len(packed), adaptive)
    body = Stream(iterations, coder, len(stream), cut, adaptive, len(packed), least)
    return File(head, body, packed + stream + (pack_crc(stream) if cut else b""))


def file_bytes(head: Head, stream_bytes: int, cut: bool) -> int:
    """Length of a file with a stream so long, cut within an iteration or not."""
    fixed = len(head.pack()) + 2 + CRC_BYTES
    return fixed + len(pack_number(stream_bytes)) + stream_bytes + cut * CRC_BYTES


def seed(head: Head) -> int:
    """CRC-32 of the head, which enters the stream's check values.

    It leaves out how much of the picture the file holds, so that a stream cut at any place stays
    valid, and so that the stream's length cannot depend on itself.
    """
    return crc32(head.pack())


class StreamFormat:
    """Reads what follows the head."""

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
    """What a file says of its stream, and as much of it as there is.

    Raises:
        BadFileError: it is of another version.
    """
    if not isinstance(file.body, Stream):
        raise BadFileError(
            f"the file has version {file.head.version} of the format, its model {VERSION}"
        )
    return file.body, file.data[file.body.start : file.body.end]


def bits_of_first_row(width: int, adaptive: bool) -> int:
    """The fewest coded bits that a code's first row takes: flags, or all bits of its positions.

    `width` is that of the code, in positions; a stream with stops is `adaptive`.

    >>> bits_of_first_row(6, adaptive=False), bits_of_first_row(6, adaptive=True)
    (192, 6)
    """
    return width if adaptive else width * CODE_DEPTH


def _least_bytes(head: Head, start: int, adaptive: bool) -> int:
    row = bits_of_first_row(padded_size(head.width, STRIDE) // STRIDE, adaptive)
    return start + -(-row // MOST_BITS_PER_BYTE)


def most_stream_bytes(width: int, height: int, iterations: int) -> int:
    """Bytes that no stream exceeds.

    >>> most_stream_bytes(16, 16, 1)
    245
    """
    positions = (
        padded_size(width, _LARGEST_PATCH) * padded_size(height, _LARGEST_PATCH) // STRIDE**2
    )
    return iterations * positions * (CODE_DEPTH + 1) * _COSTLIEST_BIT // 8 + _STREAM_SLACK
