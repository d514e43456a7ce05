"""Whether the files of a record agree with each other.

What follows from others is computed again and compared; every difference is a sentence.
"""

import sys
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from rnn_codec.evaluation.adaptive import ADAPTIVE_FILE, MEAN_ADAPTIVE_FILE
from rnn_codec.evaluation.curve import areas_under
from rnn_codec.evaluation.file_sizes import MEAN_SIZES_FILE, SIZES_FILE
from rnn_codec.evaluation.reading import (
    NO_CODER,
    AdaptiveFiles,
    Record,
    RecordError,
    Sizes,
    adaptive_name,
    read_json,
)
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
    if first := list(wrong_types(record)):
        # The other checks read what these found to be something else.
        return first
    checks = (wrong_range, wrong_means, wrong_configuration, wrong_model)
    return [reason for check in checks for reason in check(record)]


def wrong_types(record: Record) -> Iterator[str]:
    """Fields of the summary that hold something of another kind."""
    for name, kind in (("name", str), ("dataset", str), ("settings", dict)):
        if not isinstance(getattr(record.summary, name), kind):
            yield f"{SUMMARY_FILE}: {name} is not of the right kind"


def wrong_range(record: Record) -> Iterator[str]:
    """Scores and rates that no image can have."""
    if (record.bpp <= 0).any():
        yield f"{PER_IMAGE_FILE} has a rate that is not positive"
    for metric, values in record.scores.items():
        if (values > SCORES[metric].highest).any():
            yield f"{PER_IMAGE_FILE} has a {metric} above {SCORES[metric].highest:g}"


def wrong_means(record: Record) -> Iterator[str]:
    """A summary, or a curve for other tools, that does not follow from the measurements."""
    curve = record.mean_curve(None)
    summary = replace(
        record.summary,
        images=len(record.images),
        curve=curve,
        area_protocol=PROTOCOL,
        areas=areas_under(curve),
    )
    for path in differences(record.summary.content(), summary.content()):
        yield f"{path} in {SUMMARY_FILE} is not what {PER_IMAGE_FILE} gives"
    try:
        exported = read_json(record.folder / EXPORT_FILE)
    except RecordError as error:
        yield str(error)
        return
    results = compressai_results(summary)["results"]
    for path in differences(exported.get("results"), results, "results"):
        yield f"{path} in {EXPORT_FILE} is not what {PER_IMAGE_FILE} gives"


def wrong_configuration(record: Record) -> Iterator[str]:
    """Names and seed that are not those of the configuration, or names without what they name."""
    settings, config = record.summary.settings, record.config
    if config is None:
        if "config" in settings:
            yield f"{SUMMARY_FILE}: the configuration is not of the right kind"
        return
    for group in GROUPS:
        name = _at(config, f"{group}.name")
        if not isinstance(name, str) or not name:
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
    if not _is_whole(model):
        yield f"{SUMMARY_FILE}: model does not hold what is known of one"
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
    if NO_CODER not in sizes:
        yield f"{SIZES_FILE} lacks the files without entropy coding"
    for coder, own in sizes.items():
        # Files may hold fewer iterations than there are.
        if not same(own.nominal_bpp, record.bpp[:, : own.nominal_bpp.shape[1]]):
            yield f"the nominal rates of {coder} in {SIZES_FILE} are not those of {PER_IMAGE_FILE}"
        if (np.diff(own.file_bpp, axis=1) <= 0).any() or (own.file_bpp <= 0).any():
            yield f"files of {coder} in {SIZES_FILE} do not grow with every iteration"
    curve = record.mean_curve(None)
    of_coders = {coder: own.means() for coder, own in sizes.items()}
    expected = {
        "settings": record.summary.settings,
        "coders": of_coders,
        "areas_at_true_rate": {
            coder: areas_under(replace(curve.first(len(rates["file_bpp"])), bpp=rates["file_bpp"]))
            for coder, rates in of_coders.items()
        },
    }
    entries = means.get("coders")
    entries = [e for e in entries if isinstance(e, dict)] if isinstance(entries, list) else []
    rates = Sizes.__dataclass_fields__
    found = {
        **means,
        "coders": {str(e.get("coder")): {n: e.get(n) for n in rates} for e in entries},
    }
    for path in differences({name: found.get(name) for name in expected}, expected):
        yield f"{path} in {MEAN_SIZES_FILE} is not what {SIZES_FILE} and {SUMMARY_FILE} give"


def wrong_adaptive(
    record: Record, files: Mapping[str, AdaptiveFiles], means: Mapping[str, Any]
) -> Iterator[str]:
    """What is wrong with the adaptive files of a record that is itself in order.

    Args:
        record: whose files they are.
        files: from `adaptive.csv`.
        means: `adaptive.json`.
    """
    for name, own in files.items():
        if (own.bpp <= 0).any() or (own.bpp > np.array(own.asked) * (1 + TOLERANCE)).any():
            yield f"files of {name} in {ADAPTIVE_FILE} are larger than was asked for"
    curves = {name: own.mean_curve() for name, own in files.items()}
    expected = {
        "settings": record.summary.settings,
        "tunes": {
            name: {"curve": curve.columns(), "areas": areas_under(curve)}
            for name, curve in curves.items()
        },
    }
    tunes = means.get("tunes")
    found = {
        "settings": means.get("settings"),
        "tunes": {
            adaptive_name(tune): {part: entry.get(part) for part in ("curve", "areas")}
            for tune, entry in (tunes if isinstance(tunes, dict) else {}).items()
            if isinstance(entry, dict)
        },
    }
    for path in differences(found, expected):
        yield f"{path} in {MEAN_ADAPTIVE_FILE} is not what {ADAPTIVE_FILE} gives"


def differences(found: Any, expected: Any, path: str = "") -> Iterator[str]:
    """Where values of JSON differ in more than the last digits of numbers.

    >>> list(differences({"a": [1, 2], "b": {"c": 3}}, {"a": [1, 2.0], "b": {"c": 4}}))
    ['b.c']
    """
    if isinstance(expected, Mapping):
        if not isinstance(found, Mapping) or found.keys() != expected.keys():
            yield f"{path or 'what is'}"
            return
        for name, value in expected.items():
            yield from differences(found[name], value, f"{path}.{name}" if path else name)
    elif found != expected and not same(found, expected):
        yield path


def same(found: ArrayLike, expected: ArrayLike, tolerance: float = TOLERANCE) -> bool:
    """Whether two arrays have one shape and, up to a relative tolerance, the same numbers.

    >>> same([1.0, 2.0], [1.0, 2.0 + 1e-12]), same([1.0], [1.0, 2.0]), same(["x"], [1.0])
    (True, False, False)
    """
    try:
        one, other = np.asarray(found), np.asarray(expected)
    except ValueError:
        # Lists of unequal lengths.
        return False
    if {one.dtype.kind, other.dtype.kind} - set("iuf") or one.shape != other.shape:
        return False
    return np.allclose(one, other, rtol=tolerance, atol=0)


def _is_whole(model: ModelFacts) -> bool:
    """Whether the facts of a model, read from JSON, are of the right kinds."""
    return (
        isinstance(model.identity, str | None)
        and isinstance(model.coder_training_seconds, dict)
        and all(map(_is_number, _figures(model)))
    )


def _is_number(value: Any) -> bool:
    """Whether it is a finite number; a truth value is none."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return is_number and abs(value) <= sys.float_info.max


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
