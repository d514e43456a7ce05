"""Models in the repository: in its packages and in results/, and their records."""

from pathlib import Path

from rnn_codec.models.find import SHIPPED
from rnn_codec_lab.evaluation.record import read_about
from tests.conftest import ROOT

RESULTS = ROOT / "results"
SEPARATE = ROOT / "models" / "rnn_codec_models"
"""The package of the models of the family `binary`."""


def place_of(name: str) -> Path:
    """The folder of a model."""
    places = (place / name for place in (SHIPPED, SEPARATE, RESULTS))
    return next(place for place in places if place.is_dir())


def record_of(name: str) -> Path:
    """The record of a model on Kodak: of its weights as they are stored, or of its training."""
    own = RESULTS / "zoo" / name
    if own.is_dir():
        return own
    identity = place_of(name) / "identity"
    if not identity.is_file():
        return RESULTS / name / "evaluation" / "kodak"
    digest = identity.read_text("utf-8").strip()
    found = {file.parent: read_about(file.parent) for file in sorted(RESULTS.rglob("about.json"))}
    return next(
        folder
        for folder, about in found.items()
        if about.dataset == "kodak" and about.model and about.model.identity == digest
    )
