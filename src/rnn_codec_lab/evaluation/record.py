"""A record: what was measured of a codec on a data set, and how that came about.

    folder/
      points.csv                one row for each image, curve and point
      about.json                labels, settings, facts of the model, versions, hardware
      rate_distortion.png       and other figures

`points.csv` alone holds figures: means, areas and savings are derived when a record is read. Where
the scores of a row are empty, `about.json` names the curve that has them (`scores_of`). It also
holds the digest of `points.csv`, which tells that both belong together.
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
"""Of `POINTS_FILE`; those of the metrics follow."""
NO_CODER = "none"
"""The entropy coder that writes every bit as it is; in tables its rates are the nominal ones."""


class RecordError(ValueError):
    """A record cannot be used; the message is a sentence that names the file."""


@dataclass(frozen=True)
class ModelFacts:
    """What is known of a trained codec beside its curves."""

    parameters: int
    macs_per_pixel: float
    """Multiply–accumulate operations of encoder and decoder for a pixel of one level."""
    identity: str | None
    """Of the training: configuration and data. None where the training left no cost."""
    training: TrainingCost | None
    coder_training_seconds: dict[str, float] = field(default_factory=dict)
    """Of the entropy coders that left one, by name."""
    coder_identities: dict[str, str] = field(default_factory=dict)
    """Which trainings those were."""


@dataclass(frozen=True)
class About:
    """What `about.json` holds."""

    name: str
    """Of the codec or run, short: the label in figures and tables."""
    dataset: str
    """Of the images."""
    description: str = ""
    """A sentence, for readers of CompressAI's format."""
    labels: dict[str, str] = field(default_factory=dict)
    """What kind of codec it is: `family`, and what tells codecs of a family apart."""
    curves: dict[str, dict[str, str]] = field(default_factory=dict)
    """Labels of each curve (`measurement.Labels`); the first is the one that a codec is judged by
    where none is named."""
    settings: dict[str, Any] = field(default_factory=dict)
    """Whatever a repetition needs: configuration, command, seed, `pictures_digest`."""
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
    """Of its folder, below the results; POSIX."""
    folder: Path
    about: About
    images: tuple[str, ...]
    """Names, sorted."""
    curves: Mapping[str, Samples]
    """By name, in the order of `About.curves`."""

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
        """Of the training."""
        seed = self.about.settings.get("seed")
        return seed if isinstance(seed, int) else None

    def mean(self, curve: str | None = None) -> Curve:
        """A mean curve, the first where none is named."""
        return self.curves[next(iter(self.curves)) if curve is None else curve].mean()

    def areas(self, curve: str | None = None) -> dict[str, float]:
        """Areas under a mean curve, by metric."""
        return areas_under(self.mean(curve))

    def named(self, **labels: str | None) -> list[str]:
        """The curves with such labels; None for those without the label."""
        about = self.about.curves
        return [
            name
            for name in self.curves
            if all(about[name].get(key) == value for key, value in labels.items())
        ]

    @property
    def entropy_coders(self) -> list[str]:
        """Names of the curves of files that spend the same bits everywhere."""
        return [c for c in self.named(kind="files", tune=None) if "entropy" in self.about.curves[c]]

    @property
    def compared(self) -> list[str]:
        """The curves that tables have a row for: files, and nominal rates, which stand for files
        whose coder leaves every bit as it is."""
        nominal = self.named(kind="nominal")
        plain = self.named(kind="files", entropy=NO_CODER, tune=None) if nominal else []
        return nominal + [name for name in self.named(kind="files") if name not in plain]

    def coder(self, curve: str) -> str | None:
        """What tables call the entropy coder of a curve; None where it has no choice of one."""
        labels = self.about.curves[curve]
        if labels["kind"] == "nominal":
            return NO_CODER
        return curve if {"entropy", "tune"} & labels.keys() else None

    def savings(self) -> dict[str, Curve]:
        """Share of the nominal bits that files save, header included, by entropy coder.

        The rates are nominal; the one score is `saving`. Empty where there are no nominal rates.
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
    """Write a record to `folder`, made if need be, and read it again.

    Curves without measurements are left out of `about`, the digest is added. Raises, before it
    writes, as `tabulate`.
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
    """Read what a record says of itself.

    Raises:
        RecordError: it is missing, or not whole.
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
    """Why a file could not be read, in one line that does not depend on where it lies."""
    if isinstance(error, ValidationError):
        first = error.errors()[0]
        return f"{'.'.join(map(str, first['loc']))} {first['msg']}"
    return (isinstance(error, OSError) and error.strerror) or reason(error)


def read_record(folder: str | Path, path: str = "") -> Record:
    """Read a record.

    Args:
        folder: the record's.
        path: what the record is called, below the results.

    Raises:
        RecordError: a file is missing or not whole, or they do not belong together.
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
        raise ValueError(f"no metric is called {', '.join(sorted(unknown))}")
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
    """Refuse scores and rates that no image can have."""
    for values in (samples.bytes, *samples.scores.values()):
        if not np.isfinite(values).all():
            raise ValueError("it has a number that is not finite")
    if (samples.bytes <= 0).any() or (samples.pixels <= 0).any():
        raise ValueError("it has a file or an image of no size")
    for metric, values in samples.scores.items():
        if (values > SCORES[metric].highest).any():
            raise ValueError(f"it has a {metric} above {SCORES[metric].highest:g}")


