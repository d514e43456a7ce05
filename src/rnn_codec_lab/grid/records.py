"""Records of a grid: which runs have one, and how one is put in its place."""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from rnn_codec_lab.evaluation.record import ABOUT_FILE, read_about

KEPT = ("*.json", "*.csv", "rate_distortion.png")
"""What of an evaluation makes a record; larger pictures stay in the run's folder."""


@dataclass(frozen=True)
class Recorded:
    """What a record is of."""

    identity: str
    coder_identities: Mapping[str, str]
    dataset: str


def recorded(folder: Path) -> list[Recorded]:
    """What the records in a folder are of; what is no record is for the table to complain of."""
    found = []
    for file in sorted(folder.glob(f"*/{ABOUT_FILE}")):
        if file.parent.name.startswith("."):
            # On its way in or out.
            continue
        try:
            model = (about := read_about(file.parent)).model
        except ValueError:
            # Not there: another worker is replacing it at this moment.
            continue
        if model is not None and model.identity is not None:
            found.append(Recorded(model.identity, model.coder_identities, about.dataset))
    return found


def put_record(evaluation: Path, record: Path) -> None:
    """Copy an evaluation to where records are, whole or not at all, over an older one.

    One process at a time may put a record of one name.
    """
    record.parent.mkdir(parents=True, exist_ok=True)
    partial, old = (record.with_name(f".{record.name}.{state}") for state in ("partial", "old"))
    # What a killed process may have left.
    for leftover in (partial, old):
        shutil.rmtree(leftover, ignore_errors=True)
    partial.mkdir()
    for pattern in KEPT:
        for file in evaluation.glob(pattern):
            shutil.copy2(file, partial / file.name)
    if record.exists():
        record.replace(old)
    partial.replace(record)
    shutil.rmtree(old, ignore_errors=True)
