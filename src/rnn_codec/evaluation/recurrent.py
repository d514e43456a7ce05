"""Measure a trained recurrent codec: its files, and the rates beside them."""

import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

import numpy as np
import torch
from numpy.typing import NDArray

from rnn_codec.code import MAX_ITERATIONS
from rnn_codec.codec import RecurrentCodec
from rnn_codec.complexity import macs_per_pixel, parameters
from rnn_codec.compression.distortion import BALANCED, distortion_named
from rnn_codec.compression.model import Model, truncate
from rnn_codec.compression.picture import ModelPicture, reconstructions
from rnn_codec.compression.rate_control import BitsPerPixel, Iterations
from rnn_codec.entropy.context_model import ContextModel, bits_per_bit
from rnn_codec.evaluation.measurement import (
    ADAPTIVE,
    ENTROPY,
    FILES,
    IDEAL,
    KIND,
    NOMINAL,
    PREFIX,
    SCORES_OF,
    TUNE,
    Labels,
    Pixels,
    Point,
)
from rnn_codec.evaluation.record import About, ModelFacts
from rnn_codec.runs.cost import read_cost
from rnn_codec.runs.folder import RunFolder, read_config
from rnn_codec.runs.models import CODERS, WITHOUT_CODER, load_model
from rnn_codec.runs.weights import load_context_model

RATES = tuple(iteration / 8 for iteration in range(1, MAX_ITERATIONS + 1))
"""Bits per pixel that adaptive files are asked for."""
PREFIX_RATES = (0.25, 0.5, 1.0, 1.5)
"""Bits per pixel of the beginnings of the longest file."""
RULES = 3
"""Version of how stops are chosen and kept: what other rules gave is measured again."""

BEGINNINGS = "beginnings"
CUT = "cut"
"""The curve of files that end within an iteration."""
GROUPS = ("cell", "recon", "network")
"""Groups of options whose names say what a recurrent codec is."""


@dataclass(frozen=True)
class MeasuredCoder:
    """A model with one of its entropy coders, and the context model that this approximates."""

    model: Model
    context: ContextModel | None

    @property
    def name(self) -> str:
        """Of the entropy coder."""
        return self.model.coder.name


def measured_coders(run: RunFolder, device: str) -> list[MeasuredCoder]:
    """A run's codec without entropy coding, then with every coder that it has.

    Raises:
        UserError: one cannot be used.
    """
    names = [WITHOUT_CODER, *(coder.path.name for coder in run.coders())]
    models = [load_model(run.path, name, device) for name in names]
    for model in models:
        # What is compiled at first is not part of what coding takes.
        model.inspect(model.compress(np.zeros((16, 16, 3), np.uint8), Iterations(1)))
    contexts = [load_context_model(run.coder(name)).to(device) for name in names[1:]]
    return [MeasuredCoder(*pair) for pair in zip(models, [None, *contexts], strict=True)]


