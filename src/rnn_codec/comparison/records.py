"""What is found below a folder of results."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnn_codec.evaluation.curve import METRICS, Curve
from rnn_codec.evaluation.record import Summary

NO_CODER = "none"
"""The entropy coder that writes every bit as it is: its rates are the nominal ones."""

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Problem:
    """Something wrong with a record, in a sentence."""

    path: str
    """Of the record's folder, or of a file, below the results."""
    reason: str
    left_out: bool
    """Whether nothing of the record is in the table, or the rest of it is."""


@dataclass(frozen=True, eq=False)
class Sizes:
    """Rates of one entropy coder, bits per pixel, (images, points)."""

    nominal_bpp: Array
    ideal_bpp: Array
    file_bpp: Array


@dataclass(frozen=True, eq=False)
class Record:
    """A codec measured on a data set. Rows of the arrays are images, columns points."""

    path: str
    """Of its folder, below the results; POSIX."""
    folder: Path
    summary: Summary
    images: tuple[str, ...]
    """Names, sorted."""
    points: tuple[float, ...]
    """Iterations, or qualities of a classic codec, ascending."""
    bpp: Array
    """Nominal rates of a recurrent codec, those of the files of a classic one."""
    scores: Mapping[str, Array]
    """By metric."""
    sizes: Mapping[str, Sizes] = field(default_factory=dict)
    """By entropy coder; empty for classic codecs, and where files were not measured."""

    @property
    def experiment(self) -> str:
        """The first folder below the results."""
        return self.path.split("/", 1)[0]

    @property
    def config(self) -> Mapping[str, Any] | None:
        """The configuration of the training; None for classic codecs."""
        config = self.summary.settings.get("config")
        return config if isinstance(config, dict) else None

    @property
    def cell(self) -> str | None:
        """Of a recurrent codec."""
        return self._name_of("cell")

    @property
    def recon(self) -> str | None:
        """Of a recurrent codec."""
        return self._name_of("recon")

    @property
    def network(self) -> str | None:
        """Of a recurrent codec."""
        return self._name_of("network")

    @property
    def seed(self) -> int | None:
        """Of the training of a recurrent codec."""
        seed = self.summary.settings.get("seed")
        return seed if isinstance(seed, int) else None

    def rates(self, coder: str | None) -> Array:
        """Bits per pixel, (images, points): nominal for `NO_CODER`, else those of the files.

        Of a classic codec, whose coder is None, those of its files.
        """
        return self.bpp if coder in {None, NO_CODER} else self.sizes[str(coder)].file_bpp

    def mean_curve(self, coder: str | None) -> Curve:
        """Means over the images, over the rates of a coder (`rates`)."""
        scores = {metric: _means(self.scores[metric]) for metric in METRICS}
        return Curve(point=self.points, bpp=_means(self.rates(coder)), **scores)

    def _name_of(self, group: str) -> str | None:
        return self.config[group]["name"] if self.config is not None else None


@dataclass(frozen=True)
class Collection:
    """All that is below a folder of results, of one data set."""

    dataset: str
    records: tuple[Record, ...]
    """In order of their paths."""
    problems: tuple[Problem, ...]
    missing: tuple[str, ...]
    """What a grid lacks, a sentence each."""


def _means(values: Array) -> tuple[float, ...]:
    return tuple(float(value) for value in values.mean(axis=0))
