"""The `.rnc` file: a head that all versions of the format have, and a body that belongs to one.

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
"""Bytes of a head with what a version adds before its codes, at most."""
MAX_PIXELS = 2**28
"""Pictures with more are refused unless asked for: 800 MB of pixels."""


@dataclass(frozen=True)
class Head:
    """What a file says first.

    Attributes:
        version: of the format, 0 … 255.
        model: the identifier of the model that made it, 6 bytes.
        width, height: of the picture, pixels.

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
    """What a file says beyond its head; `str` tells it to a user."""

    levels: int
    """That the whole file holds, the last perhaps in part: iterations, or planes."""
    file_bytes: int
    """Length of the whole file."""
    least_bytes: int
    """No fewer bytes of the file hold anything of the picture."""
    drafts: ClassVar[Sequence[tuple[int, int]]] = ()
    """How many levels are enough for a picture that is shown so many times smaller, the least
    first; none where all are needed."""

    @abstractmethod
    def __str__(self) -> str: ...


class Format(Protocol):
    """One version of the format."""

    version: int

    def read(self, data: bytes, head: Head, start: int) -> Body:
        """What follows the head, from byte `start` on; nothing is allocated by what it claims.

        Raises:
            BadFileError: it is damaged, or cut off before the first code.
        """

    def check(self, data: bytes, body: Body) -> None:
        """Check what stands at the end of a file that has all its bytes.

        Raises:
            BadFileError: it is damaged.
        """


@dataclass(frozen=True)
class File:
    """A file, whole or cut: what it says, and all bytes that there are."""

    head: Head
    body: Body
    data: bytes

    @property
    def whole(self) -> bool:
        """Whether all bytes are there."""
        return len(self.data) == self.body.file_bytes

    @property
    def bits_per_pixel(self) -> float:
        """Of what there is, header included."""
        return 8 * len(self.data) / self.head.pixels


def parse(data: bytes, formats: dict[int, Format], max_pixels: int = MAX_PIXELS) -> File:
    """A file of its bytes, whole or cut; nothing is allocated by what it claims.

    `formats` are the versions that can be read; pictures of more than `max_pixels` are refused.

    Raises:
        BadFileError: the file is empty, foreign, damaged, too new, or cut within the header.
    """
    head, body = read_header(data, formats, max_pixels)
    if len(data) > body.file_bytes:
        raise BadFileError("the file is damaged: more bytes follow the end of its stream")
    if len(data) == body.file_bytes:
        formats[head.version].check(data, body)
    return File(head, body, data)


def read_whole(path: Path, formats: dict[int, Format], max_pixels: int = MAX_PIXELS) -> File:
    """Read a file, no further than its header says it goes.

    Raises:
        BadFileError: as `parse`.
        UserError: the file cannot be opened.
    """
    try:
        with path.open("rb") as file:
            start = file.read(LONGEST_HEADER)
            _, body = read_header(start, formats, max_pixels)
            # One byte too many is enough for `parse` to notice it.
            rest = file.read(max(0, body.file_bytes + 1 - len(start)))
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror}") from error
    return parse(start + rest, formats, max_pixels)


def read_header(data: bytes, formats: dict[int, Format], max_pixels: int) -> tuple[Head, Body]:
    """What the beginning of a file says.

    Raises:
        BadFileError: as `parse`.
    """
    _check_kind(data, formats)
    model, position = read(data, len(MAGIC) + 1, MODEL_BYTES)
    width, position = read_number(data, position)
    height, position = read_number(data, position)
    head = Head(data[len(MAGIC)], model, width, height)
    body = formats[head.version].read(data, head, position)
    # A header whose check value agrees may still claim what no encoder writes.
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
        raise BadFileError("the file is no .rnc file")
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