def pictures_digest(images: Iterable[tuple[str, NDArray[np.uint8]]]) -> str:
    """16 hexadecimal digits that differ when a name or a pixel of (name, (H, W, 3) pixels) does."""
    sha = sha256()
    for name, pixels in images:
        sha.update(f"{name}\0{pixels.shape}\0".encode(errors="surrogateescape"))
        sha.update(np.ascontiguousarray(pixels).tobytes())
    return sha.hexdigest()[:16]


def check_same_pictures(folder: Path, dataset: str, digest: str) -> None:
    """Refuse to overwrite a record of other pictures that have the same name.

    Args:
        folder: of the record, if there is one.
        dataset: name of the pictures.
        digest: `pictures_digest` of them.

    Raises:
        UserError: what is there was measured on others.
    """
    try:
        before = read_about(folder).settings.get("pictures")
    except RecordError:
        # There is none, or nothing to lose.
        return
    if before not in {None, digest}:
        raise UserError(
            f"{folder} has measurements of other pictures that are called {dataset}, too: set "
            "output=<folder>, or delete them"
        )


def bd_rates(curve: Curve, anchor: Curve, min_overlap: float = 0.5) -> dict[str, float]:
    """Per cent of rate beyond that of another curve at equal quality, by metric.

    Args:
        curve: in question.
        anchor: what it is compared with.
        min_overlap: metrics are left out where the curves have less than this share of the
            narrower range of qualities in common.
    """
    found: dict[str, float] = {}
    for metric in BD_METRICS:
        if metric in curve.scores and metric in anchor.scores:
            own, other = (SCORES[metric].decibels(c.scores[metric]) for c in (curve, anchor))
            rate = bd_rate(curve.bpp, own, anchor.bpp, other, min_overlap)
            found |= {metric: rate} if rate is not None else {}
    return found


def saved_at(record: Record, curve: str, rates: Sequence[float]) -> dict[float, float]:
    """Share of the bits that files save, at nominal rates that were measured, linear between."""
    found = record.savings().get(curve)
    if found is None:
        return {}
    shares = {bpp: quality_at(found.bpp, found.scores["saving"], bpp) for bpp in rates}
    return {bpp: share for bpp, share in shares.items() if share is not None}


def write_compressai(path: Path, about: About, curve: Curve) -> None:
    """Write a mean curve in the format of CompressAI's `results/image/<set>/*.json`.

    It has names for PSNR and MS-SSIM.
    """
    results = {"bpp": curve.bpp}
    for metric, name in (("psnr", "psnr-rgb"), ("ms_ssim", "ms-ssim-rgb")):
        if metric in curve.scores:
            results[name] = curve.scores[metric]
    content = {"name": about.name, "description": about.description, "results": results}
    write_json(path, content)
