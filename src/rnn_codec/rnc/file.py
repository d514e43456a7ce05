"""The `.rnc` file: a head common to all versions of the format, and a body of one version.

    ┌─────┬─────────┬───────┬───────┬────────┬──────────────────────────────────────┐
    │ RNC │ version │ model │ width │ height │ what the version adds, and its codes │
    └─────┴─────────┴───────┴───────┴────────┴──────────────────────────────────────┘
       3       1        6    LEB128   LEB128

docs/file-format.md is the specification. A version belongs to a family of codecs, whose `Format`
reads what follows the head.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Protocol

from rnn_codec.errors import UserError
from rnn_codec.rnc.fields import BadFileError, pack_number, read, read_number

MAGIC = b"RNC"
MODEL_BYTES = 6
LONGEST_HEADER = 64
"""Upper limit, in bytes, of a head and the fields that a version adds before its codes."""
MAX_PIXELS = 2**28
"""Larger pictures are refused unless a higher limit is given: this is 800 MB of pixels."""


@dataclass(frozen=True)
class Head:
    """The first fields of a file.

    Attributes:
        version: version of the format, 0 … 255.
        model: identifier of the model that made the file, 6 bytes.
        width, height: size of the picture, in pixels.

    Example:
        >>> Head(2, b"\\1\\2\\3\\4\\5\\6", 768, 512).pack().hex(" ")
        '52 4e 43 02 01 02 03 04 05 06 80 06 80 04'
    """

    version: int
    model: bytes
    width: int
    height: int

    @property
    def pixels(self) -> int:
        """Width times height."""
        return self.width * self.height

    def pack(self) -> bytes:
        """The head as bytes."""
        if len(self.model) != MODEL_BYTES:
            raise ValueError(f"a model's identifier has {MODEL_BYTES} bytes: {self.model!r}")
        sides = pack_number(self.width) + pack_number(self.height)
        return MAGIC + bytes([self.version]) + self.model + sides


class Body(ABC):
    """The header fields of a file after its head; `str` describes them to a user."""

    levels: int
    """Levels in the whole file, iterations or planes; the last may be a part of one."""
    file_bytes: int
    """Length of the whole file."""
    least_bytes: int
    """Length of the shortest prefix that may contain anything of the picture."""
    drafts: ClassVar[Sequence[tuple[int, int]]] = ()
    """Pairs of a factor and the number of levels that are enough for a picture shown smaller by at
    least that factor, fewest levels first; empty if all levels are always needed."""

    @abstractmethod
    def __str__(self) -> str: ...


class Format(Protocol):
    """One version of the format."""

    version: int

    def read(self, data: bytes, head: Head, start: int) -> Body:
        """Read the fields after the head, from byte `start` on.

        No memory is allocated for sizes that the file merely claims.

        Raises:
            BadFileError: the file is damaged, or cut off before the first code.
        """

    def check(self, data: bytes, body: Body) -> None:
        """Check the end of a complete file.

        Raises:
            BadFileError: the file is damaged.
        """


@dataclass(frozen=True)
class File:
    """A file, complete or truncated: its header fields, and the bytes that are present."""

    head: Head
    body: Body
    data: bytes

    @property
    def whole(self) -> bool:
        """Whether all bytes are present."""
        return len(self.data) == self.body.file_bytes

    @property
    def bits_per_pixel(self) -> float:
        """Rate of the bytes that are present, header included."""
        return 8 * len(self.data) / self.head.pixels


def parse(data: bytes, formats: dict[int, Format], max_pixels: int = MAX_PIXELS) -> File:
    """Parse the bytes of a file, complete or truncated.

    No memory is allocated for sizes that the file merely claims. `formats` are the versions that
    can be read; pictures of more than `max_pixels` are refused.

    Raises:
        BadFileError: the file is empty, not a `.rnc` file, damaged, too new, or cut within the
            header.
    """
    head, body = read_header(data, formats, max_pixels)
    if len(data) > body.file_bytes:
        raise BadFileError("the file is damaged: more bytes follow the end of its stream")
    if len(data) == body.file_bytes:
        formats[head.version].check(data, body)
    return File(head, body, data)


def read_whole(path: Path, formats: dict[int, Format], max_pixels: int = MAX_PIXELS) -> File:
    """Read a file, but no further than the end that its header states.

    Raises:
        BadFileError: as `parse`.
        UserError: the file cannot be opened.
    """
    try:
        with path.open("rb") as file:
            start = file.read(LONGEST_HEADER)
            _, body = read_header(start, formats, max_pixels)
            # One extra byte is enough for `parse` to notice that the file is too long.
            rest = file.read(max(0, body.file_bytes + 1 - len(start)))
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror}") from error
    return parse(start + rest, formats, max_pixels)


def read_header(data: bytes, formats: dict[int, Format], max_pixels: int) -> tuple[Head, Body]:
    """Read the header at the beginning of a file.

    Raises:
        BadFileError: as `parse`.
    """
    _check_kind(data, formats)
    model, position = read(data, len(MAGIC) + 1, MODEL_BYTES)
    width, position = read_number(data, position)
    height, position = read_number(data, position)
    head = Head(data[len(MAGIC)], model, width, height)
    body = formats[head.version].read(data, head, position)
    # A header with a valid check value may still contain values that no encoder writes.
    if head.pixels == 0:
        raise BadFileError(f"the file claims a picture of {width}×{height} pixels")
    if head.pixels > max_pixels:
        raise BadFileError(
            f"the file claims a picture of {width}×{height} pixels; "
            f"the limit is {max_pixels} pixels (--max-pixels)"
        )
    return head, body


def _check_kind(data: bytes, formats: dict[int, Format]) -> None:
    if not data:
        raise BadFileError("the file is empty")
    if data[: len(MAGIC)] != MAGIC[: len(data)]:
        raise BadFileError("the file is not a .rnc file")
    (version,), _ = read(data, len(MAGIC), 1)
    if version in formats:
        return
    if version == 0:
        raise BadFileError("the file's header is damaged: there is no version 0 of the format")
    known = f"the file has version {version} of the format and this program reads version "
    newest = max(formats)
    if version > newest:
        raise BadFileError(f"{known}{newest}: install a newer rnn-codec")
    raise BadFileError(
        f"{known}{newest}: decompress it with the rnn-codec that made it, and compress the "
        "picture again"
    )
