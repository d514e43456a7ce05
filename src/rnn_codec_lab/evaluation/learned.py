"""Measures a trained model: its files, and other rates for the same levels."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from rnn_codec.errors import UserError
from rnn_codec.models.protocol import Model, Pixels, open_file, truncated
from rnn_codec.rates import BitsPerPixel
from rnn_codec.runs.cost import read_cost
from rnn_codec.runs.folder import RunFolder, read_config
from rnn_codec_lab.evaluation.measurement import ADAPTIVE, Labels, Point
from rnn_codec_lab.evaluation.record import About, ModelFacts

RATES = tuple(step / 8 for step in range(1, 17))
"""Target rates of adaptive files and files of embedded codecs, in bits per pixel."""
PREFIX_RATES = (0.25, 0.5, 1.0, 1.5)
"""Rates of the measured prefixes of the longest file, in bits per pixel."""
RULES = 4
"""Version of the files that encoders make of given rates, and of the cache.

Measurements of other versions are made again: raise it with every change of an encoder's output."""

CUT = "cut"
"""Name of the curve of files that end within a level."""


@dataclass(frozen=True)
class LevelFiles:
    """Files of the first levels, with the same bits everywhere, and other rates for these levels.

    Attributes:
        model: the model that codes them.
        most: largest number of levels; files of fewer are measured, too.
        cut_at: where files are cut short: shares 0 … 1 of the bytes that a level adds.
        curves: see `Measurable.curves`; known after a picture has been measured.
    """

    model: Model
    most: int
    cut_at: tuple[float, ...] = ()
    curves: dict[str, Labels] = field(default_factory=dict, init=False)

    @property
    def name(self) -> str:
        """The curve of whole files, named after the entropy coder if there is a choice of one."""
        return self.model.labels.get("entropy", "files")

    def points(self, pixels: Pixels) -> Iterator[Point]:
        """See `Measurable.points`."""
        session = self.model.session(pixels)
        others = session.other_rates(self.most)
        entropy = entropy_label(self.model)
        self.curves.update({n: {**r.labels, "scores_of": self.name} for n, r in others.items()})
        self.curves[self.name] = {"kind": "files", **entropy}
        self.curves[CUT] = {"kind": "prefix", **entropy}
        sizes = []
        for level in session.levels(self.most):
            sizes.append(level.file_bytes)
            yield Point(self.name, level.number, level.file_bytes, level.pixels)
        for name, other in others.items():
            for number, size in enumerate(other.bytes, start=1):
                yield Point(name, number, size, None)
        if not self.cut_at:
            return
        longest = session.first(self.most).data
        for number, (shorter, longer) in enumerate(pairwise(sizes), start=1):
            for share in self.cut_at:
                data = longest[: shorter + round(share * (longer - shorter))]
                yield Point(CUT, number + share, len(data), self.model.decompress(data))


@dataclass(frozen=True)
class TunedFiles:
    """Files of given sizes that spend bits where they count, as `compress --bpp` makes them.

    Also prefixes of the longest of them, and of a file with the same bits everywhere.

    Attributes:
        model: the model that codes them.
        tune: what the encoder optimises.
    """

    model: Model
    tune: str

    @property
    def key(self) -> tuple[object, ...]:
        """The key of its measurements in the cache of `measure_once`."""
        return RULES, self.model.fingerprint, self.tune, RATES, PREFIX_RATES

    @property
    def curves(self) -> Mapping[str, Labels]:
        """See `Measurable.curves`."""
        files = f"{ADAPTIVE}, {self.tune}"
        entropy = entropy_label(self.model)
        return {
            files: {"kind": "files", **entropy, "tune": self.tune},
            f"{files}, beginnings": {"kind": "prefix", **entropy, "tune": self.tune},
            f"uniform beside {self.tune}, beginnings": {"kind": "prefix", **entropy},
        }

    def points(self, pixels: Pixels) -> Iterator[Point]:
        """See `Measurable.points`."""
        files, own, uniform = self.curves
        session = self.model.session(pixels, self.tune)
        size = pixels.shape[0] * pixels.shape[1]
        # Coded first, so that all rates can reuse the codes of every level.
        alike = session.first(self.model.most_levels).data
        coded = {rate: session.within(BitsPerPixel(rate).bytes_for(size)).data for rate in RATES}
        for rate, data in coded.items():
            yield Point(files, rate, len(data), self.model.decompress(data))
        for curve, longest in ((own, coded[RATES[-1]]), (uniform, alike)):
            for rate in PREFIX_RATES:
                data = truncated(open_file(longest), BitsPerPixel(rate).bytes_for(size))
                yield Point(curve, rate, len(data), self.model.decompress(data))


