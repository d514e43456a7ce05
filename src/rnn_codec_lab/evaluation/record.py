"""A record: measurements of a codec on a data set, and how they were made.

    folder/
      points.csv                one row for each image, curve and point
      about.json                labels, settings, facts of the model, versions, hardware
      rate_distortion.png       and other figures

Only `points.csv` holds figures: means, areas and savings are derived when a record is read. If the
scores of a row are empty, `about.json` names the curve that has them (`scores_of`). It also holds
the digest of `points.csv`, which shows that the two files belong together.
"""

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import TypeAdapter, ValidationError

from rnn_codec.errors import UserError, reason
from rnn_codec.files import make_folder, write_csv, write_json
from rnn_codec.machine import hardware, versions
from rnn_codec.metrics.bd_rate import BD_METRICS, bd_rate
from rnn_codec.metrics.curve import Curve, Samples, areas_under, quality_at
from rnn_codec.metrics.scores import SCORES
from rnn_codec.runs.cost import TrainingCost
from rnn_codec_lab.evaluation.measurement import Measurement, tabulate

ABOUT_FILE = "about.json"
POINTS_FILE = "points.csv"
FIGURE_FILE = "rate_distortion.png"
COLUMNS = ("image", "curve", "point", "bytes", "pixels")
"""Columns of `POINTS_FILE`; a column for each metric follows."""
NO_CODER = "none"
"""The entropy coder that writes bits unchanged; tables show nominal rates for it."""


class RecordError(ValueError):
    """Raised if a record cannot be used; the message is a sentence that names the file."""


@dataclass(frozen=True)
class ModelFacts:
    """Facts about a trained codec, in addition to its curves."""

    parameters: int
    macs_per_pixel: float
    """Multiply–accumulate operations of encoder and decoder per pixel and level."""
    identity: str | None
    """Identity of the training (configuration and data); None if the training recorded no cost."""
    training: TrainingCost | None
    coder_training_seconds: dict[str, float] = field(default_factory=dict)
    """Training time of the entropy coders that recorded it, by name."""
    coder_identities: dict[str, str] = field(default_factory=dict)
    """Identities of these trainings, by name."""
    restoration_training_seconds: float | None = None
    """Training time of the networks that restore what is decoded, 0 without any; None if it is not
    known, as in older records."""


@dataclass(frozen=True)
class About:
    """The content of `about.json`."""

    name: str
    """Short name of the codec or run: the label in figures and tables."""
    dataset: str
    """Name of the data set of the images."""
    description: str = ""
    """A sentence for readers of CompressAI's format."""
    labels: dict[str, str] = field(default_factory=dict)
    """The kind of codec: `family`, and labels that tell the codecs of a family apart."""
    curves: dict[str, dict[str, str]] = field(default_factory=dict)
    """Labels of each curve (`measurement.Labels`); the first curve is the default by which a codec
    is judged."""
    settings: dict[str, Any] = field(default_factory=dict)
    """Everything that a repetition needs: configuration, command, seed, `pictures_digest`."""
    model: ModelFacts | None = None
    """None for classic codecs."""
    versions: dict[str, str] = field(default_factory=versions)
    hardware: dict[str, str | int | None] = field(default_factory=hardware)
    digest: str = ""
    """SHA-256 of `points.csv`."""


ABOUT = TypeAdapter(About)


