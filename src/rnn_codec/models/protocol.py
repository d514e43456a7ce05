"""What a family of codecs is: a few methods, behind which everything else may differ.

    Family ── load ──► Model ── session ──► Session ── within, reaching, first ──► Encoded
                         └──── decode ◄── File

*Pixels* are those of one picture, uint8 RGB, (H, W, 3). A *level* is a step of the code that adds
to all before it, an iteration or a plane: files hold the first levels, and cut files fewer.
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
    """A file cut before anything of its picture."""


class WrongModelError(UserError):
    """A file of another model."""


class BudgetError(UserError, ValueError):
    """Too few bytes for anything of the picture."""


@dataclass(frozen=True)
class Contents:
    """What a file holds."""

    file: File
    levels: int
    """That arrived whole."""
    part: float
    """Share of the next that arrived, 0 … 1."""
    words: str
    """How much arrived, in the family's own words."""


@dataclass(frozen=True)
class Encoded:
    """A picture as a file."""

    contents: Contents
    reached: bool = True
    """False if the picture is not as good as was asked for, with all levels."""
    decoded: Callable[[], Pixels] | None = None
    """What the file decodes to, where that is known without decoding it."""

    @property
    def data(self) -> bytes:
        """The file."""
        return self.contents.file.data


@dataclass(frozen=True)
class Decoded:
    """The picture of a file, and what the file held."""

    pixels: Pixels
    contents: Contents


class Level(NamedTuple):
    """The first levels of a picture's code, the same everywhere."""

    number: int
    """How many, counted from 1."""
    file_bytes: int
    """Length of a file that ends there."""
    pixels: Pixels
    """What it decodes to."""


class OtherRate(NamedTuple):
    """What the levels of a picture would take otherwise than in files of its model."""

    labels: Mapping[str, str]
    """What kind of rate it is, for records: `kind` (files, nominal, ideal), `entropy`."""
    bytes: Sequence[float]
    """After each level."""


class Facts(NamedTuple):
    """Size and cost of a model."""

    parameters: int
    """Of its networks."""
    macs_per_pixel: float
    """Multiply–accumulate operations of coding and decoding a pixel of one level, with what is done
    once for all."""


class Session(Protocol):
    """A picture being coded by a model, as often as it takes."""

    def first(self, levels: int) -> Encoded:
        """A file of the first levels, the same everywhere."""

    def within(self, size: int) -> Encoded:
        """The best file of at most so many bytes.

        Raises:
            BudgetError: nothing of the picture fits.
        """

    def reaching(self, quality: Quality) -> Encoded:
        """The smallest file whose picture is so good; all levels where none is."""

    def levels(self, most: int) -> Iterator[Level]:
        """So many levels, each as it is decoded."""

    def other_rates(self, most: int) -> Mapping[str, OtherRate]:
        """What the same levels would take otherwise, by name; nothing for most families."""


MOST_EFFORT = 9
"""Of an encoder that looks for a better file."""


