"""A recurrent codec with an entropy coder, as a model that writes and reads files.

pixels ─► networks ─► bits ─► entropy coder ─► stream ─► cut to the rate ─► header + stream
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path

import numpy as np
import torch

from rnn_codec.errors import UserError, reason
from rnn_codec.families.binary import tiling
from rnn_codec.families.binary.code import CODE_DEPTH
from rnn_codec.families.binary.codec import Codes, RecurrentCodec, code_size
from rnn_codec.families.binary.complexity import macs_per_pixel
from rnn_codec.families.binary.distortion import BALANCED, distortion_named
from rnn_codec.families.binary.entropy.coder import Arrived, EntropyCoder, StreamShape
from rnn_codec.families.binary.entropy.none import NoneCoder
from rnn_codec.families.binary.format import (
    MOST_BITS_PER_BYTE,
    VERSION,
    bits_of_first_row,
    most_stream_bytes,
    seed,
    stream_of,
)
from rnn_codec.families.binary.identity import codec_digest, model_identifier
from rnn_codec.families.binary.session import BinarySession, OtherCoder, contents
from rnn_codec.families.binary.weights import load_codec, load_coder, load_context_model
from rnn_codec.forking import survive_forks
from rnn_codec.models.protocol import (
    Contents,
    Decoded,
    Facts,
    Mask,
    Model,
    NothingArrivedError,
    Pixels,
    WrongModelError,
)
from rnn_codec.rnc.fields import BadFileError
from rnn_codec.rnc.file import File, Head
from rnn_codec.runs.folder import RunFolder, read_config

GROUPS = ("cell", "recon", "network")
"""The groups of a run's configuration whose names label its models."""


@dataclass(frozen=True)
class BinaryModel(Model):
    """A trained codec with an entropy coder; see `Model`."""

    codec: RecurrentCodec
    """The codec, in evaluation mode and on the device where it runs."""
    coder: EntropyCoder
    identifier: bytes
    path: Path
    labels: Mapping[str, str]
    others: Callable[[], Sequence[OtherCoder]] = tuple
    """Loads all entropy coders of the model's folder; called only when they are measured."""

    @property
    def most_levels(self) -> int:
        return self.codec.iterations

    def facts(self) -> Facts:
        """Size and cost of the codec; the entropy coder is small in comparison and not counted."""
        trained = sum(parameter.numel() for parameter in self.codec.parameters())
        return Facts(trained, macs_per_pixel(self.codec))

    def begun(
        self, pixels: Pixels, tune: str | None, importance: "Mask | None", effort: int
    ) -> BinarySession:
        """See `Model.begun`; tunes are those of `distortion.DISTORTIONS`."""
        if effort:
            raise UserError(
                f"{self.path} has no effort to choose: its encoder always searches as far as it can"
            )
        head = Head(VERSION, self.identifier, pixels.shape[1], pixels.shape[0])
        distortion = distortion_named(tune or BALANCED)
        return BinarySession(
            self.codec, self.coder, head, pixels, distortion, importance, self.others
        )

    def decode(self, file: File, levels: int | None = None) -> Decoded:
        arrived = self._arrived(file, levels)
        if len(arrived.bits) == 0:
            raise NothingArrivedError(
                f"nothing of the picture has arrived: {len(file.data)} bytes do not hold the first "
                "row of the code"
            )
        device = next(self.codec.parameters()).device
        bits = torch.from_numpy(arrived.bits).unsqueeze(1).to(device)
        stops = None if arrived.stops is None else torch.from_numpy(arrived.stops)[None].to(device)
        codes = Codes(bits, file.head.height, file.head.width, arrived.rows or None, stops)
        image = tiling.decode(self.codec, codes)[0]
        pixels = np.ascontiguousarray(image.permute(1, 2, 0).cpu().numpy())
        return Decoded(pixels, _contents(file, arrived))

    def contents(self, file: File) -> Contents:
        return _contents(file, self._arrived(file))

    def truncate(self, file: File, levels: int) -> bytes:
        arrived = self._arrived(file)
        if arrived.iterations < levels:
            return file.data
        # Which byte makes an iteration's last bit certain depends on what follows it in the stream.
        # A stream that ends there gives a close first guess; only decoding gives the exact byte.
        stream = self.coder.encode(arrived.bits[:levels], seed(file.head), arrived.stops)
        end = stream_of(file)[0].start + int(stream.iteration_ends[-1])
        while self._arrived(File(file.head, file.body, file.data[:end])).iterations < levels:
            end += 1
        return file.data[:end]

    def _arrived(self, file: File, levels: int | None = None) -> Arrived:
        """The bits of a file: all its iterations, or the first `levels` if it holds more."""
        head = file.head
        if head.model != self.identifier:
            raise WrongModelError(
                f"the file was made by the model {head.model.hex()}, not by {self.path} "
                f"({self.identifier.hex()}, entropy coder {self.coder.name})"
            )
        says, stream = stream_of(file)
        if says.levels > self.codec.iterations:
            raise BadFileError(
                f"the file claims {says.levels} iterations, but its model has "
                f"{self.codec.iterations}"
            )
        iterations = min(levels or says.levels, says.levels)
        if iterations < says.levels:
            # These iterations cannot need more of the stream than this.
            stream = stream[: most_stream_bytes(head.width, head.height, iterations)]
        size = code_size(head.height, head.width, self.codec.reconstruction.patch)
        shape = StreamShape(iterations, *size, says.adaptive)
        # Allocate memory for the code only if the bytes that arrived can hold some of it.
        if len(stream) * MOST_BITS_PER_BYTE < bits_of_first_row(shape.width, shape.adaptive):
            nothing = np.zeros((0, CODE_DEPTH, shape.height, shape.width), np.bool_)
            return Arrived(nothing, 0, 0, None)
        arrived = self.coder.decode(stream, shape, seed(head))
        if file.whole and not says.cut and arrived.iterations < iterations:
            raise BadFileError(
                "the file is damaged: its last check value is not where it should be"
            )
        return arrived


