"""The `.rnc` file: a header and one stream of code; docs/file-format.md is its specification.

    ┌─────┬─────────┬───────┬───────┬────────┬────────────┬──────┬──────────────┬─────┬────────┐
    │ RNC │ version │ model │ width │ height │ iterations │ kind │ stream bytes │ CRC │ stream │
    └─────┴─────────┴───────┴───────┴────────┴────────────┴──────┴──────────────┴─────┴────────┘
       3       1        6    LEB128   LEB128       1         1        LEB128       2
    └──────────── identity ───────────────┘            kind = adaptive : 1, cut : 1, coder : 3

A stream that ends within an iteration, before its check value, is cut, and a CRC of it follows.
Nothing else does, so a file may be cut anywhere after the header.
"""

from binascii import crc_hqx
from dataclasses import dataclass
from pathlib import Path
from zlib import crc32

from rnn_codec.code import CODE_DEPTH, MOST_ITERATIONS, STRIDE, padded_size
from rnn_codec.errors import UserError

MAGIC = b"RNC"
VERSION = 2
MODEL_BYTES = 6
CODERS = 8
"""Identifiers that an entropy coder may have."""
CRC_BYTES = 2
LONGEST_NUMBER = 5
"""Bytes of the longest LEB128 number: 35 bits."""

LONGEST_HEADER = len(MAGIC) + 1 + MODEL_BYTES + 2 + 3 * LONGEST_NUMBER + CRC_BYTES

MAX_PIXELS = 2**28
"""Pictures with more are refused unless asked for: 800 MB of pixels."""

# Padding is to 32 pixels at most. A bit costs up to 10 bits, and rounding a little; a position has
# up to 32 and a flag. Then the check values and the last bytes of the code.
_LARGEST_PATCH = 2 * STRIDE
_COSTLIEST_BIT = 11
_STREAM_SLACK = 64


class BadFileError(UserError):
    """A file that is none of ours, or damaged."""


def crc16(data: bytes, value: int = 0xFFFF) -> int:
    """CRC-16/IBM-3740, also known as CCITT-FALSE; `value` continues an earlier one.

    >>> hex(crc16(b"123456789"))
    '0x29b1'
    """
    return crc_hqx(data, value)


@dataclass(frozen=True)
class Header:
    """What a file says of its stream.

    Attributes:
        width: of the picture, pixels.
        height: of the picture, pixels.
        iterations: 1 … 32, those that the whole stream holds, the last perhaps in part.
        coder: the entropy coder's identifier, 0 … 7.
        model: the model's identifier, 6 bytes.
        stream_bytes: length of the whole stream.
        cut: whether the whole stream ends within its last iteration, and a CRC follows it.
        adaptive: whether the stream has stops: positions may end before the last iteration.

    Example:
        >>> header = Header(768, 512, 16, coder=2, model=b"\\1\\2\\3\\4\\5\\6", stream_bytes=40000)
        >>> header.pack().hex(" ")
        '52 4e 43 02 01 02 03 04 05 06 80 06 80 04 10 02 c0 b8 02 67 f4'
        >>> parse(header.pack() + b"cut short") == (header, b"cut short")
        True
    """

    width: int
    height: int
    iterations: int
    coder: int
    model: bytes
    stream_bytes: int
    cut: bool = False
    adaptive: bool = False

    @property
    def file_bytes(self) -> int:
        """Length of the whole file."""
        return len(self.pack()) + self.stream_bytes + self.cut * CRC_BYTES

    @property
    def pixels(self) -> int:
        """Width times height."""
        return self.width * self.height

    @property
    def seed(self) -> int:
        """CRC-32 of the identity, which enters the stream's check values.

        It leaves out how much of the picture the file holds, so that a stream cut at any place
        stays valid, and so that the stream's length cannot depend on itself.
        """
        return crc32(self._identity())

    def pack(self) -> bytes:
        """The header as bytes."""
        if len(self.model) != MODEL_BYTES:
            raise ValueError(f"a model's identifier has {MODEL_BYTES} bytes: {self.model!r}")
        if not (1 <= self.iterations <= MOST_ITERATIONS and 0 <= self.coder < CODERS):
            raise ValueError(f"no header holds {self}")
        kind = self.adaptive << 4 | self.cut << 3 | self.coder
        packed = self._identity() + bytes([self.iterations, kind]) + pack_number(self.stream_bytes)
        return packed + pack_crc(packed)

    def _identity(self) -> bytes:
        sides = pack_number(self.width) + pack_number(self.height)
        return MAGIC + bytes([VERSION]) + self.model + sides


def pack_crc(data: bytes) -> bytes:
    """The CRC-16 of some bytes, as it follows them."""
    return crc16(data).to_bytes(CRC_BYTES, "big")


def pack_number(number: int) -> bytes:
    """An integer 0 … 2³⁵ − 1 as unsigned LEB128: seven bits a byte, the lowest first.

    >>> pack_number(5).hex(), pack_number(300).hex()
    ('05', 'ac02')
    """
    if not 0 <= number < 1 << 7 * LONGEST_NUMBER:
        raise ValueError(f"{number} is not in 0 … 2^{7 * LONGEST_NUMBER} - 1")
    packed = bytearray()
    while number > 0x7F:
        packed.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*packed, number])