@dataclass(frozen=True)
class RateFiles:
    """Files of sixteen sizes, for a model whose files may be cut anywhere.

    Also prefixes of the longest, which show the loss against files made for their size.

    Attributes:
        model: the model that codes them.
        tune: what the encoder optimises; None for the model's default.
        effort: how long the encoder searches; see `Model.session`.
    """

    model: Model
    tune: str | None = None
    effort: int = 0

    @property
    def name(self) -> str:
        """The curve of files."""
        if self.tune is not None:
            return f"{ADAPTIVE}, {self.tune}" + (f", effort {self.effort}" if self.effort else "")
        return self.model.labels.get("entropy", "files")

    @property
    def key(self) -> tuple[object, ...]:
        """See `TunedFiles.key`."""
        search = (self.effort,) if self.effort else ()
        return RULES, self.model.fingerprint, self.tune, RATES, PREFIX_RATES, *search

    @property
    def curves(self) -> Mapping[str, Labels]:
        """See `Measurable.curves`."""
        tune = {} if self.tune is None else {"tune": self.tune}
        search = {"effort": str(self.effort)} if self.effort else {}
        labels = {**entropy_label(self.model), **tune, **search}
        return {
            self.name: {"kind": "files", **labels},
            f"{self.name}, beginnings": {"kind": "prefix", **labels},
        }

    def points(self, pixels: Pixels) -> Iterator[Point]:
        """See `Measurable.points`; points are in eighths of a bit per pixel, as in the paper.

        Raises:
            UserError: a file does not decode to its encoder's picture; every fifth is checked.
        """
        files, beginnings = self.curves
        session = self.model.session(pixels, self.tune, effort=self.effort)
        size = pixels.shape[0] * pixels.shape[1]
        data = b""
        for number, rate in enumerate(RATES, start=1):
            encoded = session.within(BitsPerPixel(rate).bytes_for(size))
            data = encoded.data
            found = encoded.decoded() if encoded.decoded else self.model.decompress(data)
            if number % 5 == 1 and not np.array_equal(found, self.model.decompress(data)):
                raise UserError(f"a file of {self.model.path} decodes to a wrong picture")
            yield Point(files, number, len(data), found)
        longest = open_file(data)
        for rate in PREFIX_RATES:
            data = truncated(longest, BitsPerPixel(rate).bytes_for(size))
            yield Point(beginnings, rate, len(data), self.model.decompress(data))


class Aim(NamedTuple):
    """What the encoder of adaptive files optimises, and how long it searches: `Model.session`."""

    tune: str
    effort: int = 0

    @classmethod
    def parse(cls, text: str) -> "Aim":
        """Read a tune, with an effort if it is not 0.

        Raises:
            UserError: what follows the colon is not an effort.

        >>> Aim.parse("psnr"), Aim.parse("ms-ssim:1")
        (Aim(tune='psnr', effort=0), Aim(tune='ms-ssim', effort=1))
        """
        tune, colon, effort = text.partition(":")
        if colon and not (effort.isascii() and effort.isdecimal()):
            raise UserError(
                f"adaptive takes tunes, and efforts if any, such as [psnr, ms-ssim:1], not {text}"
            )
        return cls(tune, int(effort or 0))


def files_of(model: Model, aims: Sequence[Aim]) -> "list[RateFiles] | list[TunedFiles]":
    """Return what is measured in addition to the model's default files.

    Only models whose files may be cut anywhere have efforts; the others refuse to search.
    """
    if model.embedded:
        return [RateFiles(model, *aim) for aim in aims]
    return [TunedFiles(model, aim.tune) for aim in aims]


def entropy_label(model: Model) -> Labels:
    """Return the entropy-coder label of the curves of files; empty without a choice of one."""
    return {key: name for key, name in model.labels.items() if key == "entropy"}


def describe_model(model: Model, dataset: str, command: str) -> About:
    """Return what is known about a model before it is measured: options, size, cost."""
    run, facts = RunFolder(model.path), model.facts()
    config, cost = read_config(run), read_cost(run.cost)
    costs = {coder.path.name: read_cost(coder.cost) for coder in run.coders()}
    return About(
        name=str(config.get("name", model.path.name)),
        dataset=dataset,
        description="bits per pixel of whole files",
        labels={key: value for key, value in model.labels.items() if key != "entropy"},
        settings={"command": command, "seed": config.get("seed"), "config": config},
        model=ModelFacts(
            parameters=facts.parameters,
            macs_per_pixel=facts.macs_per_pixel,
            identity=cost.identity if cost else None,
            training=cost,
            coder_training_seconds={name: a.seconds for name, a in costs.items() if a},
            coder_identities={name: a.identity for name, a in costs.items() if a},
            restoration_training_seconds=restoration_seconds(run),
        ),
    )


def restoration_seconds(run: RunFolder) -> float | None:
    """Return the training time of a model's restoration networks; None if one did not record it."""
    costs = [read_cost(restoration.cost) for restoration in run.restorations()]
    known = [cost.seconds for cost in costs if cost]
    return sum(known) if len(known) == len(costs) else None
