"""Figures of papers, from files that name their sources.

A file of `results/published/` is YAML:

    source: the publication, with its table or figure
    dataset: kodak
    models:
      - name: GRU one-shot
        training_data: 32×32            # optional, as are entropy_coding and labels
        labels: {cell: gru}             # labels of the records it is compared with
        areas: {ms_ssim: 1.8098}        # as published, or
        curve: {bpp: […], ms_ssim: […], psnr: […]}
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated, Any, ClassVar

import yaml
from pydantic import BeforeValidator, ConfigDict, FiniteFloat, StringConstraints, TypeAdapter

from rnn_codec.errors import UserError
from rnn_codec.metrics.curve import Curve, areas_under
from rnn_codec_lab.evaluation.record import first_mistake

FOREIGN_METRIC = "psnr_hvs_2011"
"""The PSNR-HVS of Toderici et al. 2017, after Gupta et al. 2011: not the metric measured here."""
FOREIGN_TITLE = "PSNR-HVS of 2011"

Text = Annotated[str, StringConstraints(min_length=1)]
Column = Annotated[str, StringConstraints(pattern="^(bpp|ms_ssim|psnr)$")]
Area = Annotated[str, StringConstraints(pattern=f"^(ms_ssim|psnr|{FOREIGN_METRIC})$")]
COLUMNS = TypeAdapter(dict[Column, tuple[FiniteFloat, ...]])


def _curve(columns: Any) -> Curve:
    found = COLUMNS.validate_python(columns)
    if "bpp" not in found or len(found) < 2 or len({len(own) for own in found.values()}) > 1:
        raise ValueError("a curve needs bpp and at least one quality, with equal numbers of values")
    return Curve((), found.pop("bpp"), found)


@dataclass(frozen=True)
class Published:
    """A model of a paper."""

    __pydantic_config__: ClassVar = ConfigDict(extra="forbid")

    file: str
    """Stem of the file with this model."""
    source: Text
    dataset: Text
    name: Text
    labels: Mapping[str, Text] = field(default_factory=dict)
    """Labels, as those of records."""
    training_data: str = ""
    entropy_coding: bool = False
    """Whether rates are after entropy coding."""
    areas: Mapping[Area, float] = field(default_factory=dict)
    """Areas by metric: as published, or of the curve."""
    curve: Annotated[Curve, BeforeValidator(_curve)] | None = None


MODEL = TypeAdapter(Published)


def load_published(folder: Path) -> list[Published]:
    """Return every model of every file, sorted by file name; none if the folder does not exist.

    Raises:
        UserError: a file does not have the format above.
    """
    found = []
    for file in sorted(folder.glob("*.yaml")):
        try:
            content = yaml.safe_load(file.read_text(encoding="utf-8"))
            shared = {"file": file.stem, **{key: content[key] for key in ("source", "dataset")}}
            found += [_model({**entry, **shared}) for entry in content["models"]]
        except (yaml.YAMLError, ValueError, KeyError, TypeError, AttributeError) as error:
            why = first_mistake(error)
            raise UserError(f"{file} does not hold published figures: {why}") from error
    return found


def _model(entry: Mapping[str, Any]) -> Published:
    model = MODEL.validate_python(entry)
    areas = {**model.areas, **(areas_under(model.curve) if model.curve else {})}
    if not areas:
        raise ValueError(f"{model.name} has neither areas nor a curve")
    return replace(model, areas=areas)
