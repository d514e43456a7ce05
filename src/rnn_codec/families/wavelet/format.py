"""Version 3 of the `.rnc` file: planes of wavelet coefficients; docs/file-format.md specifies it.

    ┌──────┬──────┬───────┬──────────┬────────┬─────┬──────────────┬─────┬────────┬─────┐
    │ head │ step │ gains │ rotation │ planes │ end │ stream bytes │ CRC │ stream │ CRC │
    └──────┴──────┴───────┴──────────┴────────┴─────┴──────────────┴─────┴────────┴─────┘
               1      1        3         6     LEB128     LEB128      2             2

`gains` holds the two strengths; `planes` the number of planes of luma and of chroma for each scale,
four bits each; `end` the last segment of the stream. A file may be cut anywhere after the header.
"""

from dataclasses import dataclass
from zlib import crc32

from rnn_codec.families.wavelet.layout import GROUPS, PLANES, SCALES, SEGMENTS, First, Segment
from rnn_codec.families.wavelet.rotation import Rotation
from rnn_codec.rnc.fields import CRC_BYTES, BadFileError, pack_crc, pack_number, read, read_number
from rnn_codec.rnc.file import Body, File, Head

VERSION = 3
_ROTATION_BYTES, _FIRST_BYTES = 3, SCALES
_PLANES, _SCALES = 16, 8
"""The factors of planes and scales in the number that states where a stream ends."""
_COSTLIEST = 12
"""The most bits that a bit of a coefficient costs."""
_SLACK = 4096


@dataclass(frozen=True)
class Settings:
    """The part of the header that a decoder must know before the stream.

    Attributes:
        step: in units of 1/32, 1 … 255.
        of_scales, of_blocks: strengths, 0 … 15; see `Gains`.
        first: see `First`.
    """

    step: int
    of_scales: int
    of_blocks: int
    rotation: Rotation
    first: First

    def pack(self) -> bytes:
        """The bytes of the header from `step` to `planes`."""
        rotation = bytes(angle & 0xFF for angle in self.rotation)
        first = bytes(luma << 4 | chroma for luma, chroma in self.first)
        return bytes([self.step, self.of_scales << 4 | self.of_blocks]) + rotation + first

    @property
    def planes(self) -> int:
        """The number of planes of the picture, from the first of any scale to the last."""
        return max(map(max, self.first))


@dataclass(frozen=True)
class PlanesBody(Body):
    """The description of a stream in the header; see `Body`. A level is a plane."""

    settings: Settings
    end: Segment | None
    """The last segment of the whole stream; None if there is nothing to code."""
    levels: int
    stream_bytes: int
    start: int
    """Where the stream begins in the file."""

    def __str__(self) -> str:
        plural = "" if self.levels == 1 else "s"
        return f"{self.levels} plane{plural}"

    @property
    def stream_end(self) -> int:
        """Where the whole stream ends in the file."""
        return self.start + self.stream_bytes

    @property
    def file_bytes(self) -> int:  # type: ignore[override]
        return self.stream_end + CRC_BYTES

    @property
    def least_bytes(self) -> int:  # type: ignore[override]
        return self.start + min(self.stream_bytes, 1)


def file_bytes(head: Head, end: Segment | None, stream_bytes: int) -> int:
    """The length of the file with a stream of `stream_bytes` bytes that ends with a segment."""
    fixed = len(head.pack()) + 2 + _ROTATION_BYTES + _FIRST_BYTES + 2 * CRC_BYTES
    return fixed + len(_pack_end(end)) + len(pack_number(stream_bytes)) + stream_bytes


def seed(head: Head, settings: Settings) -> int:
    """The seed of check values: CRC-32 of the fields that do not depend on the stream's end."""
    return crc32(head.pack() + settings.pack())