def _contents(file: File, arrived: Arrived) -> Contents:
    return contents(file, arrived.iterations, arrived.rows, arrived.bits.shape[-2])


def load(folder: Path, variant: str, device: str, threads: int | None) -> BinaryModel:
    """See `Family.load`. `threads` sets PyTorch's thread count, which applies to the entire process
    and so to all its models. None leaves it unchanged: every core, unless something has set it.
    """
    survive_forks()
    if threads is not None:
        torch.set_num_threads(threads)
    run = RunFolder(folder)
    coder = NoneCoder() if variant == NoneCoder.name else load_coder(run.coder(variant))
    codec, config = load_codec(run), read_config(run)
    digest = codec_digest(config["codec"], codec.state_dict())
    labels = {"family": "binary", "entropy": variant}
    for group in GROUPS:
        described = config.get(group)
        if isinstance(described, dict) and isinstance(described.get("name"), str):
            labels[group] = described["name"]
    found, place = model_identifier(digest, coder.digest()), usable_device(device)
    others = partial(other_coders, folder, place)
    return BinaryModel(codec.to(place), coder, found, folder, labels, others)


@lru_cache(1)
def other_coders(folder: Path, device: torch.device) -> list[OtherCoder]:
    """Every entropy coder of a run's folder, with the context model that it approximates."""
    trained = [
        OtherCoder(load_coder(coder), load_context_model(coder).to(device))
        for coder in RunFolder(folder).coders()
    ]
    return [OtherCoder(NoneCoder(), None), *trained]


def usable_device(name: str) -> torch.device:
    """The device called `name`, e.g. "cpu" or "cuda:1"; raises UserError if it cannot be used."""
    try:
        device = torch.device(name)
        torch.zeros(1, device=device).cpu()
    # Which error PyTorch raises depends on how it was built.
    except (RuntimeError, AssertionError) as error:
        raise UserError(f"the device {name} cannot be used: {reason(error)}") from error
    return device
