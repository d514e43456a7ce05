"""Chooses the models that the viewer shows, since there may be more than a page can hold."""

import math
from collections.abc import Iterable, Sequence
from pathlib import Path

from rnn_codec.models.find import find_folder
from rnn_codec.runs.folder import RunFolder
from rnn_codec_lab.comparison.rows import Row, sorting_area


def find_models(root: Path) -> list[Path]:
    """Return the folders of trained codecs in `root` and below, without their entropy coders."""
    folders = (path.parent for path in root.rglob("weights.safetensors"))
    return sorted(
        folder
        for folder in folders
        if RunFolder(folder).config.is_file() and folder.parent.name != "entropy"
    )


def models_to_show(
    named: Sequence[str] | None, shipped: Sequence[str], rows: Sequence[Row], records: Path
) -> list[Path]:
    """Return the folders, or names, of the models for the viewer.

    Args:
        named: names, folders, or folders of models; None for those of `shipped`, then those below
            `records`, the best first.
        shipped: names of packaged models.
        rows: rows of the records.
        records: folder of the records.
    """
    if named is None:
        return [*map(find_folder, shipped), *best_first(find_models(records), rows, records)]
    found = [(Path(place), find_models(Path(place))) for place in named]
    # A place without models may be the name of one; loading it will show.
    return list(dict.fromkeys(path for place, own in found for path in own or [place]))


def best_first(models: Iterable[Path], rows: Sequence[Row], results: Path) -> list[Path]:
    """Sort models by the largest area of the records in or below their folders, best first."""

    def area(model: Path) -> float:
        return max(
            (
                sorting_area(row)
                for row in rows
                for record in row.records
                if (results / record).is_relative_to(model)
            ),
            default=-math.inf,
        )

    return sorted(models, key=area, reverse=True)