@dataclass(frozen=True)
class UniformFiles:
    """Files with the same bits everywhere, by all entropy coders.

    The networks run once for all of a picture. The curve of the best coder has the scores.

    Attributes:
        coders: the first has no entropy coding.
        iterations: the most that files have; there are files of fewer, too.
        cut_at: shares 0 … 1 of what an iteration adds to the best coder's file: where files are cut
            short.
        seconds: entropy coding and decoding of each picture so far, by coder.
    """

    coders: Sequence[MeasuredCoder]
    iterations: int
    cut_at: Sequence[float] = ()
    seconds: dict[str, list[tuple[float, float]]] = field(
        default_factory=lambda: defaultdict(list), init=False
    )

    @property
    def best(self) -> Model:
        """With the best entropy coder."""
        return min(self.coders, key=lambda coder: CODERS.index(coder.name)).model

    @property
    def curves(self) -> Mapping[str, Labels]:
        """See `Measurable.curves`."""
        best = self.best.coder.name
        rates = {NOMINAL: {KIND: NOMINAL}}
        rates |= {coder.name: {KIND: FILES, ENTROPY: coder.name} for coder in self.coders}
        rates |= {
            _ideal(coder): {KIND: IDEAL, ENTROPY: coder.name}
            for coder in self.coders
            if coder.context is not None
        }
        others = {name: labels | {SCORES_OF: best} for name, labels in rates.items()}
        return {**others, best: rates[best], CUT: {KIND: PREFIX, ENTROPY: best}}

    def points(self, pixels: Pixels) -> Iterator[Point]:
        """See `Measurable.points`."""
        picture = model_picture(self.coders[0].model, pixels, BALANCED)
        # The networks run here, and not where entropy coding is timed.
        bits = picture.coded(self.iterations).codes.bits[:, 0].cpu().numpy()
        files = {coder.name: self._files(picture, coder) for coder in self.coders}
        best = files[self.best.coder.name]
        for level, shown in enumerate(decoded(picture, self.iterations), start=1):
            yield Point(self.best.coder.name, level, len(best[level - 1]), shown)
        rates: dict[str, Sequence[float]] = {
            NOMINAL: [level * bits[0].size // 8 for level in range(1, len(bits) + 1)]
        }
        for coder in self.coders:
            if coder.context is not None:
                rates[_ideal(coder)] = np.cumsum(ideal_bytes(coder.context, bits)).tolist()
            if coder.model is not self.best:
                rates[coder.name] = [len(data) for data in files[coder.name]]
        for name, sizes in rates.items():
            for level, size in enumerate(sizes, start=1):
                yield Point(name, level, size, None)
        for point, data in self._cut(best):
            yield Point(CUT, point, len(data), self.best.decompress(data))

    def _files(self, picture: ModelPicture, coder: MeasuredCoder) -> list[bytes]:
        """The files of a coder after 1, 2, … iterations; the longest is decoded."""
        own = picture.with_coder(coder.model.coder, coder.model.identifier)
        start = time.perf_counter()
        own.coded(self.iterations)
        coded = time.perf_counter()
        files = files_of(own, self.iterations)
        begin = time.perf_counter()
        contents = coder.model.inspect(files[-1])
        self.seconds[coder.name].append((coded - start, time.perf_counter() - begin))
        if contents.iterations != self.iterations:
            raise AssertionError(f"{coder.name} does not decode what it coded")
        return files

    def _cut(self, files: Sequence[bytes]) -> Iterator[tuple[float, bytes]]:
        """Beginnings of the longest file that end within each iteration but the first."""
        for level, (shorter, longer) in enumerate(pairwise(files), start=1):
            for share in self.cut_at:
                end = len(shorter) + round(share * (len(longer) - len(shorter)))
                yield level + share, files[-1][:end]


@dataclass(frozen=True)
class AdaptiveFiles:
    """Files that spend bits where they count, as `compress --bpp` makes them.

    Beside them beginnings of the longest, and of a file with the same bits everywhere.

    Attributes:
        model: codes them.
        tune: what bits are spent for.
    """

    model: Model
    tune: str

    @property
    def key(self) -> tuple[object, ...]:
        """What tells it from others, for `measure_once`."""
        return RULES, self.model.identifier, self.tune, RATES, PREFIX_RATES

    @property
    def curves(self) -> Mapping[str, Labels]:
        """See `Measurable.curves`."""
        files, own, uniform = self._names()
        entropy = {ENTROPY: self.model.coder.name}
        return {
            files: {KIND: FILES, **entropy, TUNE: self.tune},
            own: {KIND: PREFIX, **entropy, TUNE: self.tune},
            uniform: {KIND: PREFIX, **entropy},
        }

    def points(self, pixels: Pixels) -> Iterator[Point]:
        """See `Measurable.points`."""
        files, own, uniform = self._names()
        picture = model_picture(self.model, pixels, self.tune)
        # First, so that what is coded the same everywhere is there for all rates.
        alike = picture.file(Iterations(self.model.codec.iterations).choose(picture))[0]
        coded = {rate: picture.file(BitsPerPixel(rate).choose(picture))[0] for rate in RATES}
        for rate, data in coded.items():
            yield Point(files, rate, len(data), self.model.decompress(data))
        for curve, longest in ((own, coded[RATES[-1]]), (uniform, alike)):
            for rate in PREFIX_RATES:
                data = truncate(longest, BitsPerPixel(rate))
                yield Point(curve, rate, len(data), self.model.decompress(data))

    def _names(self) -> tuple[str, str, str]:
        files = f"{ADAPTIVE}, {self.tune}"
        return files, f"{files}, {BEGINNINGS}", f"uniform beside {self.tune}, {BEGINNINGS}"


def model_picture(model: Model, pixels: Pixels, tune: str) -> ModelPicture:
    """A picture that a model codes, tuned, with no mask."""
    parts = model.codec, model.coder, model.identifier
    return ModelPicture(*parts, pixels, distortion_named(tune), importance=None)


def files_of(picture: ModelPicture, iterations: int) -> list[bytes]:
    """Its files of 1, 2, … iterations.

    Each is coded by itself: what follows an iteration can move its end by a byte.
    """
    levels = range(1, iterations + 1)
    return [picture.file(Iterations(level).choose(picture))[0] for level in levels]


def decoded(picture: ModelPicture, iterations: int) -> Iterator[Pixels]:
    """What these files decode to.

    The networks run once for all: a file of t iterations holds the first t of every longer one.
    """
    for image in reconstructions(picture.codec, picture.coded(iterations).codes):
        yield np.ascontiguousarray(image[0].permute(1, 2, 0).cpu().numpy())


def ideal_bytes(model: ContextModel, bits: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Ideal code length of each iteration, bytes.

    Args:
        model: whose probabilities count.
        bits: (iterations, 32, H / 16, W / 16).
    """
    device = next(model.parameters()).device
    signs = torch.from_numpy(bits)[:, None].to(device).float() * 2 - 1
    with torch.inference_mode():
        return bits_per_bit(model(signs), signs).double().cpu().numpy() * (bits[0].size / 8)


def _ideal(coder: MeasuredCoder) -> str:
    return f"{coder.name}, {IDEAL}"


def describe_run(run: RunFolder, codec: RecurrentCodec, dataset: str, command: str) -> About:
    """What is known of a run's codec, which is on the CPU, before it is measured."""
    config = read_config(run)
    named = {group: (config.get(group) or {}).get("name") for group in GROUPS}
    return About(
        name=str(config.get("name", run.path.name)),
        dataset=dataset,
        description="bits per pixel of the code before entropy coding",
        labels={"family": "binary"} | {group: name for group, name in named.items() if name},
        settings={"command": command, "seed": config.get("seed"), "config": config},
        model=model_facts(run, codec),
    )


def model_facts(run: RunFolder, codec: RecurrentCodec) -> ModelFacts:
    """Size and cost of a run's codec and its entropy coders."""
    cost = read_cost(run.cost)
    costs = {coder.path.name: read_cost(coder.cost) for coder in run.coders()}
    return ModelFacts(
        parameters=parameters(codec),
        macs_per_pixel=macs_per_pixel(codec),
        identity=cost.identity if cost else None,
        training=cost,
        coder_training_seconds={name: a.seconds for name, a in costs.items() if a},
        coder_identities={name: a.identity for name, a in costs.items() if a},
    )


def with_seconds(about: About, files: UniformFiles) -> About:
    """What is known, with how long entropy coding took."""
    assert about.model is not None
    seconds = {
        name: (float(np.mean([s for s, _ in own])), float(np.mean([s for _, s in own])))
        for name, own in files.seconds.items()
    }
    return replace(about, model=replace(about.model, coding_seconds=seconds))
