"""A trained model of the wavelet family, which codes and decodes files.

pixels ─► transform ─► planes ─► prior and range coder ─► one stream ─► cut by the rate
"""

from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

import numpy as np

from rnn_codec.coding.bernoulli import EndOfCodeError
from rnn_codec.errors import UserError
from rnn_codec.extras import explained_extras
from rnn_codec.families.wavelet import format as file_format
from rnn_codec.families.wavelet.engine import MEMORY, Engine
from rnn_codec.families.wavelet.engine_file import cores, read_engine_file
from rnn_codec.families.wavelet.format import VERSION, stream_of
from rnn_codec.families.wavelet.gains import Gains, blocks, code_exponents
from rnn_codec.families.wavelet.layout import GROUPS, PLANES, SCALES, Segment
from rnn_codec.families.wavelet.memory.protocol import MEMORIES
from rnn_codec.families.wavelet.picture_code import Networks, PictureCode, picture
from rnn_codec.families.wavelet.planes import Planes, Shape
from rnn_codec.families.wavelet.refinement import MOVES
from rnn_codec.families.wavelet.restoration.folder import RESTORED
from rnn_codec.families.wavelet.restoration.restorer import read_restorer
from rnn_codec.families.wavelet.scaling.protocol import SCALINGS, Scaling
from rnn_codec.families.wavelet.session import Search, WaveletSession, contents
from rnn_codec.families.wavelet.stream import Walk
from rnn_codec.families.wavelet.symbols import Read
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
from rnn_codec.rnc.file import MODEL_BYTES, File, Head
from rnn_codec.runs.folder import RunFolder, read_config
from rnn_codec.watching import tell


@dataclass(frozen=True)
class _Arrived:
    """The part of a file that has arrived: its coefficients, up to a segment."""

    planes: Planes
    segment: Segment | None
    gains: Gains
    checked: int | None
    """The number of planes that a check value confirmed; None if the file is complete."""


