"""Which models the viewer shows, where there are more than a page can hold."""

import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from rnn_codec.models.find import find_folder
from rnn_codec.runs.folder import RunFolder
from rnn_codec_lab.comparison.rows import Row, sorting_area


def find_models(root: Path) -> list[Path]:
    """The folders of trained codecs, `root` or below; their entropy coders are no codecs."""
    folders = (path.parent for path in root.rglob("weights.safetensors"))
    return sorted(
        folder
        for folder in folders
        if RunFolder(folder).config.is_file() and folder.parent.name != "entropy"
    )


def models_to_show(
    named: Sequence[str] | None, shipped: Sequence[str], rows: Sequence[Row], records: Path
) -> list[Path]:
    """Folders, or names, of models for the viewer.

    Args:
        named: names, folders, or folders of models; None for those of `shipped`, then those below
            `records`, the best first.
        shipped: names of models that come with the package.
        rows: of the records.
        records: their folder.
    """
    if named is None:
        best = by_area(find_models(records), areas_of_folders(rows, records))
        return [*map(find_folder, shipped), *best]
    found = [(Path(place), find_models(Path(place))) for place in named]
    # What holds no model may be the name of one: loading it will tell.
    return list(dict.fromkeys(path for place, own in found for path in own or [place]))


def areas_of_folders(rows: Iterable[Row], results: Path) -> dict[Path, float]:
    """The largest area by which rows are sorted of every record, by its folder."""
    found: dict[Path, float] = {}
    for row in rows:
        area = sorting_area(row)
        for path in row.records:
            found[results / path] = max(area, found.get(results / path, -math.inf))
    return found


def by_area(models: Sequence[Path], areas: Mapping[Path, float]) -> list[Path]:
    """Models by falling area of the records in or below their folders, those without any last.

    >>> models = [Path("a"), Path("b"), Path("c")]
    >>> [str(model) for model in by_area(models, {Path("b/evaluation"): 1.7, Path("c"): 1.8})]
    ['c', 'b', 'a']
    """

    def area(model: Path) -> float:
        own = (value for folder, value in areas.items() if folder.is_relative_to(model))
        return max(own, default=-math.inf)

    return sorted(models, key=lambda model: -area(model))