def parse(data: bytes, max_pixels: int = MAX_PIXELS) -> tuple[Header, bytes]:
    """Split a file into its header and as much of its stream as there is.

    Nothing is allocated by what the header claims.

    Args:
        data: the file, whole or cut.
        max_pixels: larger pictures are refused.

    Raises:
        BadFileError: the file is empty, foreign, damaged, too new, or cut within the header.
    """
    _check_kind(data)
    header, length = _read_header(data)
    _check_plausible(header, max_pixels)
    end = length + header.stream_bytes
    stream, rest = data[length:end], data[end:]
    if len(rest) > header.cut * CRC_BYTES:
        raise BadFileError("the file is damaged: more bytes follow the end of its stream")
    if len(rest) == CRC_BYTES and rest != pack_crc(stream):
        raise BadFileError("the file is damaged: the check value at its end does not agree")
    return header, stream


def read_file(path: Path, max_pixels: int = MAX_PIXELS) -> bytes:
    """Read a file, no further than its header says it goes.

    Raises:
        BadFileError: as `parse`.
        UserError: the file cannot be opened.
    """
    try:
        with path.open("rb") as file:
            start = file.read(LONGEST_HEADER)
            header, _ = parse(start, max_pixels)
            # One byte too many is enough for `parse` to notice it.
            return start + file.read(header.file_bytes + 1)
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror}") from error


def _check_kind(data: bytes) -> None:
    if not data:
        raise BadFileError("the file is empty")
    if data[: len(MAGIC)] != MAGIC[: len(data)]:
        raise BadFileError("the file is no .rnc file")
    version = data[len(MAGIC) : len(MAGIC) + 1]
    if version > bytes([VERSION]):
        raise BadFileError(
            f"the file has version {version[0]} of the format and this program reads version "
            f"{VERSION}: install a newer rnn-codec"
        )
    if version == b"\1":
        raise BadFileError(
            f"the file has version 1 of the format and this program reads version {VERSION}: "
            "decompress it with the rnn-codec that made it, 0.1, and compress the picture again"
        )
    if version == b"\0":
        raise BadFileError("the file's header is damaged: there is no version 0 of the format")


def _read_header(data: bytes) -> tuple[Header, int]:
    """The header and its length."""
    model_start = len(MAGIC) + 1
    position = model_start + MODEL_BYTES
    width, position = _read_number(data, position)
    height, position = _read_number(data, position)
    (iterations, kind), position = _read(data, position, 2)
    stream_bytes, position = _read_number(data, position)
    crc, end = _read(data, position, CRC_BYTES)
    if crc != pack_crc(data[:position]):
        raise BadFileError("the file's header is damaged: its check value does not agree")
    model = data[model_start : model_start + MODEL_BYTES]
    if not 1 <= iterations <= MOST_ITERATIONS or kind >= 4 * CODERS:
        raise BadFileError(f"the file's header claims {iterations} iterations of kind {kind}")
    cut, adaptive = bool(kind & CODERS), bool(kind & 2 * CODERS)
    header = Header(width, height, iterations, kind % CODERS, model, stream_bytes, cut, adaptive)
    return header, end


def _read(data: bytes, position: int, count: int) -> tuple[bytes, int]:
    """The next `count` bytes, and the position after them."""
    end = position + count
    if end > len(data):
        raise BadFileError(f"the file is cut off within its header, after {len(data)} bytes")
    return data[position:end], end


def _read_number(data: bytes, position: int) -> tuple[int, int]:
    """A number as `pack_number` writes it, and the position after it."""
    number = 0
    for place in range(LONGEST_NUMBER):
        byte, position = _read(data, position, 1)
        number |= (byte[0] & 0x7F) << 7 * place
        if byte[0] < 0x80:
            # One number, one form: 80 00 is no other way to write 0.
            if byte[0] == 0 and place > 0:
                break
            return number, position
    raise BadFileError("the file's header is damaged: it holds a number of no valid form")


def _check_plausible(header: Header, max_pixels: int) -> None:
    """Refuse sizes that no encoder writes, though the header's check value agrees."""
    if header.pixels == 0:
        raise BadFileError(f"the file claims a picture of {header.width}×{header.height} pixels")
    if header.pixels > max_pixels:
        raise BadFileError(
            f"the file claims a picture of {header.width}×{header.height} pixels; "
            f"the limit is {max_pixels} pixels (--max-pixels)"
        )
    if header.stream_bytes > most_stream_bytes(header.width, header.height, header.iterations):
        raise BadFileError(
            f"the file claims {header.stream_bytes} bytes for {header.width}×{header.height} "
            f"pixels in {header.iterations} iterations, more than they can need"
        )


def most_stream_bytes(width: int, height: int, iterations: int) -> int:
    """Bytes that no stream exceeds.

    >>> most_stream_bytes(16, 16, 1)
    245
    """
    positions = (
        padded_size(width, _LARGEST_PATCH) * padded_size(height, _LARGEST_PATCH) // STRIDE**2
    )
    return iterations * positions * (CODE_DEPTH + 1) * _COSTLIEST_BIT // 8 + _STREAM_SLACK
