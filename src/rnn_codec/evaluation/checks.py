"""Whether the files of a record agree with each other.

Every check yields a sentence for each contradiction. Figures that were written by one program run
agree to the last digits; `TOLERANCE` leaves room for another order of summation.
"""

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from rnn_codec.evaluation.curve import areas_under
from rnn_codec.evaluation.file_sizes import MEAN_SIZES_FILE, SIZES_FILE
from rnn_codec.evaluation.reading import NO_CODER, Record, RecordError, Sizes, read_json
from rnn_codec.evaluation.record import (
    EXPORT_FILE,
    PER_IMAGE_FILE,
    SUMMARY_FILE,
    ModelFacts,
    compressai_results,
)
from rnn_codec.metrics.area_under_curve import PROTOCOL
from rnn_codec.metrics.scores import SCORES

TOLERANCE = 1e-9
"""Relative, between figures that are computed from the same numbers."""

GROUPS = ("cell", "recon", "network")
"""Groups of options whose names say what a codec is."""

BUILT_FROM = (
    ("cell.encoder", "codec.encoder.cell"),
    ("cell.decoder", "codec.decoder.cell"),
    ("network.width", "codec.encoder.width"),
    ("network.width", "codec.decoder.width"),
    ("recon.framework", "codec.reconstruction"),
)
"""Options of the groups, and where the codec's description repeats them."""


def contradictions(record: Record) -> list[str]:
    """What is wrong with a record but for its file sizes; each reason alone makes it unusable."""
    first = list(wrong_types(record))
    if first:
        # The other checks compute with what these found to be something else than numbers.
        return first
    checks: tuple[Callable[[Record], Iterator[str]], ...] = (
        *(wrong_range, wrong_counts, wrong_means, wrong_areas),
        *(wrong_export, wrong_configuration, wrong_model),
    )
    return [reason for check in checks for reason in check(record)]


def wrong_types(record: Record) -> Iterator[str]:
    """Fields of the summary that hold something of another kind."""
    summary = record.summary
    for name, kind in (("name", str), ("dataset", str), ("images", int), ("settings", dict)):
        if not isinstance(getattr(summary, name), kind):
            yield f"{SUMMARY_FILE}: {name} is not of the right kind"
    columns = summary.curve.columns().values()
    lengths = {len(values) for values in columns}
    if len(lengths) != 1 or 0 in lengths or not all(map(_are_numbers, columns)):
        yield f"{SUMMARY_FILE}: curve does not hold lists of numbers of one length"
    areas, metrics = summary.areas, summary.curve.scores
    if not (isinstance(areas, dict) and {*areas} == {*metrics} and _are_numbers(areas.values())):
        yield f"{SUMMARY_FILE}: areas does not hold a number for each of {', '.join(metrics)}"
    if {*metrics} != {*record.scores}:
        yield f"{SUMMARY_FILE} and {PER_IMAGE_FILE} have other metrics"
    if summary.model is not None and not _is_whole(summary.model):
        yield f"{SUMMARY_FILE}: model does not hold what is known of one"


def wrong_range(record: Record) -> Iterator[str]:
    """Scores and rates that no image can have."""
    if (record.bpp <= 0).any():
        yield "per_image.csv has a rate that is not positive"
    for metric, values in record.scores.items():
        if (values > SCORES[metric].highest).any():
            yield f"per_image.csv has a {metric} above {SCORES[metric].highest:g}"


def wrong_counts(record: Record) -> Iterator[str]:
    """A summary of another number of images, or at other points, than were measured."""
    summary = record.summary
    if summary.images != len(record.images):
        yield f"{SUMMARY_FILE} counts {summary.images} images, per_image.csv {len(record.images)}"
    if tuple(map(float, summary.curve.point)) != record.points:
        yield f"{SUMMARY_FILE} and per_image.csv have other points"


def wrong_means(record: Record) -> Iterator[str]:
    """A curve that is not the mean of the images."""
    found = record.summary.curve.columns()
    for name, means in record.mean_curve(None).columns().items():
        if not same(found[name], means):
            yield f"the {name} of the curve in {SUMMARY_FILE} is not the mean of per_image.csv"


def wrong_areas(record: Record) -> Iterator[str]:
    """Areas that are not those of the curve, or of another protocol."""
    if record.summary.area_protocol != PROTOCOL:
        yield f"{SUMMARY_FILE} has areas by another protocol: {record.summary.area_protocol}"
    for metric, area in areas_under(record.summary.curve).items():
        if not same(record.summary.areas[metric], area):
            yield (
                f"the {metric} area in {SUMMARY_FILE} is {record.summary.areas[metric]:.6g}, "
                f"that of its curve {area:.6g}"
            )


def wrong_export(record: Record) -> Iterator[str]:
    """A curve for other tools that is another one, or that is not there."""
    try:
        exported = read_json(record.folder / EXPORT_FILE)
    except RecordError as error:
        yield str(error)
        return
    results = compressai_results(record.summary)["results"]
    assert isinstance(results, dict)
    found = exported.get("results")
    if not isinstance(found, dict) or any(
        not same(found.get(name, ()), values) for name, values in results.items()
    ):
        yield f"{EXPORT_FILE} and {SUMMARY_FILE} have other curves"


