"""What is measured of every codec: how long its files are, and what they decode to.

A codec is `Measurable`: it says which curves it has and yields their points for a picture. One
loop, `measure`, scores what they decode to; `tabulate` arranges the measurements as curves.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import product
from pathlib import Path
from typing import ClassVar, Protocol

import numpy as np
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
"""Of a curve:

    kind        what its bytes are: `files`, whole ones, header included; `nominal`, the bits before
                entropy coding; `ideal`, −log₂ of the probabilities that the entropy coder
                approximates; `prefix`, beginnings of files
    entropy     the entropy coder, where there is a choice of one
    tune        what bits were spent for, where they are spent where they count
    scores_of   the curve with the same pictures at the same points, whose scores these rates have
"""
ADAPTIVE = "adaptive"
"""Begins the names of curves of files that spend bits where they count."""


@dataclass(frozen=True)
class Point:
    """One file of a picture.

    Attributes:
        curve: one of `Measurable.curves`.
        point: the setting: a level, a quality, a rate asked for.
        bytes: its length; of rates that no file has, perhaps not whole.
        decoded: what it decodes to; None on curves with the scores of another.
    """

    curve: str
    point: float
    bytes: float
    decoded: "Pixels | None"


class Measurable(Protocol):
    """A codec, or a way to use one."""

    @property
    def curves(self) -> Mapping[str, Labels]:
        """What is measured, by name."""

    def points(self, pixels: Pixels) -> Iterator[Point]:
        """The same points of every curve for each picture."""


@dataclass(frozen=True)
class Measurement:
    """A point of one image, scored."""

    image: str
    """The image's name in its data set."""
    curve: str
    point: float
    bytes: float
    pixels: int
    """Of the image."""
    scores: Mapping[str, float]
    """By metric, the names of `SCORES`; empty where another curve has them."""


@dataclass(frozen=True)
class MeasuredFile:
    """A file of one image, header included, and what it decodes to; scores are by metric."""

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

    def points(self, pixels: Pixels) -> Iterator[Point]:
        """See `Measurable.points`."""
        for quality in self.codec.qualities:
            data = self.codec.encode(pixels, quality)
            yield Point("files", quality, len(data), self.codec.decode(data))


def check_measurable(image: str, pixels: Pixels) -> None:
    """Raise `ImageTooSmallError`, naming the image, if MS-SSIM cannot score it."""
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
    """As `measure`, or what that gave before, for what takes minutes a picture.

    Args:
        cache: a file for each picture and key is kept there.
        key: what tells the codec from others, as JSON can hold it.
        image: its name.
        pixels: its pixels.
        codec: is measured.

    Raises:
        UserError: a file there is damaged.
    """
    of_pixels = hashlib.sha256(np.ascontiguousarray(pixels).tobytes()).hexdigest()
    file = make_folder(cache) / f"{digest_of([*key, pixels.shape, of_pixels])}.json"
    if not file.is_file():
        write_json(file, {"points": [asdict(m) for m in measure(image, pixels, codec)]})
    try:
        kept = json.loads(file.read_text(encoding="utf-8"))["points"]
        return [Measurement(**{**point, "image": image}) for point in kept]
    except (ValueError, TypeError, KeyError) as error:
        raise UserError(f"the cache file {file} is damaged: delete it and start again") from error


def measure_file(size: int, decoded: Pixels, original: Pixels) -> MeasuredFile:
    """Measure a file of `size` bytes by itself.

    Raises `ImageTooSmallError` if a side is 160 pixels or less, `ValueError` for unequal shapes.
    """
    height, width = original.shape[:2]
    return MeasuredFile(size, 8 * size / (height * width), scores(decoded, original), decoded)


def scores(decoded: Pixels, original: Pixels) -> dict[str, float]:
    """Every metric of a picture, in the order of `SCORES`."""
    pair = pixels_to_batch(decoded), pixels_to_batch(original)
    return {name: float(score(*pair)) for name, score in SCORES.items()}


def tabulate(
    measurements: Iterable[Measurement], curves: Mapping[str, Labels]
) -> tuple[tuple[str, ...], dict[str, Samples]]:
    """Arrange measurements as curves, whatever their order.

    Args:
        measurements: of the same points of a curve for each image.
        curves: labels by name; those without a measurement are left out.

    Returns:
        Names of the images, sorted, and the curves by name.

    Raises:
        UnequalPointsError: an image lacks a point that another has, or has one twice, so that
            means at different points would be over different images; or a curve has no scores.
        ValueError: there is nothing to arrange, or a curve that is not described.
    """
    found: dict[str, dict[tuple[str, float], Measurement]] = {name: {} for name in curves}
    for m in measurements:
        if m.curve not in found:
            raise ValueError(f"the curve {m.curve} is not described")
        if (m.image, m.point) in found[m.curve]:
            raise UnequalPointsError(f"{m.image} at point {m.point:g} of {m.curve} is there twice")
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
        raise UnequalPointsError(f"some points of {name} have other metrics than others")

    def array(values: Iterable[float]) -> NDArray[np.float64]:
        return np.array([*values], np.float64).reshape(len(images), len(points))

    return Samples(
        points,
        array(m.bytes for m in table),
        array(m.pixels for m in table),
        {metric: array(m.scores[metric] for m in table) for metric in metrics},
    )


def _with_scores(name: str, labels: Labels, arranged: Mapping[str, Samples]) -> Samples:
    """A curve with its scores, which may be those of another."""
    own, other = arranged[name], arranged.get(labels.get("scores_of", name))
    if other is None or not other.scores or not set(own.points) <= set(other.points):
        raise UnequalPointsError(f"there are no scores for {name}")
    columns = [other.points.index(point) for point in own.points]
    # In rows, so that means add up in the same order for all curves.
    found = {metric: values[:, columns].copy("C") for metric, values in other.scores.items()}
    return Samples(own.points, own.bytes, own.pixels, found)