@dataclass(frozen=True, eq=False)
class Record:
    """A codec measured on a data set."""

    path: str
    """POSIX path of its folder, relative to the results."""
    folder: Path
    about: About
    images: tuple[str, ...]
    """Sorted names of the images."""
    curves: Mapping[str, Samples]
    """Curves by name, in the order of `About.curves`."""

    @property
    def experiment(self) -> str:
        """The first folder below the results."""
        return self.path.split("/", 1)[0]

    @property
    def config(self) -> Mapping[str, Any] | None:
        """The configuration of the training; None for classic codecs."""
        config = self.about.settings.get("config")
        return config if isinstance(config, dict) else None

    @property
    def seed(self) -> int | None:
        """The seed of the training."""
        seed = self.about.settings.get("seed")
        return seed if isinstance(seed, int) else None

    def mean(self, curve: str | None = None) -> Curve:
        """Return the mean of a curve, by default of the first."""
        return self.curves[next(iter(self.curves)) if curve is None else curve].mean()

    def areas(self, curve: str | None = None) -> dict[str, float]:
        """Return the areas under a mean curve, by metric."""
        return areas_under(self.mean(curve))

    def named(self, **labels: str | None) -> list[str]:
        """Return the curves with the given labels; None stands for a missing label."""
        about = self.about.curves
        return [
            name
            for name in self.curves
            if all(about[name].get(key) == value for key, value in labels.items())
        ]

    @property
    def entropy_coders(self) -> list[str]:
        """The names of the curves of files that spend the same bits everywhere."""
        return [c for c in self.named(kind="files", tune=None) if "entropy" in self.about.curves[c]]

    @property
    def compared(self) -> list[str]:
        """The curves that get a row in tables: files, and nominal rates, which represent files
        without entropy coding."""
        nominal = self.named(kind="nominal")
        plain = self.named(kind="files", entropy=NO_CODER, tune=None) if nominal else []
        return nominal + [name for name in self.named(kind="files") if name not in plain]

    def coder(self, curve: str) -> str | None:
        """Return the entropy coder of a curve, as named in tables; None without a choice of one."""
        labels = self.about.curves[curve]
        if labels["kind"] == "nominal":
            return NO_CODER
        return curve if {"entropy", "tune"} & labels.keys() else None

    def savings(self) -> dict[str, Curve]:
        """Return the share of the nominal bits that files save, header included, by entropy coder.

        Rates are nominal, and the only score is `saving`. Empty if there are no nominal rates.
        """
        found = {}
        for nominal in self.named(kind="nominal"):
            bits = self.mean(nominal).bpp
            for coder in self.entropy_coders:
                file = self.mean(coder)
                saved = tuple(1 - f / n for f, n in zip(file.bpp, bits, strict=False))
                found[coder] = Curve(file.point, bits[: len(saved)], {"saving": saved})
        return found


def write_record(folder: str | Path, measurements: Iterable[Measurement], about: About) -> Record:
    """Write a record to `folder`, which is created if necessary, and read it back.

    Curves without measurements are left out of `about`, and the digest is added. Before anything is
    written, the errors of `tabulate` are raised.
    """
    measurements = list(measurements)
    _, found = tabulate(measurements, about.curves)
    folder = make_folder(folder)
    metrics = list(dict.fromkeys(metric for m in measurements for metric in m.scores))
    rows = (
        (m.image, m.curve, m.point, m.bytes, m.pixels, *(m.scores.get(n, "") for n in metrics))
        for m in measurements
    )
    write_csv(folder / POINTS_FILE, (*COLUMNS, *metrics), rows)
    curves = {name: labels for name, labels in about.curves.items() if name in found}
    whole = replace(
        about, curves=curves, digest=sha256((folder / POINTS_FILE).read_bytes()).hexdigest()
    )
    write_json(folder / ABOUT_FILE, asdict(whole))
    return read_record(folder)


def read_about(folder: str | Path) -> About:
    """Read the `about.json` of a record.

    Raises:
        RecordError: the file is missing or incomplete.
    """
    try:
        text = (Path(folder) / ABOUT_FILE).read_text(encoding="utf-8")
        about = ABOUT.validate_python(json.loads(text))
    except FileNotFoundError as error:
        raise RecordError(f"{ABOUT_FILE} is missing") from error
    except (OSError, ValueError, RecursionError) as error:
        raise RecordError(f"{ABOUT_FILE} cannot be read: {first_mistake(error)}") from error
    if not all("kind" in labels for labels in about.curves.values()):
        raise RecordError(f"{ABOUT_FILE} cannot be read: a curve has no kind")
    return about


def first_mistake(error: BaseException) -> str:
    """Return why a file could not be read, in one line without the file's path."""
    if isinstance(error, ValidationError):
        first = error.errors()[0]
        return f"{'.'.join(map(str, first['loc']))} {first['msg']}"
    return (isinstance(error, OSError) and error.strerror) or reason(error)


def read_record(folder: str | Path, path: str = "") -> Record:
    """Read a record.

    Args:
        folder: the record's folder.
        path: path of the record relative to the results.

    Raises:
        RecordError: a file is missing or incomplete, or the files do not belong together.
    """
    folder, about = Path(folder), read_about(folder)
    try:
        data = (folder / POINTS_FILE).read_bytes()
    except OSError as error:
        raise RecordError(f"{POINTS_FILE} is missing or cannot be read") from error
    if sha256(data).hexdigest() != about.digest:
        raise RecordError(
            f"{POINTS_FILE} is not the one that {ABOUT_FILE} was written for: its digest differs"
        )
    try:
        images, curves = tabulate(_measurements(data.decode("utf-8")), about.curves)
        for samples in curves.values():
            _check_range(samples)
    except (ValueError, KeyError, TypeError, csv.Error) as error:
        raise RecordError(f"{POINTS_FILE} cannot be used: {reason(error)}") from error
    return Record(path, folder, about, images, curves)


