"""The trials that a W&B sweep can come to."""

import itertools
import math
from collections.abc import Iterator
from typing import Any

Trial = dict[str, Any]
"""Options of a command line: name to value."""


def trials(sweep: dict[str, Any]) -> Iterator[Trial]:
    """Every trial of a grid; of a search, every combination of `values_of` its parameters."""
    names, parameters = zip(*sweep["parameters"].items(), strict=True)
    for values in itertools.product(*map(values_of, parameters)):
        yield dict(zip(names, values, strict=True))


def values_of(parameter: dict[str, Any]) -> list[Any]:
    """Every value of a list; of a range both ends and the middle, as its distribution has them.

    >>> values_of({"values": ["gru", "lstm"]})
    ['gru', 'lstm']
    >>> values_of({"distribution": "log_uniform_values", "min": 0.001, "max": 0.1})
    [0.001, 0.01, 0.1]
    >>> values_of({"distribution": "q_uniform", "min": 0.25, "max": 1.0, "q": 0.25})
    [0.25, 0.5, 1.0]
    """
    if "values" in parameter:
        return list(parameter["values"])
    lowest, highest = parameter["min"], parameter["max"]
    match parameter["distribution"]:
        case "log_uniform_values":
            return [lowest, round(math.sqrt(lowest * highest), 12), highest]
        case "q_uniform":
            step = parameter["q"]
            return [round(x / step) * step for x in (lowest, (lowest + highest) / 2, highest)]
    raise ValueError(f"no such distribution is used: {parameter}")
