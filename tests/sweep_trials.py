"""The trials that a W&B sweep can come to."""

import itertools
import math
from collections.abc import Iterator
from typing import Any

Trial = dict[str, Any]
"""Options of a command line: name to value."""


def trials(sweep: dict[str, Any]) -> Iterator[Trial]:
    """Every trial of a grid; of a search, `values_of` each of its parameters, beside the first of
    the others."""
    values = {name: values_of(parameter) for name, parameter in sweep["parameters"].items()}
    if sweep["method"] == "grid":
        for chosen in itertools.product(*values.values()):
            yield dict(zip(values, chosen, strict=True))
        return
    first = {name: found[0] for name, found in values.items()}
    yield first
    for name, found in values.items():
        for value in found[1:]:
            yield {**first, name: value}


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
