"""Figures of papers, from files that say where each is from.

A file of `results/published/` is YAML:

    source: the publication, with its table or figure
    dataset: kodak
    models:
      - name: GRU one-shot
        training_data: 32×32            # optional, as are entropy_coding and labels
        labels: {cell: gru}             # which records it stands beside
        areas: {ms_ssim: 1.8098}        # as published, or
        curve: {bpp: […], ms_ssim: […], psnr: […]}
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from rnn_codec.errors import UserError
from rnn_codec.metrics.curve import Curve, areas_under

FOREIGN_METRIC = "psnr_hvs_2011"
"""The PSNR-HVS of Toderici et al. 2017, after Gupta et al. 2011: not the metric measured here."""
FOREIGN_TITLE = "PSNR-HVS of 2011"

AREAS = ("ms_ssim", "psnr", FOREIGN_METRIC)
CURVES = ("ms_ssim", "psnr")


@dataclass(frozen=True)
class Published:
    """A model of a paper."""

    file: str
    """Stem of the file that it is from."""
    source: str
    dataset: str
    name: str
    labels: Mapping[str, str] = field(default_factory=dict)
    """As those of records."""
    training_data: str = ""
    entropy_coding: bool = False
    """Whether the rates are those after entropy coding."""
    areas: Mapping[str, float] = field(default_factory=dict)
    """By metric: as published, or those of the curve."""
    curve: Curve | None = None


def load_published(folder: Path) -> list[Published]:
    """Every model of every file, in order of the files' names; none where there is no folder.

    Raises:
        UserError: a file is not as described above.
    """
    found = []
    for file in sorted(folder.glob("*.yaml")):
        try:
            content = yaml.safe_load(file.read_text(encoding="utf-8"))
            shared = {key: _text(content[key]) for key in ("source", "dataset")}
            found += [_model(entry, file.stem, shared) for entry in content["models"]]
        except (yaml.YAMLError, ValueError, KeyError, TypeError, AttributeError) as error:
            reason = str(error).splitlines()[0]
            raise UserError(f"{file} does not hold published figures: {reason}") from error
    return found


def _model(entry: Mapping[str, Any], file: str, shared: Mapping[str, str]) -> Published:
    """One entry of `models`."""
    rest = dict(entry)
    curve = _curve(rest.pop("curve")) if "curve" in rest else None
    areas = {
        _one_of(metric, AREAS): float(value) for metric, value in rest.pop("areas", {}).items()
    }
    labels = {name: _text(value) for name, value in rest.pop("labels", {}).items()}
    if curve is not None:
        areas |= areas_under(curve)
    if not areas:
        raise ValueError(f"{rest.get('name')} has neither areas nor a curve")
    model = Published(file, shared["source"], shared["dataset"], _text(rest.pop("name")))
    return replace(model, areas=areas, curve=curve, labels=labels, **rest)


def _curve(columns: Mapping[str, Any]) -> Curve:
    numbers = {name: tuple(float(value) for value in values) for name, values in columns.items()}
    bpp = numbers.pop("bpp")
    scores = {_one_of(metric, CURVES): values for metric, values in numbers.items()}
    if not scores or any(len(values) != len(bpp) for values in scores.values()):
        raise ValueError("a curve needs as many qualities as rates")
    if not np.isfinite([*bpp, *(v for values in scores.values() for v in values)]).all():
        raise ValueError("a curve has a number that is not finite")
    return Curve((), bpp, scores)


def _one_of(name: str, names: tuple[str, ...]) -> str:
    if name not in names:
        raise ValueError(f"{name} is none of {', '.join(names)}")
    return name


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError("a name, source or data set is not a text")
    return value