class Model(ABC):
    """A trained model of a family."""

    identifier: bytes
    """6 bytes, in every file."""
    path: Path
    """The folder it comes from."""
    labels: Mapping[str, str]
    """What it is, for tables: family, cell, recon, network, entropy, as far as it has them."""
    embedded: ClassVar[bool] = False
    """Whether files may end anywhere, not with levels alone: rates are measured, then."""

    @property
    def fingerprint(self) -> bytes:
        """Differs between models by which a file is not decoded to the same picture."""
        return self.identifier

    def fast(self) -> "Model":
        """The same without what a decoder may leave out to be done earlier; for most, itself."""
        return self

    @property
    @abstractmethod
    def most_levels(self) -> int:
        """That a file can have."""

    @abstractmethod
    def facts(self) -> Facts:
        """Its size and cost."""

    @abstractmethod
    def begun(
        self, pixels: Pixels, tune: str | None, importance: "Mask | None", effort: int
    ) -> Session:
        """As `session`, of arguments that have been checked.

        Args:
            importance: uint8, of the picture's shape.
            effort: 0 … `MOST_EFFORT`.

        Raises:
            UserError: there is no such tune, or the model has no gains or no effort to choose.
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
            pixels: of the picture.
            tune: what bits are spent for; None for the family's default.
            importance: a mask (H, W), white where the picture matters, to spend them there: uint8,
                bool, or floats 0 … 1.
            effort: how long to look for a better file, 0 … `MOST_EFFORT`; 0 for what is good at
                once, which is all that some families know.

        Raises:
            UserError: the picture has no pixels, there is no such tune or effort, or the mask has
                another shape than the picture.
            InvalidOptionError: an argument is of another type, or out of its range.
        """
        # NumPy, which opening a file needs not.
        from rnn_codec.models.arguments import mask, picture  # noqa: PLC0415

        pixels, effort = picture(pixels), whole_number("effort", effort)
        if not 0 <= effort <= MOST_EFFORT:
            raise InvalidOptionError(f"effort is 0 to {MOST_EFFORT}, not {effort}")
        if importance is not None:
            importance = mask(importance, pixels)
        return self.begun(pixels, tune, importance, effort)

    @abstractmethod
    def decode(self, file: File, levels: int | None = None) -> Decoded:
        """The picture of a file, or of as much of it as there is: of so many levels at most.

        Raises:
            UserError: it is damaged, of another model, or nothing of the picture arrived.
        """

    @abstractmethod
    def contents(self, file: File) -> Contents:
        """What a file holds; its picture is not decoded."""

    @abstractmethod
    def truncate(self, file: File, levels: int) -> bytes:
        """The shortest prefix of a file that holds so many whole levels, or all it holds."""

    def encode(
        self,
        pixels: Pixels,
        rate: Rate = rates.DEFAULT,
        tune: str | None = None,
        importance: "Mask | None" = None,
        effort: int = 0,
    ) -> Encoded:
        """The file of a picture, with what it holds; see `session`.

        Raises:
            UserError: as `session`, or the rate cannot be met: a budget that holds nothing, MS-SSIM
                of a small picture.
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
                    f"a rate is one such as BitsPerPixel(0.5) or PSNR(32), not {rate!r}"
                )

    def compress(
        self,
        pixels: Pixels,
        rate: Rate = rates.DEFAULT,
        tune: str | None = None,
        importance: "Mask | None" = None,
        effort: int = 0,
    ) -> bytes:
        """As `encode`, the file alone."""
        return self.encode(pixels, rate, tune, importance, effort).data

    def decompress(self, data: "Buffer", max_pixels: int = MAX_PIXELS) -> Pixels:
        """The picture of a file; raises as `open_file` and `decode`."""
        return self.decode(open_file(data, max_pixels)).pixels


class Family(Protocol):
    """A kind of codec, with a version of the file format of its own.

    Methods raise `UserError` where a folder cannot be read, or an option has a wrong value. What
    they need that not every installation has they import themselves: where it is missing,
    `models.find` says which extra brings it.
    """

    @property
    def format(self) -> Format:
        """Of its files."""

    def variants(self, folder: Path) -> list[str]:
        """The models in the folder of a run, the best first: one for each entropy coder."""

    def identifier(self, folder: Path, variant: str) -> bytes:
        """Of one of them, 6 bytes; weights are read only if no digest of them was written down."""

    def load(self, folder: Path, variant: str, device: str, threads: int | None) -> Model:
        """One of them, to run.

        Args:
            folder: of the run.
            variant: one of `variants`.
            device: such as "cpu" or "cuda".
            threads: that it may compute with, 1 or more; None for every core that the process may
                use.
        """

    def digest(self, folder: Path) -> bytes:
        """32 bytes that differ between what has been trained in folders; weights are read."""

    def complete(self, folder: Path) -> None:
        """Make what a model needs beside weights that have been written into its folder."""

    def addition(self, config: "DictConfig", run: RunFolder) -> RunFolder:
        """The folder of what is trained where `codec=` names a run.

        Raises:
            UserError: nothing that could be added to it is configured.
        """

    def check(self, config: "DictConfig", run: RunFolder | None) -> None:
        """Find mistakes in the configuration of a training; nothing is written.

        Args:
            config: of `rnn-codec train`.
            run: the run that is resumed, or added to; None for a new one.
        """

    def stages(self, config: "DictConfig", run: RunFolder) -> "list[Stage]":
        """The trainings that make a model, in their order; arguments as of `check`."""

    def training_macs(self, config: "DictConfig") -> Mapping[str, float]:
        """Multiply–accumulate operations of each of these trainings, by its name."""


FAMILIES: Registry[Family] = Registry("family of codecs", "rnn_codec.families")


def formats() -> dict[int, Format]:
    """The versions of the file format that can be read."""
    families = [FAMILIES[name] for name in FAMILIES.names()]
    return {family.format.version: family.format for family in families}


def open_file(source: "str | os.PathLike[str] | Buffer", max_pixels: int = MAX_PIXELS) -> File:
    """A file, whole or cut, of its path or its bytes; nothing is decoded.

    Raises:
        BadFileError: it is empty, foreign, damaged, too new, cut within the header, or has more
            than `max_pixels`.
        InvalidOptionError: an argument is of another type.
        UserError: it cannot be read.
    """
    most = whole_number("max_pixels", max_pixels)
    if isinstance(source, str | os.PathLike):
        return read_whole(Path(source), formats(), most)
    try:
        data = bytes(memoryview(source))
    except TypeError as error:
        raise InvalidOptionError(
            f"a file is its name or its bytes, and not of the type {type(source).__name__}"
        ) from error
    return parse(data, formats(), most)


def truncated(file: File, size: int) -> bytes:
    """The prefix of a file of so many bytes; needs no model.

    Raises:
        UserError: they end before anything of the picture may have arrived.
    """
    least = file.body.least_bytes
    if size < least:
        raise UserError(f"{size} bytes hold nothing of the picture: allow at least {least}")
    return file.data[:size]


def open_header(data: bytes, max_pixels: int = MAX_PIXELS) -> File:
    """A file of which only the beginning has been read: `LONGEST_HEADER` bytes, or all there are.

    Raises:
        BadFileError: as `open_file`, but for what stands at the end of a file.
    """
    head, body = read_header(data, formats(), max_pixels)
    return File(head, body, data)
