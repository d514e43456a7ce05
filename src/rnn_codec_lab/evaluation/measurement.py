"""Measures any codec: the lengths of its files, and the quality of the decoded pictures.

A codec is `Measurable`: it names its curves and yields their points for a picture. One loop,
`measure`, scores the decoded pictures; `tabulate` arranges the measurements as curves.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import product
from pathlib import Path
from typing import ClassVar, Protocol

import numpy as np
import PIL
from numpy.typing import NDArray

from rnn_codec.data.decoding import digest_of
from rnn_codec.errors import UserError
from rnn_codec.files import make_folder, write_json
from rnn_codec.metrics.curve import Samples, UnequalPointsError
from rnn_codec.metrics.images import pixels_to_batch
from rnn_codec.metrics.ms_ssim import SHORTEST_SIDE, ImageTooSmallError
from rnn_codec.metrics.scores import SCORES
from rnn_codec.models.protocol import Pixels
from rnn_codec_lab.baselines import ClassicCodec

Labels = Mapping[str, str]
"""The labels of a curve:

    kind        what its bytes count: `files`, whole files, header included; `nominal`, the bits
                before entropy coding; `ideal`, −log₂ of the probabilities that the entropy coder
                approximates; `prefix`, prefixes of files
    entropy     the entropy coder, if the family has a choice of one
    tune        what the encoder optimised, for adaptive files
    effort      how long the encoder searched, 1 or more, for adaptive files; absent without search
    scores_of   the curve with the same pictures at the same points, whose scores apply
"""
ADAPTIVE = "adaptive"
"""Prefix of the names of curves of files that spend bits where they count."""


@dataclass(frozen=True)
class Point:
    """One file of a picture.

    Attributes:
        curve: one of `Measurable.curves`.
        point: the setting: a level, a quality or a target rate.
        bytes: length of the file; may be fractional for rates that no file has.
        decoded: the decoded picture; None on curves with the scores of another.
    """

    curve: str
    point: float
    bytes: float
    decoded: "Pixels | None"


class Measurable(Protocol):
    """A codec, or a way to use one."""

    @property
    def curves(self) -> Mapping[str, Labels]:
        """The labels of the measured curves, by name."""

    def points(self, pixels: Pixels) -> Iterator[Point]:
        """Yield the points of every curve for a picture; they are the same for each picture."""


@dataclass(frozen=True)
class Measurement:
    """A point of one image, with scores."""

    image: str
    """The image's name in its data set."""
    curve: str
    point: float
    bytes: float
    pixels: int
    """Number of pixels of the image."""
    scores: Mapping[str, float]
    """Scores by metric, as named in `SCORES`; empty if another curve has them."""


@dataclass(frozen=True)
class MeasuredFile:
    """Size of a file of one image, header included, the decoded picture, and scores by metric."""

    file_bytes: int
    bpp: float
    scores: Mapping[str, float]
    pixels: Pixels


@dataclass(frozen=True)
class MeasuredClassic:
    """A classic codec at each of its qualities."""

    codec: ClassicCodec

    curves: ClassVar[Mapping[str, Labels]] = {"files": {"kind": "files"}}
    """See `Measurable.curves`."""

    @property
    def key(self) -> tuple[object, ...]:
        """The key of its measurements in the cache of `measure_once`."""
        settings = [dict(self.codec.options(quality)) for quality in self.codec.qualities]
        return self.codec.name, PIL.__version__, settings

    def points(self, pixels: Pixels) -> Iterator[Point]:
        """See `Measurable.points`."""
        for quality in self.codec.qualities:
            data = self.codec.encode(pixels, quality)
            yield Point("files", quality, len(data), self.codec.decode(data))


def check_measurable(image: str, pixels: Pixels) -> None:
    """Raise `ImageTooSmallError`, which names the image, if it is too small for MS-SSIM."""
    height, width = pixels.shape[:2]
    if min(height, width) < SHORTEST_SIDE:
        raise ImageTooSmallError(
            f"{image} is {width}×{height} pixels: MS-SSIM needs sides of {SHORTEST_SIDE} or more, "
            "so leave it out or enlarge it"
        )


def measure(image: str, pixels: Pixels, codec: Measurable) -> Iterator[Measurement]:
    """Measure every point of a codec for one image.

    Raises `ImageTooSmallError` if a side is 160 pixels or less.
    """
    size = pixels.shape[0] * pixels.shape[1]
    for point in codec.points(pixels):
        found = {} if point.decoded is None else scores(point.decoded, pixels)
        yield Measurement(image, point.curve, point.point, point.bytes, size, found)


