"""The interface of a family of codecs: a few methods, behind which everything else may differ.

    Family ── load ──► Model ── session ──► Session ── within, reaching, first ──► Encoded
                         └──── decode ◄── File

*Pixels* are those of one picture, uint8 RGB, (H, W, 3). A *level* is a step of the code that
refines all levels before it: an iteration or a plane. A file contains the first levels of a
picture, and a truncated file fewer of them.
"""

import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, NamedTuple, Protocol, TypeAlias

from rnn_codec import rates
from rnn_codec.errors import InvalidOptionError, UserError
from rnn_codec.numbers import whole_number
from rnn_codec.rates import MSSSIM, PSNR, BitsPerPixel, Bytes, Levels, Quality, Rate
from rnn_codec.registry import Registry
from rnn_codec.rnc.file import MAX_PIXELS, File, Format, parse, read_header, read_whole
from rnn_codec.runs.folder import RunFolder

if TYPE_CHECKING:
    import numpy as np
    from _typeshed import ReadableBuffer as Buffer
    from numpy.typing import NDArray
    from omegaconf import DictConfig

    from rnn_codec.training.stages import Stage

Pixels: TypeAlias = "NDArray[np.uint8]"
Mask: TypeAlias = "NDArray[np.uint8]"
"""Grey, (H, W), of the picture's shape."""


class NothingArrivedError(UserError):
    """A file was cut before anything of its picture."""


class WrongModelError(UserError):
    """A file was made by another model."""


class BudgetError(UserError, ValueError):
    """There are too few bytes for anything of the picture."""


@dataclass(frozen=True)
class Contents:
    """The contents of a file."""

    file: File
    levels: int
    """Number of levels that arrived completely."""
    part: float
    """Share of the next level that arrived, 0 … 1."""
    words: str
    """Description of how much arrived, in the terms of the family."""


@dataclass(frozen=True)
class Encoded:
    """A picture as a file."""

    contents: Contents
    reached: bool = True
    """False if the picture misses the requested quality even with all levels."""
    decoded: Callable[[], Pixels] | None = None
    """Returns the pixels that the file decodes to, if they are known without decoding it."""

    @property
    def data(self) -> bytes:
        """The bytes of the file."""
        return self.contents.file.data


@dataclass(frozen=True)
class Decoded:
    """A decoded picture, and the contents of its file."""

    pixels: Pixels
    contents: Contents


class Level(NamedTuple):
    """The first levels of a picture's code, the same everywhere."""

    number: int
    """Number of levels, at least 1."""
    file_bytes: int
    """Length of a file that ends after these levels."""
    pixels: Pixels
    """The pixels that such a file decodes to."""


class OtherRate(NamedTuple):
    """The size of a picture's levels if they were coded differently than in the model's files."""

    labels: Mapping[str, str]
    """The kind of rate, for records: `kind` (files, nominal, ideal), `entropy`."""
    bytes: Sequence[float]
    """Size after each level."""


class Facts(NamedTuple):
    """Size and cost of a model."""

    parameters: int
    """Number of parameters of its networks."""
    macs_per_pixel: float
    """Multiply–accumulate operations per pixel for coding and decoding one level, including work
    that is done once for all levels."""


class Session(Protocol):
    """A picture that a model codes, once or several times."""

    def first(self, levels: int) -> Encoded:
        """A file of the first `levels` levels, the same everywhere in the picture."""

    def within(self, size: int) -> Encoded:
        """The best file of at most `size` bytes.

        Raises:
            BudgetError: nothing of the picture fits.
        """

    def reaching(self, quality: Quality) -> Encoded:
        """The smallest file of at least the given quality; all levels if no file reaches it."""

    def levels(self, most: int) -> Iterator[Level]:
        """Yield the first levels, at most `most`, each with the pixels that it decodes to."""

    def other_rates(self, most: int) -> Mapping[str, OtherRate]:
        """Other rates of the same levels, by name; empty for most families."""


MOST_EFFORT = 9
"""The highest effort of an encoder that searches for a better file."""


