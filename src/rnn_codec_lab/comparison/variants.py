"""Tells trainings of one experiment apart if they differ in more than their seed.

Records with the same labels form one row, the mean over their seeds. If their configurations differ
in anything else, such as the learning rate, each gets its own row, named after the options that
differ: figures of different trainings are never averaged.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from rnn_codec.training.identity import counted
from rnn_codec_lab.evaluation.record import Record

NOT_OF_A_ROW = frozenset({"seed", "start_from"})
"""Options that may differ between the records of a row."""
FAMILY, NETWORK = "family", "network"
"""Labels without a column in documents; titles name the network."""


class RowKey(NamedTuple):
    """Identifies a row: figures of records with the same key are averaged."""

    experiment: str
    name: str
    """Name of a classic codec; empty for trained codecs."""
    labels: tuple[tuple[str, str], ...]
    built_in: str
    """The entropy coder that is part of the codec; empty if coders are trained for the codec."""
    variant: str
    """Options that tell trainings of one experiment apart; empty if none do."""


def row_keys(records: Sequence[Record]) -> dict[str, RowKey]:
    """Return the row of each record, by the record's path."""
    groups: dict[RowKey, list[Record]] = defaultdict(list)
    for record in records:
        name = record.about.name if record.config is None else ""
        labels = tuple(record.about.labels.items())
        groups[RowKey(record.experiment, name, labels, built_in_coder(record), "")].append(record)
    return {
        path: key._replace(variant=variant)
        for key, group in groups.items()
        for path, variant in _variants(group).items()
    }


def built_in_coder(record: Record) -> str:
    """Return the entropy coder that the codec's own configuration names, or an empty string."""
    codec = (record.config or {}).get("codec")
    names = flat(codec).values() if isinstance(codec, dict) else ()
    return next((coder for coder in record.entropy_coders if coder in names), "")


def _variants(group: Sequence[Record]) -> dict[str, str]:
    """Return the options in which each record differs from the others, by path."""
    # The options that figures depend on, except the seed, as dotted names and values.
    options = {
        record.path: flat(counted(record.config or {}))
        | {"iterations": str(len(record.mean().point))}
        for record in group
    }
    names = sorted({name for found in options.values() for name in found})
    differing = [n for n in names if len({found.get(n, "–") for found in options.values()}) > 1]
    return {
        path: ", ".join(f"{name}={found.get(name, '–')}" for name in differing)
        for path, found in options.items()
    }


def flat(config: Mapping[str, Any], prefix: str = "") -> dict[str, str]:
    """Flatten a configuration to dotted names, without the options in `NOT_OF_A_ROW`.

    >>> flat({"seed": 1, "optimizer": {"lr": 0.001, "betas": [0.9, 0.99]}})
    {'optimizer.lr': '0.001', 'optimizer.betas': '[0.9, 0.99]'}
    """
    found: dict[str, str] = {}
    for name, value in config.items():
        if name in NOT_OF_A_ROW:
            continue
        if isinstance(value, dict):
            found |= flat(value, f"{prefix}{name}.")
        else:
            found[prefix + name] = str(value)
    return found
