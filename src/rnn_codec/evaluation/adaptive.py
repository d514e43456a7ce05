"""Files that spend bits where they count: real ones, at sixteen rates, decoded again.

folder/
  adaptive.csv          one row for each image, tune and rate
  adaptive.json         mean curves, areas, BD-rates to uniform files of the same model
  prefixes.csv          beginnings of the longest file, and of a uniform one, at equal bytes
  adaptive.png          mean quality over the rate, beside that of uniform files
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnn_codec.compression.distortion import distortion_named
from rnn_codec.compression.model import Model, truncate
from rnn_codec.compression.picture import ModelPicture
from rnn_codec.compression.rate_control import BitsPerPixel, Bytes, Iterations
from rnn_codec.data.decoding import digest_of
from rnn_codec.errors import UserError
from rnn_codec.evaluation.curve import Curve, areas_under, mean_curve
from rnn_codec.evaluation.figure import draw_curves
from rnn_codec.evaluation.measurement import Measurement, measure
from rnn_codec.families.binary.code import MAX_ITERATIONS
from rnn_codec.files import atomic_path, make_folder, write_csv, write_json
from rnn_codec.machine import hardware, versions
from rnn_codec.metrics.bd_rate import BD_METRICS, bd_rate
from rnn_codec.metrics.scores import SCORES

RATES = tuple(iteration / 8 for iteration in range(1, MAX_ITERATIONS + 1))
"""Bits per pixel that are asked for."""
PREFIX_RATES = (0.25, 0.5, 1.0, 1.5)
"""Bits per pixel of the beginnings of the longest file."""
LEAST_OVERLAP = 0.5
"""Of two curves' qualities, for a BD-rate."""
ADAPTIVE_FILE = "adaptive.csv"
MEAN_ADAPTIVE_FILE = "adaptive.json"
PREFIXES_FILE = "prefixes.csv"
ADAPTIVE_COLUMNS = ("image", "tune", "rate", "bpp")
PREFIX_COLUMNS = ("image", "tune", "kind", "rate", "bpp")
ADAPTIVE, UNIFORM = "adaptive", "uniform"

FILES = ("files", "prefixes", "uniform")
"""Of `Adaptive`."""
RULES = 2
"""Version of how stops are chosen: what other rules gave is measured again."""

Pixels = NDArray[np.uint8]


@dataclass(frozen=True)
class Adaptive:
    """One image's files for one tune.

    Attributes:
        tune: what bits were spent for.
        files: at `RATES`.
        prefixes: beginnings of the last of them, at `PREFIX_RATES`.
        uniform: beginnings of a file without stops that are as long.
    """

    tune: str
    files: list[Measurement]
    prefixes: list[Measurement]
    uniform: list[Measurement]


def measure_adaptive(name: str, pixels: Pixels, model: Model, tune: str) -> Adaptive:
    """Code one image at every rate, as `compress --bpp` does, and decode the files.

    Args:
        name: of the image.
        pixels: (H, W, 3).
        model: codes it; all iterations everywhere only once.
        tune: what bits are spent for.
    """
    parts = model.codec, model.coder, model.identifier
    picture = ModelPicture(*parts, pixels, distortion_named(tune), importance=None)

    def measured(rate: float, data: bytes) -> Measurement:
        return measure(name, rate, len(data), model.decompress(data), pixels)

    # First, so that what is coded the same everywhere is there for all rates.
    alike = picture.file(Iterations(model.codec.iterations).choose(picture))[0]
    coded = [picture.file(BitsPerPixel(rate).choose(picture))[0] for rate in RATES]
    lengths = [BitsPerPixel(rate).bytes_for(picture.pixels) for rate in PREFIX_RATES]
    return Adaptive(
        tune,
        [measured(rate, data) for rate, data in zip(RATES, coded, strict=True)],
        [
            measured(rate, truncate(coded[-1], Bytes(length)))
            for rate, length in zip(PREFIX_RATES, lengths, strict=True)
        ],
        [
            measured(rate, truncate(alike, Bytes(length)))
            for rate, length in zip(PREFIX_RATES, lengths, strict=True)
        ],
    )


def measure_once(cache: Path, name: str, pixels: Pixels, model: Model, tune: str) -> Adaptive:
    """As `measure_adaptive`, or what that gave before: minutes for each picture.

    Args:
        cache: a file for each picture, model and tune is kept there.
        name: of the image.
        pixels: (H, W, 3).
        model: codes it.
        tune: what bits are spent for.

    Raises:
        UserError: a file there is damaged.
    """
    of_pixels = hashlib.sha256(np.ascontiguousarray(pixels).tobytes()).hexdigest()
    key = digest_of([RULES, model.identifier, tune, RATES, PREFIX_RATES, pixels.shape, of_pixels])
    file = make_folder(cache) / f"{key}.json"
    if not file.is_file():
        write_json(file, asdict(measure_adaptive(name, pixels, model, tune)))
    try:
        kept = json.loads(file.read_text(encoding="utf-8"))
        parts = {part: [_again(name, f) for f in kept[part]] for part in FILES}
    except (ValueError, TypeError, KeyError) as error:
        raise UserError(f"the cache file {file} is damaged: delete it and start again") from error
    return Adaptive(tune, **parts)