class Model(ABC):
    """A trained model of a family."""

    identifier: bytes
    """6 bytes, which each of its files contains."""
    path: Path
    """The folder from which it was loaded."""
    labels: Mapping[str, str]
    """Labels for tables: family, cell, recon, network and entropy, if the model has them."""
    embedded: ClassVar[bool] = False
    """Whether files may end anywhere, not only after a level. Then measurements use sizes."""

    @property
    def fingerprint(self) -> bytes:
        """Bytes that differ between models that decode a file to different pictures."""
        return self.identifier

    def fast(self) -> "Model":
        """The model without optional, slow parts of the decoder; for most families, itself."""
        return self

    @property
    @abstractmethod
    def most_levels(self) -> int:
        """The largest number of levels of a file."""

    @abstractmethod
    def facts(self) -> Facts:
        """The model's size and cost."""

    @abstractmethod
    def begun(
        self, pixels: Pixels, tune: str | None, importance: "Mask | None", effort: int
    ) -> Session:
        """Begin to code a picture: `session`, with arguments that have been checked.

        Args:
            importance: uint8, of the picture's shape.
            effort: 0 … `MOST_EFFORT`.

        Raises:
            UserError: there is no such tune, or the model does not support gains or effort.
        """

    def session(
        self,
        pixels: Pixels,
        tune: str | None = None,
        importance: "Mask | None" = None,
        effort: int = 0,
    ) -> Session:
        """Begin to code a picture.

        Args:
            pixels: uint8 RGB, (H, W, 3).
            tune: what the encoder optimises; None for the family's default.
            importance: a mask (H, W), white where the picture matters and should get more bits:
                uint8, bool, or floats 0 … 1.
            effort: how long to search for a better file, 0 … `MOST_EFFORT`. 0 means no search;
                some families support nothing else.

        Raises:
            UserError: the picture has no pixels, there is no such tune or effort, or the mask has
                another shape than the picture.
            InvalidOptionError: an argument is of the wrong type, or out of range.
        """
        # It imports NumPy, which opening a file does not need.
        from rnn_codec.models.arguments import mask, picture  # noqa: PLC0415

        pixels, effort = picture(pixels), whole_number("effort", effort)
        if not 0 <= effort <= MOST_EFFORT:
            raise InvalidOptionError(f"effort is 0 to {MOST_EFFORT}, not {effort}")
        if importance is not None:
            importance = mask(importance, pixels)
        return self.begun(pixels, tune, importance, effort)

    @abstractmethod
    def decode(self, file: File, levels: int | None = None) -> Decoded:
        """Decode a complete or truncated file, up to `levels` levels, or all if that is None.

        Raises:
            UserError: the file is damaged, was made by another model, or nothing of the picture
                has arrived.
        """

    @abstractmethod
    def contents(self, file: File) -> Contents:
        """The contents of a file; its picture is not decoded."""

    @abstractmethod
    def truncate(self, file: File, levels: int) -> bytes:
        """The shortest prefix with the first `levels` complete levels, or with all, if fewer."""

    def encode(
        self,
        pixels: Pixels,
        rate: Rate = rates.DEFAULT,
        tune: str | None = None,
        importance: "Mask | None" = None,
        effort: int = 0,
    ) -> Encoded:
        """Code a picture as a file; `session` explains the arguments.

        Raises:
            UserError: as `session`, or the rate cannot be met: the budget is too small for anything
                of the picture, or the picture too small for MS-SSIM.
        """
        session = self.session(pixels, tune, importance, effort)
        match rate:
            case Levels(count):
                return session.first(count)
            case Bytes() | BitsPerPixel():
                return session.within(rate.bytes_for(pixels.shape[0] * pixels.shape[1]))
            case PSNR() | MSSSIM():
                return session.reaching(rate)
            case _:
                raise InvalidOptionError(
                    f"a rate must be one such as BitsPerPixel(0.5) or PSNR(32), not {rate!r}"
                )

    def compress(
        self,
        pixels: Pixels,
        rate: Rate = rates.DEFAULT,
        tune: str | None = None,
        importance: "Mask | None" = None,
        effort: int = 0,
    ) -> bytes:
        """Code a picture as a file; returns only its bytes. See `encode`."""
        return self.encode(pixels, rate, tune, importance, effort).data

    def decompress(self, data: "Buffer", max_pixels: int = MAX_PIXELS) -> Pixels:
        """Decode the bytes of a file; raises the same errors as `open_file` and `decode`."""
        return self.decode(open_file(data, max_pixels)).pixels