def wrong_configuration(record: Record) -> Iterator[str]:
    """Names and seed that are not those of the configuration, or names without what they name."""
    settings, config = record.summary.settings, record.config
    if config is None:
        if "config" in settings:
            yield f"{SUMMARY_FILE}: the configuration is not of the right kind"
        return
    for group in GROUPS:
        if not isinstance(_at(config, f"{group}.name"), str):
            yield f"the configuration in {SUMMARY_FILE} does not name its {group}"
    if config.get("name") != record.summary.name:
        yield (
            f"{SUMMARY_FILE} is named {record.summary.name}, its configuration {config.get('name')}"
        )
    if settings.get("seed") != config.get("seed") or record.seed is None:
        yield (
            f"{SUMMARY_FILE} has the seed {settings.get('seed')}, "
            f"its configuration {config.get('seed')}"
        )
    for option, copy in BUILT_FROM:
        if _at(config, option) != _at(config, copy):
            yield f"in the configuration in {SUMMARY_FILE}, {option} differs from {copy}"


def wrong_model(record: Record) -> Iterator[str]:
    """Facts of the model that cannot be."""
    model = record.summary.model
    if model is None:
        return
    if record.config is None:
        yield f"{SUMMARY_FILE} has a model, but no configuration of one"
    if model.training is not None and model.training.identity != model.identity:
        yield (
            f"{SUMMARY_FILE} has the identity {model.identity}, "
            f"its training {model.training.identity}"
        )
    if min(_figures(model)) < 0:
        yield f"{SUMMARY_FILE} has a model with a negative figure"


def wrong_sizes(
    record: Record, sizes: Mapping[str, Sizes], means: Mapping[str, Any]
) -> Iterator[str]:
    """What is wrong with the file sizes of a record that is itself in order.

    Args:
        record: whose sizes they are.
        sizes: from `file_sizes.csv`.
        means: `file_sizes.json`.
    """
    if means.get("settings") != record.summary.settings:
        yield f"{MEAN_SIZES_FILE} is of another evaluation than {SUMMARY_FILE}"
    entries, areas = means.get("coders"), means.get("areas_at_true_rate")
    if not isinstance(entries, list) or not isinstance(areas, dict):
        yield f"{MEAN_SIZES_FILE} lacks its coders or their areas"
        return
    entries = {str(entry.get("coder")): entry for entry in entries if isinstance(entry, dict)}
    if set(entries) != set(sizes) or set(areas) != set(sizes):
        yield f"{MEAN_SIZES_FILE} has other entropy coders than {SIZES_FILE}"
        return
    if NO_CODER not in sizes:
        yield f"{SIZES_FILE} lacks the files without entropy coding"
    for coder, own in sizes.items():
        yield from wrong_coder(record, coder, own, entries[coder], areas[coder])


def wrong_coder(
    record: Record, coder: str, sizes: Sizes, entry: Mapping[str, Any], areas: Any
) -> Iterator[str]:
    """What is wrong with the sizes of one entropy coder."""
    for name in ("nominal_bpp", "ideal_bpp", "file_bpp"):
        if not same(entry.get(name, ()), getattr(sizes, name).mean(axis=0)):
            yield f"the {name} of {coder} in {MEAN_SIZES_FILE} is not the mean of {SIZES_FILE}"
    if not same(sizes.nominal_bpp, record.bpp):
        yield f"the nominal rates of {coder} in {SIZES_FILE} are not those of per_image.csv"
    if (np.diff(sizes.file_bpp, axis=1) <= 0).any() or (sizes.file_bpp <= 0).any():
        yield f"files of {coder} in {SIZES_FILE} do not grow with every iteration"
        return
    curve = replace(record.mean_curve(None), bpp=tuple(sizes.file_bpp.mean(axis=0)))
    expected = areas_under(curve)
    if not isinstance(areas, dict) or not same(
        [areas.get(metric, np.nan) for metric in expected], list(expected.values())
    ):
        yield f"the areas of {coder} in {MEAN_SIZES_FILE} are not those of its curve"


def same(found: ArrayLike, expected: ArrayLike, tolerance: float = TOLERANCE) -> bool:
    """Whether two arrays have one shape and, up to a relative tolerance, the same numbers.

    >>> same([1.0, 2.0], [1.0, 2.0 + 1e-12]), same([1.0], [1.0, 2.0]), same(["x"], [1.0])
    (True, False, False)
    """
    try:
        one, other = np.asarray(found, dtype=float), np.asarray(expected, dtype=float)
    except (ValueError, TypeError, OverflowError):
        return False
    return one.shape == other.shape and np.allclose(one, other, rtol=tolerance, atol=0)


def _are_numbers(values: Iterable[Any]) -> bool:
    """Whether all are finite numbers; a truth value is none."""
    return all(
        isinstance(value, int | float)
        and not isinstance(value, bool)
        and abs(value) <= sys.float_info.max
        for value in values
    )


def _is_whole(model: ModelFacts) -> bool:
    """Whether the facts of a model, read from JSON, are of the right kinds."""
    return (
        isinstance(model.identity, str | None)
        and isinstance(model.coder_training_seconds, dict)
        and _are_numbers(_figures(model))
    )


def _figures(model: ModelFacts) -> list[Any]:
    of_training = [] if model.training is None else [model.training.seconds]
    times = model.coder_training_seconds.values()
    return [model.parameters, model.macs_per_pixel, *times, *of_training]


def _at(config: Mapping[str, Any], path: str) -> Any:
    """The option at a dotted path, None where there is none."""
    node: Any = config
    for name in path.split("."):
        node = node.get(name) if isinstance(node, dict) else None
    return node