def _again(name: str, kept: Mapping[str, Any]) -> Measurement:
    return Measurement(name, kept["point"], kept["bpp"], kept["scores"])


def write_adaptive(
    folder: Path,
    measured: Sequence[Adaptive],
    coder: str,
    uniform: Curve,
    settings: Mapping[str, object],
) -> dict[str, object]:
    """Write the files to `folder`, which exists; return what the summary holds.

    Args:
        folder: of the record.
        measured: every image with every tune.
        coder: the entropy coder of the files.
        uniform: the mean curve of files of this coder without stops.
        settings: of the record.
    """
    metrics = list(uniform.scores)
    write_csv(
        folder / ADAPTIVE_FILE,
        (*ADAPTIVE_COLUMNS, *metrics),
        ((f.image, one.tune, f.point, f.bpp, *f.scores.values()) for one, f in _files(measured)),
    )
    write_csv(
        folder / PREFIXES_FILE,
        (*PREFIX_COLUMNS, *metrics),
        (
            (f.image, one.tune, kind, f.point, f.bpp, *f.scores.values())
            for one in measured
            for kind, files in ((ADAPTIVE, one.prefixes), (UNIFORM, one.uniform))
            for f in files
        ),
    )
    curves = mean_curves(measured)
    content: dict[str, object] = {
        "images": len({f.image for _, f in _files(measured)}),
        "coder": coder,
        "tunes": {
            tune: {
                "curve": curve.columns(),
                "areas": areas_under(curve),
                "bd_rates_to_uniform": bd_rates(curve, uniform),
            }
            for tune, curve in curves.items()
        },
        "prefixes": prefix_means(measured),
    }
    origin = {"settings": dict(settings), "versions": versions(), "hardware": hardware()}
    write_json(folder / MEAN_ADAPTIVE_FILE, content | origin)
    with atomic_path(folder / "adaptive.png") as partial:
        shown = [(f"adaptive, {tune}", curve) for tune, curve in curves.items()]
        draw_curves(partial, f"files, {coder}", [*shown, (UNIFORM, uniform)], "")
    return content


def _files(measured: Sequence[Adaptive]) -> Iterator[tuple[Adaptive, Measurement]]:
    return ((one, file) for one in measured for file in one.files)


def mean_curves(measured: Sequence[Adaptive]) -> dict[str, Curve]:
    """Means over the images, for each tune."""
    tunes = dict.fromkeys(one.tune for one in measured)
    return {
        tune: mean_curve(file for one, file in _files(measured) if one.tune == tune)
        for tune in tunes
    }


def bd_rates(curve: Curve, uniform: Curve) -> dict[str, float]:
    """Per cent of rate beyond that of uniform files at equal quality, by metric."""
    found: dict[str, float] = {}
    for metric in BD_METRICS:
        own, other = (SCORES[metric].decibels(c.scores[metric]) for c in (curve, uniform))
        rate = bd_rate(curve.bpp, own, uniform.bpp, other, LEAST_OVERLAP)
        found |= {metric: rate} if rate is not None else {}
    return found


def prefix_means(
    measured: Sequence[Adaptive],
) -> dict[str, dict[str, dict[str, tuple[float, ...]]]]:
    """Mean curves of beginnings, by tune and kind."""
    tunes = dict.fromkeys(one.tune for one in measured)
    return {
        tune: {
            kind: mean_curve(
                f for one in measured if one.tune == tune for f in getattr(one, attribute)
            ).columns()
            for kind, attribute in ((ADAPTIVE, "prefixes"), (UNIFORM, "uniform"))
        }
        for tune in tunes
    }


def adaptive_sentences(content: Mapping[str, Any]) -> list[str]:
    """What the summary says, for the terminal."""
    lines = []
    for tune, found in content["tunes"].items():
        rates = ", ".join(
            f"{value:+.1f} % by {SCORES[metric].title}"
            for metric, value in found["bd_rates_to_uniform"].items()
        )
        lines.append(f"Adaptive files, {tune}: BD-rate to uniform ones {rates or 'unknown'}.")
    return lines


def of_files(curve: Curve, file_bpp: Sequence[float]) -> Curve:
    """A codec's curve over iterations, at the rates of its files.

    They hold the first iterations.
    """
    first = curve.first(len(file_bpp))
    return replace(first, bpp=tuple(file_bpp))