def _measurements(text: str) -> list[Measurement]:
    rows = csv.DictReader(io.StringIO(text, newline=""))
    metrics = [name for name in rows.fieldnames or () if name not in COLUMNS]
    if unknown := set(metrics) - set(SCORES):
        raise ValueError(f"unknown metrics: {', '.join(sorted(unknown))}")
    return [
        Measurement(
            row["image"],
            row["curve"],
            float(row["point"]),
            float(row["bytes"]),
            int(row["pixels"]),
            {metric: float(row[metric]) for metric in metrics if row[metric] != ""},
        )
        for row in rows
    ]


def _check_range(samples: Samples) -> None:
    """Refuse impossible scores and sizes."""
    for values in (samples.bytes, *samples.scores.values()):
        if not np.isfinite(values).all():
            raise ValueError("it has a number that is not finite")
    if (samples.bytes <= 0).any() or (samples.pixels <= 0).any():
        raise ValueError("it has a file or an image without a positive size")
    for metric, values in samples.scores.items():
        if (values > SCORES[metric].highest).any():
            raise ValueError(f"it has a {metric} above {SCORES[metric].highest:g}")


def pictures_digest(images: Iterable[tuple[str, NDArray[np.uint8]]]) -> str:
    """Return 16 hexadecimal digits that depend on every name and pixel of (name, (H, W, 3))."""
    sha = sha256()
    for name, pixels in images:
        sha.update(f"{name}\0{pixels.shape}\0".encode(errors="surrogateescape"))
        sha.update(np.ascontiguousarray(pixels).tobytes())
    return sha.hexdigest()[:16]


def check_same_pictures(folder: Path, dataset: str, digest: str) -> None:
    """Refuse to overwrite a record of other pictures with the same name.

    Args:
        folder: folder of the record, if there is one.
        dataset: name of the pictures.
        digest: `pictures_digest` of the pictures.

    Raises:
        UserError: the record there is of other pictures.
    """
    try:
        before = read_about(folder).settings.get("pictures")
    except RecordError:
        # There is no record, or none worth keeping.
        return
    if before not in {None, digest}:
        raise UserError(
            f"{folder} has measurements of other pictures that are called {dataset}: set "
            "output=<folder>, or delete them"
        )


def bd_rates(curve: Curve, anchor: Curve, min_overlap: float = 0.5) -> dict[str, float]:
    """Return the BD-rates of a curve against another, in per cent, by metric.

    Args:
        curve: the curve in question.
        anchor: the curve it is compared with.
        min_overlap: metrics are left out if the curves have less than this share of the narrower
            range of qualities in common.
    """
    found: dict[str, float] = {}
    for metric in BD_METRICS:
        if metric in curve.scores and metric in anchor.scores:
            own, other = (SCORES[metric].decibels(c.scores[metric]) for c in (curve, anchor))
            rate = bd_rate(curve.bpp, own, anchor.bpp, other, min_overlap)
            found |= {metric: rate} if rate is not None else {}
    return found


def bd_rates_of_images(
    own: Samples, anchor: Samples, min_overlap: float = 0.5
) -> dict[str, list[float]]:
    """Return the BD-rates of a codec against another for each image, in per cent, by metric.

    Args:
        own, anchor: curves of the same images.
        min_overlap: see `bd_rates`; metrics that any image lacks are left out.
    """
    pairs = zip(own.curves(), anchor.curves(), strict=True)
    found = [bd_rates(*pair, min_overlap) for pair in pairs]
    return {m: [of[m] for of in found] for m in BD_METRICS if all(m in of for of in found)}


def saved_at(record: Record, curve: str, rates: Sequence[float]) -> dict[float, float]:
    """Return the share of the bits that files save at nominal rates, linearly interpolated."""
    found = record.savings().get(curve)
    if found is None:
        return {}
    shares = {bpp: quality_at(found.bpp, found.scores["saving"], bpp) for bpp in rates}
    return {bpp: share for bpp, share in shares.items() if share is not None}


def write_compressai(path: Path, about: About, curve: Curve) -> None:
    """Write a mean curve in the format of CompressAI's `results/image/<set>/*.json`.

    The format has names only for PSNR and MS-SSIM.
    """
    results = {"bpp": curve.bpp}
    for metric, name in (("psnr", "psnr-rgb"), ("ms_ssim", "ms-ssim-rgb")):
        if metric in curve.scores:
            results[name] = curve.scores[metric]
    content = {"name": about.name, "description": about.description, "results": results}
    write_json(path, content)
