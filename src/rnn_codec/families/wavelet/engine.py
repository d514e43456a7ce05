"""Run an integer prior with ONNX Runtime: the same bits on every machine, with any threads."""

import math
from collections.abc import Mapping
from functools import cached_property
from typing import Any, Protocol, TypeAlias
from zlib import crc32

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from rnn_codec.errors import UserError
from rnn_codec.families.wavelet.known import depth as known_depth
from rnn_codec.families.wavelet.layout import COMPONENTS, GROUPS, PHASES, Group, bands
from rnn_codec.families.wavelet.workers import Workers

Bytes: TypeAlias = NDArray[np.uint8]
"""(h, w, channels)."""

STATE, MESSAGE = "state", "message"
LOW, DETAILS = "low", "details"
BIASES = "biases"
"""Key of the biases of all planes, int32 (SCALES, PLANES, depth)."""
FACTS = "facts"
"""Key of the number of parameters, and of operations per pixel of a plane, float64 (2,)."""
ANSWER = "answer"
"""Key of the expected result of `answer`, uint32 ()."""
MEMORY = "memory"
"""Key of the memory's name, in ASCII."""


def aligned(depth: int) -> int:
    """The number of channels to which a layer's input is padded, for speed.

    >>> [aligned(depth) for depth in (2, 6, 9, 18, 27, 59)]
    [8, 8, 16, 32, 32, 64]
    """
    step = 8 if depth <= 8 else 16 if depth <= 16 else 32
    return -(-depth // step) * step


def graph_name(scale: int, kind: str) -> str:
    """The name of a graph in a model's file."""
    return f"{DETAILS if scale else LOW}.{kind}"


def head_name(scale: int, group: Group) -> str:
    """The name of the graph for a group's logits in a model's file."""
    return graph_name(scale, f"head{group.colour}{group.phase}")


def told_depth(scale: int, group: Group) -> int:
    """The input channels of a group's head: bits and signs of luma and, for chroma, of chroma."""
    return 2 * bands(scale) * (COMPONENTS if group.colour else 1)


class Engine:
    """A prior's graphs, ready to run.

    Args:
        tensors: as `prior.graphs.engine_tensors` makes them.
        threads: how many threads share the strips of a picture.

    Attributes:
        workers: these threads.
    """

    def __init__(self, tensors: Mapping[str, NDArray[Any]], threads: int) -> None:
        self._graphs = tensors
        self._biases = tensors[BIASES]
        self.workers = Workers(threads)
        self._options = onnxruntime.SessionOptions()
        # Otherwise every graph would have its own threads, which spin while they wait for work.
        self._options.intra_op_num_threads = 1
        # The graphs are already in their fastest form: optimising them would only take time.
        self._options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
        self._options.log_severity_level = 3
        self._sessions: dict[str, onnxruntime.InferenceSession] = {}

    def check(self) -> None:
        """Run a computation whose result is known.

        Raises:
            UserError: the result differs.
        """
        if answer(self) != int(self._graphs[ANSWER]):
            raise UserError(
                "this machine computes the prior differently from the one that trained it, so its "
                "files would not decode: install another version of onnxruntime"
            )

    @property
    def facts(self) -> tuple[int, float]:
        """The number of parameters, and of multiply–accumulate operations per pixel of a plane."""
        parameters, macs = self._graphs[FACTS]
        return int(parameters), float(macs)

    @property
    def depth(self) -> int:
        """The number of channels of a state."""
        return self._biases.shape[2]

    @cached_property
    def states(self) -> int:
        """The number of tensors of a state."""
        return len(self._session(graph_name(0, STATE)).get_outputs())

    def state(
        self, scale: int, plane: int, known: Bytes, handed: tuple[Bytes, ...]
    ) -> tuple[Bytes, ...]:
        """The state of a plane of a scale; see `ScalePrior.state`."""
        feeds = {"known": known, **{f"handed{i}": state for i, state in enumerate(handed)}}
        fixed = {"shift": self._biases[scale, plane]}
        return tuple(self._by_strips(graph_name(scale, STATE), feeds, fixed))

    def message(self, scale: int, state: Bytes, known: Bytes) -> Bytes:
        """The message to the finer scale; see `ScalePrior.told`."""
        feeds = {"state": state, "known": known}
        return self._by_strips(graph_name(scale, MESSAGE), feeds, {})[0]

    def logits(self, scale: int, group: Group, state: Bytes, told: Bytes) -> Bytes:
        """The logits of a group as bytes, 128 + 16·logit; see `ScalePrior.head`.

        Args:
            state: at the positions of the group.
            told: at all positions.
        """
        graph, row = self._session(head_name(scale, group)), PHASES[group.phase][0]
        height, width, _ = state.shape

        def strip(start: int, end: int) -> list[Bytes]:
            above = min(start, 1)
            rows = told[2 * (start - above) : 2 * end + row]
            here = np.ascontiguousarray(state[start - above : end])
            feeds = {"told": rows[None], "state": here[None]}
            return [graph.run(None, feeds)[0][0, above:]]

        return self.workers.by_strips(strip, height, width)[0]

    def _by_strips(
        self, name: str, feeds: Mapping[str, Bytes], fixed: Mapping[str, NDArray[Any]]
    ) -> list[Bytes]:
        """The outputs of a graph that sees one more row above and below, run by strips."""
        graph = self._session(name)
        height, width, _ = next(iter(feeds.values())).shape

        def strip(start: int, end: int) -> list[Bytes]:
            first, last = max(start - 1, 0), min(end + 1, height)
            rows = {key: value[None, first:last] for key, value in feeds.items()}
            outputs = graph.run(None, {**rows, **fixed})
            return [output[0, start - first : end - first] for output in outputs]

        return self.workers.by_strips(strip, height, width)

    def _session(self, name: str) -> onnxruntime.InferenceSession:
        if name not in self._sessions:
            self._sessions[name] = onnxruntime.InferenceSession(
                self._graphs[name].tobytes(), self._options, providers=["CPUExecutionProvider"]
            )
        return self._sessions[name]


class Computing(Protocol):
    """An implementation of a prior: the engine, or its independent counterpart in PyTorch."""

    @property
    def depth(self) -> int: ...

    @property
    def states(self) -> int: ...

    def state(
        self, scale: int, plane: int, known: Bytes, handed: tuple[Bytes, ...]
    ) -> tuple[Bytes, ...]: ...

    def message(self, scale: int, state: Bytes, known: Bytes) -> Bytes: ...

    def logits(self, scale: int, group: Group, state: Bytes, told: Bytes) -> Bytes: ...


def answer(engine: Computing) -> int:
    """The CRC-32 of the outputs of the details' networks for pseudo-random bytes."""
    size = (6, 10)
    known = _arbitrary(*size, aligned(known_depth(1)))
    handed = tuple(_arbitrary(*size, engine.depth) for _ in range(engine.states))
    states = engine.state(1, 5, known, handed)
    found = [*states, engine.message(1, states[0], known)]
    for group in (GROUPS[1], GROUPS[-1]):
        row, column = PHASES[group.phase]
        told = _arbitrary(*size, aligned(told_depth(1, group)))
        found.append(engine.logits(1, group, states[0][row::2, column::2], told))
    value = 0
    for part in found:
        value = crc32(np.ascontiguousarray(part).data, value)
    return value


def _arbitrary(*shape: int) -> Bytes:
    count = np.arange(math.prod(shape), dtype=np.uint32)
    # Bits from the middle of a product, so that neighbours are unrelated.
    return ((count * 2654435761 >> 13) & 0xFF).astype(np.uint8).reshape(shape)
