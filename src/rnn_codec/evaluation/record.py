"""An evaluation on disk: every number, the means, a figure, and how they came about.

    folder/
      per_image.csv             one row per measurement
      summary.json              mean curve, areas, settings, versions, hardware
      compressai.json           the mean curve as CompressAI stores its results
      rate_distortion.png       PSNR, MS-SSIM and PSNR-HVS over bits per pixel

Every file is either whole or absent.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnn_codec.errors import UserError
from rnn_codec.evaluation.curve import Curve, areas_under, from_columns, mean_curve
from rnn_codec.evaluation.figure import draw_curves
from rnn_codec.evaluation.measurement import Measurement
from rnn_codec.files import atomic_path, make_folder, write_csv, write_json
from rnn_codec.machine import hardware, versions
from rnn_codec.metrics.area_under_curve import PROTOCOL
from rnn_codec.metrics.scores import SCORES
from rnn_codec.runs.cost import TrainingCost

SUMMARY_FILE = "summary.json"
PER_IMAGE_FILE = "per_image.csv"
EXPORT_FILE = "compressai.json"
FIGURE_FILE = "rate_distortion.png"
MEASUREMENT_COLUMNS = ("image", "point", "bpp")
"""Of `PER_IMAGE_FILE`, before the metrics."""
PICTURES = "pictures"
"""In the settings: `pictures_digest` of what was measured on."""
EXPORTED = ("psnr", "ms_ssim")
"""The metrics that CompressAI's format has names for."""


@dataclass(frozen=True)
class ModelFacts:
    """What is known of a recurrent codec beside its curve."""

    parameters: int
    macs_per_pixel: float
    """Multiply–accumulate operations of encoder and decoder for a pixel of one iteration."""
    identity: str | None
    """Of the training: configuration and data. None where the training left no cost."""
    training: TrainingCost | None
    coder_training_seconds: dict[str, float]
    """Of the entropy coders that left one, by name."""
    coder_identities: dict[str, str] = field(default_factory=dict)
    """Which trainings those were."""


@dataclass(frozen=True)
class Description:
    """What was evaluated, and on what."""

    name: str
    """Of the codec or run, short: the label in figures and tables."""
    dataset: str
    """Of the images."""
    description: str = ""
    """A sentence, for readers of CompressAI's format."""
    settings: Mapping[str, object] = field(default_factory=dict)
    """Configuration, command, seed: whatever JSON can hold and a repetition needs."""
    model: ModelFacts | None = None
    """None for classic codecs."""


@dataclass(frozen=True)
class Summary:
    """What `summary.json` holds."""

    name: str
    dataset: str
    description: str
    images: int
    """The number of images."""
    curve: Curve
    """Means over the images."""
    area_protocol: str
    areas: dict[str, float]
    """Area under each metric's mean curve, by `area_protocol`."""
    settings: Mapping[str, object]
    versions: dict[str, str]
    hardware: dict[str, str | int | None]
    model: ModelFacts | None = None
    """None for classic codecs."""

    def content(self) -> dict[str, object]:
        """What `summary.json` holds."""
        return asdict(self) | {"curve": self.curve.columns()}


def write_evaluation(
    folder: str | Path,
    measurements: Iterable[Measurement],
    description: Description,
    beside: Sequence[tuple[str, Curve]] = (),
) -> Summary:
    """Write an evaluation's files to `folder`, made if need be; return what the summary holds.

    `beside` are (label, curve) pairs that the figure shows for comparison. Raises
    `UnequalPointsError` or `ValueError`, before it writes, for measurements without a mean curve.
    """
    measurements = list(measurements)
    summary = summarise(measurements, description)
    folder = make_folder(folder)
    columns = (*MEASUREMENT_COLUMNS, *summary.curve.scores)
    rows = ((m.image, m.point, m.bpp, *m.scores.values()) for m in measurements)
    write_csv(folder / PER_IMAGE_FILE, columns, rows)
    write_json(folder / EXPORT_FILE, compressai_results(summary))
    _write_figure(folder / FIGURE_FILE, summary, beside)
    write_json(folder / SUMMARY_FILE, summary.content())
    return summary


def pictures_digest(images: Iterable[tuple[str, NDArray[np.uint8]]]) -> str:
    """16 hexadecimal digits that differ when a name or a pixel of (name, (H, W, 3) pixels) does."""
    sha = hashlib.sha256()
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
        before = read_summary(folder).settings.get(PICTURES)
    except (OSError, ValueError, AttributeError):
        # There is none, or nothing to lose.
        return
    if before not in {None, digest}:
        raise UserError(
            f"{folder} has measurements of other pictures that are called {dataset}, too: set "
            "output=<folder>, or delete them"
        )


def summarise(measurements: Sequence[Measurement], description: Description) -> Summary:
    """Return means, areas, versions and hardware of an evaluation made here and now."""
    curve = mean_curve(measurements)
    return Summary(
        **vars(description),
        images=len({measurement.image for measurement in measurements}),
        curve=curve,
        area_protocol=PROTOCOL,
        areas=areas_under(curve),
        versions=versions(),
        hardware=hardware(),
    )


def read_summary(path: str | Path) -> Summary:
    """Read a `summary.json`, named by itself or by its folder.

    Raises `FileNotFoundError` if there is none and `ValueError` for another file.
    """
    path = Path(path)
    file = path / SUMMARY_FILE if path.is_dir() else path
    content = json.loads(file.read_text(encoding="utf-8"))
    names = {field.name for field in fields(Summary)}
    if not isinstance(content, dict) or {"model", *content} != names:
        raise ValueError(f"{file} is not an evaluation's summary")
    try:
        curve = from_columns(content.pop("curve"))
        if unknown := set(curve.scores) - set(SCORES):
            raise KeyError(f"no metric is called {', '.join(sorted(unknown))}")
        return Summary(curve=curve, model=_read_model(content.pop("model", None)), **content)
    except (TypeError, AttributeError, KeyError) as error:
        raise ValueError(f"{file} is not an evaluation's summary: {error}") from error


def _read_model(content: dict[str, Any] | None) -> ModelFacts | None:
    if content is None:
        return None
    training = content.pop("training")
    return ModelFacts(training=TrainingCost(**training) if training else None, **content)


def compressai_results(summary: Summary) -> dict[str, object]:
    """Return the mean curve in the format of CompressAI's `results/image/<set>/*.json`."""
    scores = {f"{m.replace('_', '-')}-rgb": summary.curve.scores.get(m) for m in EXPORTED}
    results = {"bpp": summary.curve.bpp} | {m: found for m, found in scores.items() if found}
    return {"name": summary.name, "description": summary.description, "results": results}


def _write_figure(path: Path, summary: Summary, beside: Sequence[tuple[str, Curve]]) -> None:
    plural = "s" if summary.images != 1 else ""
    note = f"mean over {summary.images} image{plural} of {summary.dataset}"
    with atomic_path(path) as partial:
        draw_curves(partial, summary.name, [(summary.name, summary.curve), *beside], note)