@dataclass(frozen=True)
class WaveletModel(Model):
    """See `Model`."""

    networks: Networks
    scaling: Scaling
    identifier: bytes
    path: Path
    labels: Mapping[str, str]
    embedded: ClassVar[bool] = True

    @property
    def fingerprint(self) -> bytes:
        restorer = self.networks.restorer
        return self.identifier + (restorer.digest if restorer else b"")

    def fast(self) -> "WaveletModel":
        """See `Model.fast`; the picture is not restored."""
        return replace(self, networks=replace(self.networks, restorer=None))

    @property
    def most_levels(self) -> int:
        return PLANES

    def facts(self) -> Facts:
        parameters, macs = self.networks.engine.facts
        if self.networks.restorer is not None:
            more, once = self.networks.restorer.facts
            parameters, macs = parameters + more, macs + once
        return Facts(parameters, macs)

    def begun(
        self, pixels: Pixels, tune: str | None, importance: "Mask | None", effort: int
    ) -> WaveletSession:
        tunes = self.scaling.tunes
        if tune is not None and tune not in tunes:
            raise UserError(f"there is no tune {tune}: the model has {', '.join(tunes)}")
        gains = self.scaling.gains(pixels, tune or tunes[0], importance)
        head = Head(VERSION, self.identifier, pixels.shape[1], pixels.shape[0])
        return WaveletSession(self.networks, head, pixels, gains, self._search(pixels, effort))

    def _search(self, pixels: Pixels, effort: int) -> Search | None:
        if not effort:
            return None
        with explained_extras(f"effort {effort}"):
            # Gradients need PyTorch, which installations that only read files may lack.
            from rnn_codec.families.wavelet.restoration.loss import (  # noqa: PLC0415
                PictureLoss,
                read_network,
            )
        network = None
        if self.networks.restorer is not None:
            folder = RunFolder(self.path).restoration(RESTORED)
            network = read_network(folder, self.networks.workers.count)
        return Search(MOVES[effort], PictureLoss(network, pixels))

    def decode(self, file: File, levels: int | None = None) -> Decoded:
        arrived = self._arrived(file, levels)
        body, _ = stream_of(file)
        if arrived.segment is None and body.end is not None:
            raise NothingArrivedError(
                f"nothing of the picture has arrived: {len(file.data)} bytes hold no coefficients"
            )
        found = arrived.planes, body.settings, arrived.segment, arrived.gains
        pixels = picture(*found, self.networks)
        return Decoded(pixels, contents(file, arrived.segment, arrived.checked))

    def contents(self, file: File) -> Contents:
        arrived = self._arrived(file)
        return contents(file, arrived.segment, arrived.checked)

    def truncate(self, file: File, levels: int) -> bytes:
        arrived = self._arrived(file)
        body, stream = stream_of(file)
        if contents(file, arrived.segment).levels < levels or arrived.segment is None:
            return file.data
        # Coded again, only to find where a plane ends in the existing stream.
        code = PictureCode(self.networks, file.head, body.settings, arrived.planes, arrived.gains)
        end = code.end_in(stream, code.last_run_of(levels))
        return file.data[: body.start + end]

    def _arrived(self, file: File, levels: int | None = None) -> _Arrived:
        """The coefficients of a file, or of its first `levels` planes if it holds more."""
        if file.head.model != self.identifier:
            raise WrongModelError(
                f"the file was made by the model {file.head.model.hex()}, not by {self.path} "
                f"({self.identifier.hex()})"
            )
        body, stream = stream_of(file)
        settings = body.settings
        shape = Shape(file.head.height, file.head.width)
        complete = len(stream) == body.stream_bytes
        symbols = Read(stream, file_format.seed(file.head, settings), complete)
        last = 0 if levels is None else max(settings.planes - levels, 0)
        engine, memory = self.networks.engine, self.networks.memory
        walk = Walk(engine, memory, symbols, None, shape, settings.first, last)
        gains, segment = Gains(settings.step, settings.of_scales), None
        try:
            if settings.of_blocks:
                exponents = code_exponents(symbols, size := blocks(shape), np.zeros(size, np.int8))
                gains = replace(gains, of_blocks=settings.of_blocks, exponents=exponents)
            for arrived in _until(walk, body.end):
                segment = arrived
        except EndOfCodeError:
            ended = False
        else:
            ended = segment == body.end or levels is not None
        if complete and not ended:
            raise BadFileError(
                "the file is damaged: its stream ends before the last segment given in its header"
            )
        checked = 0 if symbols.checked is None else settings.planes - symbols.checked
        return _Arrived(walk.finished(), segment, gains, None if file.whole else checked)


def _until(walk: Walk, end: Segment | None) -> Iterator[Segment]:
    """Yield the segments of a walk up to `end`, the last segment of the stream."""
    if end is None:
        return
    with closing(walk.segments()) as segments:
        for segment in segments:
            if segment.number == 0:
                # Every plane takes about twice as long as the one before.
                part = segment.scale / SCALES + segment.group / (SCALES * len(GROUPS))
                tell(min(2.0 ** (end.plane - segment.plane + part - 1), 1.0))
            yield segment
            if segment == end:
                return


LABELS = ("cell", "recon", "network", "entropy")
"""The groups of a run's configuration whose names label its model."""


def load(folder: Path, device: str, threads: int | None) -> WaveletModel:
    """The model in the folder of a run; see `Family.load`."""
    if device != "cpu":
        raise UserError(f"the wavelet codec runs on the CPU only: set --device cpu, not {device}")
    config = read_config(RunFolder(folder))
    tensors, digest = read_engine_file(folder)
    threads = threads or cores()
    engine = Engine(tensors, threads)
    engine.check()
    memory = MEMORIES.build({"name": tensors[MEMORY].tobytes().decode("ascii")})
    restorer = read_restorer(RunFolder(folder).restoration(RESTORED).path, threads)
    labels = {"family": "wavelet"}
    for group in LABELS:
        described = config.get(group)
        if isinstance(described, dict) and isinstance(described.get("name"), str):
            labels[group] = described["name"]
    if restorer is not None:
        labels["recon"] = RESTORED
    return WaveletModel(
        networks=Networks(engine, memory, restorer),
        scaling=SCALINGS.build(config["codec"]["scaling"]),
        identifier=digest[:MODEL_BYTES],
        path=folder,
        labels=labels,
    )
