"""Records of a grid: which runs have one, and how one is put in its place."""

import shutil
from contextlib import suppress
from pathlib import Path

from rnn_codec_lab.evaluation.record import ABOUT_FILE, About, read_about

KEPT = ("*.json", "*.csv", "rate_distortion.png")
"""What of an evaluation makes a record; larger pictures stay in the run's folder."""


def recorded(folder: Path) -> list[About]:
    """What the records in a folder are of; what is no record is for the table to complain of."""
    found = []
    # Hidden folders are on their way in or out.
    for file in sorted(folder.glob(f"[!.]*/{ABOUT_FILE}")):
        # Not there any more if another worker is replacing it at this moment.
        with suppress(ValueError):
            found.append(read_about(file.parent))
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