def write(head: Head, settings: Settings, end: Segment | None, stream: bytes) -> File:
    """The file of a stream that ends with a segment."""
    packed = head.pack() + settings.pack() + _pack_end(end) + pack_number(len(stream))
    packed += pack_crc(packed)
    body = _body(settings, end, len(stream), len(packed))
    return File(head, body, packed + stream + pack_crc(stream))


class PlanesFormat:
    """The format of wavelet files, which reads what follows the head; see `Format`."""

    version = VERSION

    def read(self, data: bytes, head: Head, start: int) -> PlanesBody:
        (step, strengths), position = read(data, start, 2)
        rotation, position = read(data, position, _ROTATION_BYTES)
        first, position = read(data, position, _FIRST_BYTES)
        end, position = read_number(data, position)
        stream_bytes, position = read_number(data, position)
        crc, body_start = read(data, position, CRC_BYTES)
        if crc != pack_crc(data[:position]):
            raise BadFileError("the file's header is damaged: its check value does not agree")
        angles = [angle - 256 if angle > 127 else angle for angle in rotation]
        settings = Settings(
            step,
            strengths >> 4,
            strengths & 15,
            Rotation(*angles),
            [[pair >> 4, pair & 15] for pair in first],
        )
        last = _unpack_end(end, settings)
        nothing = {last is None, stream_bytes == 0, settings.planes == 0}
        if step == 0 or -128 in angles or len(nothing) > 1:
            raise BadFileError("the file's header is invalid: no encoder writes it")
        most = most_stream_bytes(head.width, head.height)
        if stream_bytes > most:
            raise BadFileError(
                f"the file claims {stream_bytes} bytes for {head.width}×{head.height} pixels, "
                f"more than the {most} that they can need"
            )
        return _body(settings, last, stream_bytes, body_start)

    def check(self, data: bytes, body: Body) -> None:
        assert isinstance(body, PlanesBody)
        if data[body.stream_end :] != pack_crc(data[body.start : body.stream_end]):
            raise BadFileError("the file is damaged: the check value at its end does not agree")


def stream_of(file: File) -> tuple[PlanesBody, bytes]:
    """The description of a file's stream, and as much of the stream as has arrived.

    Raises:
        BadFileError: the file is of another version.
    """
    if not isinstance(file.body, PlanesBody):
        raise BadFileError(
            f"the file has version {file.head.version} of the format, its model {VERSION}"
        )
    return file.body, file.data[file.body.start : file.body.stream_end]


def most_stream_bytes(width: int, height: int) -> int:
    """The most bytes that a stream can have."""
    coefficients = 3 * (width + 2 * SCALES) * (height + 2 * SCALES)
    return coefficients * (PLANES + 1) * _COSTLIEST // 8 + _SLACK


def _body(settings: Settings, end: Segment | None, stream_bytes: int, start: int) -> PlanesBody:
    levels = 1 if end is None else settings.planes - end.plane
    return PlanesBody(settings, end, levels, stream_bytes, start)


def _pack_end(end: Segment | None) -> bytes:
    """One more than a number composed of stripe, plane, scale, group and segment; 0 for None."""
    if end is None:
        return pack_number(0)
    number = ((end.stripe * _PLANES + end.plane) * _SCALES + end.scale) * len(GROUPS) + end.group
    return pack_number(number * SEGMENTS + end.number + 1)


def _unpack_end(number: int, settings: Settings) -> Segment | None:
    """Undo `_pack_end`.

    Raises:
        BadFileError: nothing is coded at that segment.
    """
    if number == 0:
        return None
    rest, segment = divmod(number - 1, SEGMENTS)
    rest, group = divmod(rest, len(GROUPS))
    rest, scale = divmod(rest, _SCALES)
    stripe, plane = divmod(rest, _PLANES)
    if scale >= SCALES or plane >= settings.first[scale][GROUPS[group].colour]:
        raise BadFileError("the file's header is invalid: its stream ends where nothing is coded")
    return Segment(plane, scale, stripe, group, segment)