def measure_once(
    cache: Path, key: Sequence[object], image: str, pixels: Pixels, codec: Measurable
) -> list[Measurement]:
    """Like `measure`, but cached, for measurements that take minutes a picture.

    Args:
        cache: folder with a file for each picture and key.
        key: JSON values that identify the codec.
        image: name of the image.
        pixels: pixels of the image.
        codec: the codec to measure.

    Raises:
        UserError: the cache file is damaged.
    """
    of_pixels = hashlib.sha256(np.ascontiguousarray(pixels).tobytes()).hexdigest()
    file = make_folder(cache) / f"{digest_of([*key, [*SCORES], pixels.shape, of_pixels])}.json"
    if not file.is_file():
        write_json(file, {"points": [asdict(m) for m in measure(image, pixels, codec)]})
    try:
        kept = json.loads(file.read_text(encoding="utf-8"))["points"]
        return [Measurement(**{**point, "image": image}) for point in kept]
    except (ValueError, TypeError, KeyError) as error:
        raise UserError(f"the cache file {file} is damaged: delete it and start again") from error


def measure_file(size: int, decoded: Pixels, original: Pixels) -> MeasuredFile:
    """Measure a single file of `size` bytes.

    Raises `ImageTooSmallError` if a side is 160 pixels or less, `ValueError` for unequal shapes.
    """
    height, width = original.shape[:2]
    return MeasuredFile(size, 8 * size / (height * width), scores(decoded, original), decoded)


def scores(decoded: Pixels, original: Pixels) -> dict[str, float]:
    """Return the scores of a decoded picture by every metric, in the order of `SCORES`."""
    pair = pixels_to_batch(decoded), pixels_to_batch(original)
    return {name: float(score(*pair)) for name, score in SCORES.items()}


def tabulate(
    measurements: Iterable[Measurement], curves: Mapping[str, Labels]
) -> tuple[tuple[str, ...], dict[str, Samples]]:
    """Arrange measurements, given in any order, as curves.

    Args:
        measurements: measurements at the same points of a curve for each image.
        curves: labels of the curves by name; curves without a measurement are left out.

    Returns:
        The sorted names of the images, and the curves by name.

    Raises:
        UnequalPointsError: an image lacks a point that another has, or has one twice, so means at
            different points would be over different images; or a curve has no scores.
        ValueError: there are no measurements, or a curve is not described.
    """
    found: dict[str, dict[tuple[str, float], Measurement]] = {name: {} for name in curves}
    for m in measurements:
        if m.curve not in found:
            raise ValueError(f"the curve {m.curve} is not described")
        if (m.image, m.point) in found[m.curve]:
            raise UnequalPointsError(f"{m.image} at point {m.point:g} of {m.curve} occurs twice")
        found[m.curve][m.image, m.point] = m
    images = tuple(sorted({image for own in found.values() for image, _ in own}))
    if not images:
        raise ValueError("there are no measurements")
    arranged = {name: _samples(name, own, images) for name, own in found.items() if own}
    return images, {name: _with_scores(name, curves[name], arranged) for name in arranged}


def _samples(
    name: str, own: Mapping[tuple[str, float], Measurement], images: Sequence[str]
) -> Samples:
    points = tuple(sorted({point for _, point in own}))
    for image, point in product(images, points):
        if (image, point) not in own:
            raise UnequalPointsError(f"{image} at point {point:g} of {name} is missing")
    table = [own[image, point] for image, point in product(images, points)]
    metrics = table[0].scores
    if any(m.scores.keys() != metrics.keys() for m in table):
        raise UnequalPointsError(f"the points of {name} do not all have the same metrics")

    def array(values: Iterable[float]) -> NDArray[np.float64]:
        return np.array([*values], np.float64).reshape(len(images), len(points))

    return Samples(
        points,
        array(m.bytes for m in table),
        array(m.pixels for m in table),
        {metric: array(m.scores[metric] for m in table) for metric in metrics},
    )


def _with_scores(name: str, labels: Labels, arranged: Mapping[str, Samples]) -> Samples:
    """Return a curve with its scores, which may be those of another."""
    own, other = arranged[name], arranged.get(labels.get("scores_of", name))
    if other is None or not other.scores or not set(own.points) <= set(other.points):
        raise UnequalPointsError(f"there are no scores for {name}")
    columns = [other.points.index(point) for point in own.points]
    # Row-major, so that means are summed in the same order for all curves.
    found = {metric: values[:, columns].copy("C") for metric, values in other.scores.items()}
    return Samples(own.points, own.bytes, own.pixels, found)