class Family(Protocol):
    """A kind of codec, with its own version of the file format.

    Methods raise `UserError` if a folder cannot be read, or an option has an invalid value. They
    import optional packages themselves: if one is missing, `models.find` says which extra installs
    it.
    """

    @property
    def format(self) -> Format:
        """The format of the family's files."""

    def variants(self, folder: Path) -> list[str]:
        """The variants of the model in a run's folder, best first: one for each entropy coder."""

    def identifier(self, folder: Path, variant: str) -> bytes:
        """The 6-byte identifier of a variant; weights are read only if no digest was written."""

    def load(self, folder: Path, variant: str, device: str, threads: int | None) -> Model:
        """Load a variant, ready to run.

        Args:
            folder: the folder of the run.
            variant: one of `variants`.
            device: where the networks run, such as "cpu" or "cuda".
            threads: number of threads, 1 or more; None for every core that the process may use.
        """

    def digest(self, folder: Path) -> bytes:
        """32 bytes that differ between folders with different trained weights, which are read."""

    def complete(self, folder: Path) -> None:
        """Write the files that a model needs besides the weights that are already in its folder."""

    def addition(self, config: "DictConfig", run: RunFolder) -> RunFolder:
        """The folder of the part that is trained for the codec of a run that `codec=` names.

        Raises:
            UserError: the configuration has no part that could be added to the codec.
        """

    def check(self, config: "DictConfig", run: RunFolder | None) -> None:
        """Find mistakes in the configuration of a training; nothing is written.

        Args:
            config: the configuration of `rnn-codec train`.
            run: the run that is resumed or added to; None for a new one.
        """

    def stages(self, config: "DictConfig", run: RunFolder) -> "list[Stage]":
        """The trainings that make a model, in order; arguments as in `check`."""

    def training_macs(self, config: "DictConfig") -> Mapping[str, float]:
        """Multiply–accumulate operations of each of these trainings, by name."""


FAMILIES: Registry[Family] = Registry("family of codecs", "rnn_codec.families")


def formats() -> dict[int, Format]:
    """The versions of the file format that can be read."""
    families = [FAMILIES[name] for name in FAMILIES.names()]
    return {family.format.version: family.format for family in families}


def open_file(source: "str | os.PathLike[str] | Buffer", max_pixels: int = MAX_PIXELS) -> File:
    """Open a file, complete or truncated, from its path or its bytes; nothing is decoded.

    Raises:
        BadFileError: the file is empty, not a `.rnc` file, damaged, too new, cut within the header,
            or its picture has more than `max_pixels` pixels.
        InvalidOptionError: an argument is of the wrong type.
        UserError: the file cannot be read.
    """
    most = whole_number("max_pixels", max_pixels)
    if isinstance(source, str | os.PathLike):
        return read_whole(Path(source), formats(), most)
    try:
        data = bytes(memoryview(source))
    except TypeError as error:
        raise InvalidOptionError(
            f"a file must be a path or bytes, not of the type {type(source).__name__}"
        ) from error
    return parse(data, formats(), most)


def truncated(file: File, size: int) -> bytes:
    """The first `size` bytes of a file; needs no model.

    Raises:
        UserError: they are too few to contain anything of the picture.
    """
    least = file.body.least_bytes
    if size < least:
        raise UserError(f"{size} bytes hold nothing of the picture: allow at least {least}")
    return file.data[:size]


def open_header(data: bytes, max_pixels: int = MAX_PIXELS) -> File:
    """Open a file from its first `LONGEST_HEADER` bytes, or from all if there are fewer.

    Raises:
        BadFileError: as `open_file`, except for damage at the end of the file.
    """
    head, body = read_header(data, formats(), max_pixels)
    return File(head, body, data)
