"""The stream of a picture, coded only as far as needed, and what its files decode to."""

from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass

from rnn_codec.coding.bernoulli import Place, certain_after
from rnn_codec.families.wavelet import format as file_format
from rnn_codec.families.wavelet.decoding import decoded
from rnn_codec.families.wavelet.engine import Engine
from rnn_codec.families.wavelet.format import Settings
from rnn_codec.families.wavelet.gains import Gains, blocks, code_exponents
from rnn_codec.families.wavelet.layout import Segment, last_segment
from rnn_codec.families.wavelet.memory.protocol import Memory
from rnn_codec.families.wavelet.planes import (
    Planes,
    Shape,
    analysed,
    quantised,
)
from rnn_codec.families.wavelet.refinement import Arrays, Told
from rnn_codec.families.wavelet.restoration.restorer import Restorer
from rnn_codec.families.wavelet.rotation import Rotation
from rnn_codec.families.wavelet.stream import Walk
from rnn_codec.families.wavelet.symbols import Written
from rnn_codec.families.wavelet.workers import Workers
from rnn_codec.models.protocol import Pixels
from rnn_codec.rnc.file import File, Head


@dataclass(frozen=True)
class Networks:
    """The networks of a model, and the memory of its prior."""

    engine: Engine
    memory: Memory
    restorer: Restorer | None

    @property
    def workers(self) -> Workers:
        """The engine's threads, which also share the work outside networks."""
        return self.engine.workers


class PictureCode:
    """The stream of a picture, coded only as far as needed.

    Attributes:
        segments: the segments coded so far.
    """

    def __init__(
        self,
        networks: Networks,
        head: Head,
        settings: Settings,
        planes: Planes,
        gains: Gains,
        rounded_at: int | None = None,
    ) -> None:
        self.networks = networks
        self.head, self.settings, self.planes, self.gains = head, settings, planes, gains
        self._symbols = Written(file_format.seed(head, settings))
        if gains.exponents is not None:
            code_exponents(self._symbols, blocks(planes.shape), gains.exponents)
        engine, memory = networks.engine, networks.memory
        walk = Walk(
            engine, memory, self._symbols, planes, planes.shape, settings.first, 0, rounded_at
        )
        self._walk = walk.segments() if settings.planes else iter(())
        self.segments: list[Segment] = []
        self._places: list[Place] = []
        self._code = b""

    @classmethod
    def of(
        cls,
        networks: Networks,
        head: Head,
        pixels: Pixels,
        rotation: Rotation,
        gains: Gains,
        rounded_at: int | None = None,
        coefficients: Arrays | None = None,
    ) -> "PictureCode":
        """Return the code of a picture (H, W, 3).

        Args:
            rounded_at: see `Walk`.
            coefficients: used instead of the picture's own; see `transformed`.
        """
        shape = Shape(head.height, head.width)
        weights = gains.weights(shape)
        if coefficients is None:
            planes = analysed(pixels, rotation, weights, networks.workers)
        else:
            planes = quantised(coefficients, shape, weights)
        strengths = gains.of_scales, gains.of_blocks
        settings = Settings(gains.step, *strengths, rotation, planes.first())
        return cls(networks, head, settings, planes, gains, rounded_at)

    def code_until(self, enough: Callable[[], bool]) -> None:
        """Code segment after segment until `enough` returns true, or all is coded."""
        while not enough() and self._code_run():
            pass

    def _code_run(self) -> bool:
        segment = next(self._walk, None)
        if segment is None:
            return False
        self.segments.append(segment)
        self._places.append(self._symbols.encoder.place)
        self._code = b""
        return True

    @property
    def most_bytes(self) -> int:
        """An upper bound on the length of the stream so far, in bytes."""
        return self._symbols.encoder.most_bytes

    def end(self, index: int) -> int:
        """The number of bytes of the stream up to the end of a segment."""
        if not self._code:
            self._code = self._symbols.encoder.code()
        return self.end_in(self._code, index)

    def file_bytes(self, index: int) -> int:
        """Length of the file that ends with a segment; with index −1, of one without segments."""
        if index < 0:
            return file_format.file_bytes(self.head, None, 0)
        return file_format.file_bytes(self.head, self.segments[index], self.end(index))

    def end_in(self, stream: bytes, index: int) -> int:
        """As `end`, for a stream that may continue differently after the segment."""
        return certain_after(stream, self._places[index])

    def last_run_of(self, levels: int) -> int:
        """Code the first `levels` planes; the index of their last segment, −1 if there is none."""
        plane = max(self.settings.planes - levels, 0)
        self.code_until(lambda: bool(self.segments) and self.segments[-1].plane < plane)
        # Segments are ordered from the highest plane down.
        return bisect_right(self.segments, -plane, key=lambda segment: -segment.plane) - 1

    def file(self, index: int) -> File:
        """The file that ends with a segment; with index −1, the file without segments."""
        if index < 0:
            return file_format.write(self.head, self.settings, None, b"")
        stream_bytes = self.end(index)
        stream = self._code[:stream_bytes]
        return file_format.write(self.head, self.settings, self.segments[index], stream)

    def pixels(self, index: int) -> Pixels:
        """The pixels to which the file that ends with a segment decodes."""
        segment = self.segments[index] if index >= 0 else None
        return picture(self.planes, self.settings, segment, self.gains, self.networks)

    def pixels_to(self, plane: int, networks: Networks) -> Pixels:
        """The pixels to which networks decode a file that ends with a plane; nothing is coded."""
        return picture(self.planes, self.settings, last_segment(plane), self.gains, networks)

    def told(self, segment: Segment, threshold: float, size: float = 1.0) -> Told:
        """The decoded state of the file that ends with a segment; see `Told` for the arguments."""
        return Told(self.planes, self.settings, self.gains, segment, threshold, size)


def picture(
    planes: Planes, settings: Settings, segment: Segment | None, gains: Gains, networks: Networks
) -> Pixels:
    """The pixels of coefficients that are decoded up to a segment."""
    found, conditions = decoded(planes, settings, segment, gains, networks.workers)
    if networks.restorer is None:
        return found.pixels(networks.workers)
    return networks.restorer.pixels(found, conditions, networks.workers)
