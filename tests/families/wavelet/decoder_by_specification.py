"""A slow decoder of version 3, written from docs/file-format.md alone and in the order of it.

It shares nothing with the package but that page and the files of models.
"""

import hashlib
import math
from binascii import crc_hqx
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias
from zlib import crc32

import numpy as np
import onnx
import yaml
from numpy.typing import NDArray
from onnx import numpy_helper
from safetensors.numpy import load_file

Whole: TypeAlias = NDArray[np.int64]
Single: TypeAlias = NDArray[np.float32]

FIRST_OF_PHASE = ((0, 0), (1, 1), (0, 1), (1, 0))
CHECK_DUE = 64
STRIPE_POSITIONS, LEAST_STRIPE = 2**20, 64


class RefusedError(Exception):
    """A file that a decoder refuses."""


class NotArrivedError(Exception):
    """A bit has not arrived, or nothing of a picture has."""


# --- Header ---------------------------------------------------------------------------------------


class Segment(NamedTuple):
    stripe: int
    plane: int
    scale: int
    group: int
    number: int


@dataclass(frozen=True)
class Header:
    model: bytes
    width: int
    height: int
    step: int
    of_scales: int
    of_blocks: int
    rotation: tuple[int, int, int]
    planes: list[tuple[int, int]]
    end: Segment | None
    stream_bytes: int
    start: int
    seed: int


class Bytes:
    """The beginning of a file, read one field after another."""

    def __init__(self, data: bytes) -> None:
        self.data, self.position = data, 0

    def take(self, count: int) -> bytes:
        found = self.data[self.position : self.position + count]
        refuse_if(len(found) < count)
        self.position += count
        return found

    def number(self) -> int:
        found = 0
        for place in range(5):
            (byte,) = self.take(1)
            found |= (byte & 127) << 7 * place
            if byte < 128:
                refuse_if(byte == 0 and place > 0)
                return found
        raise RefusedError


def refuse_if(condition: bool) -> None:
    if condition:
        raise RefusedError


def crc16(data: bytes) -> bytes:
    return crc_hqx(data, 0xFFFF).to_bytes(2, "big")


def read_header(data: bytes) -> Header:
    fields = Bytes(data)
    refuse_if(fields.take(3) != b"RNC")
    refuse_if(fields.take(1) != b"\3")
    model = fields.take(6)
    width, height = fields.number(), fields.number()
    (step,) = fields.take(1)
    (strengths,) = fields.take(1)
    rotation = fields.take(3)
    planes = [(byte >> 4, byte & 15) for byte in fields.take(6)]
    seed = crc32(data[: fields.position])
    end = fields.number()
    stream_bytes = fields.number()
    refuse_if(crc16(data[: fields.position]) != fields.take(2))

    refuse_if(width == 0 or height == 0 or width * height > 2**28)
    refuse_if(step == 0 or 0x80 in rotation)
    refuse_if((end == 0) != (stream_bytes == 0))
    refuse_if(stream_bytes > 3 * (width + 12) * (height + 12) * 24 + 4096)
    last = None
    if end:
        rest_of, number = divmod(end - 1, 32)
        rest_of, group = divmod(rest_of, 8)
        rest_of, scale = divmod(rest_of, 8)
        stripe, plane = divmod(rest_of, 16)
        last = Segment(stripe, plane, scale, group, number)
        refuse_if(last.scale > 5)
        refuse_if(last.plane >= planes[last.scale][last.group // 4])
    b, c, d = (byte - 256 if byte > 127 else byte for byte in rotation)
    start = fields.position
    refuse_if(len(data) > start + stream_bytes + 2)
    if len(data) == start + stream_bytes + 2:
        refuse_if(crc16(data[start:-2]) != data[-2:])
    return Header(
        model,
        width,
        height,
        step,
        strengths >> 4,
        strengths & 15,
        (b, c, d),
        planes,
        last,
        stream_bytes,
        start,
        seed,
    )


# --- Coefficients ---------------------------------------------------------------------------------


def level_size(header: Header, level: int) -> tuple[int, int]:
    height, width = header.height, header.width
    for _ in range(level):
        height, width = math.ceil(height / 2), math.ceil(width / 2)
    return height, width


class Scale:
    """The decoded coefficients of a scale: magnitudes in units of plane 0."""

    def __init__(self, header: Header, number: int) -> None:
        self.number, self.planes = number, header.planes[number]
        self.height, self.width = level_size(header, 6 - max(number, 1))
        self.bands = 3 if number else 1
        self.channels = 3 * self.bands
        whole = (self.height, self.width, self.channels)
        self.magnitude = np.zeros(whole, np.int64)
        self.negative = np.zeros(whole, np.bool_)
        self.last_told = np.full(whole, 15)
        self.exists = np.ones(whole, np.bool_)
        if number:
            rows, columns = level_size(header, 5 - number)
            for channel in range(self.channels):
                if channel % 3 != 0:  # LH, HH
                    self.exists[rows // 2 :, :, channel] = False
                if channel % 3 != 1:  # HL, HH
                    self.exists[:, columns // 2 :, channel] = False

    def channels_of(self, colour: int) -> range:
        return range(self.bands, self.channels) if colour else range(self.bands)

    def known(self, plane: int, memory: str, after: bool) -> Whole:
        """The known state of the coefficients, before a plane or after it."""
        m = self.magnitude >> (plane if after else plane + 1)
        if memory == "single_iteration":
            m = m & 1 if after else m * 0
        sign = np.where(m == 0, 128, np.where(self.negative, 64, 192))
        few = np.pad(np.minimum(m, 10), ((2, 2), (2, 2), (0, 0)))
        sums = np.zeros_like(m)
        for y in range(5):
            for x in range(5):
                sums += few[y : y + self.height, x : x + self.width]
        magnitude = [128 + min(127, round(32 * math.log2(1 + v))) for v in range(16)]
        around = [128 + min(127, round(32 * math.log2(1 + 4 * v / 25))) for v in range(251)]
        parts = [sign, np.array(magnitude)[np.minimum(m, 15)], np.array(around)[sums]]
        return np.concatenate(parts, axis=2)


# --- Range coder ----------------------------------------------------------------------------------


class RangeDecoder:
    def __init__(self, stream: bytes, behind: int) -> None:
        self.stream, self.behind, self.position = stream, behind, 0
        self.code, self.range = self.next(8), 2**64 - 1

    def next(self, count: int) -> int:
        found = self.stream[self.position : self.position + count]
        self.position += count
        return int.from_bytes(found.ljust(count, bytes([self.behind])), "big")

    def bit(self, k: int) -> int | None:
        """The next bit; None if no encoder has written the stream."""
        zeros = 1 + (2**24 - 2) * (2**16 - k) // 2**16
        unit = self.range >> 24
        bound = unit * zeros
        if self.code >= unit << 24:
            return None
        if self.code < bound:
            b, self.range = 0, bound
        else:
            b, self.range = 1, unit * (2**24 - zeros)
            self.code -= bound
        if self.range < 2**32:
            self.code = (self.code << 32) + self.next(4)
            self.range <<= 32
        return b


class Stream:
    """The bits of a stream, or of the beginning of one."""

    def __init__(self, stream: bytes, whole: bool) -> None:
        self.decoders = [RangeDecoder(stream, 0)]
        if not whole:
            self.decoders.append(RangeDecoder(stream, 0xFF))
        self.left = (len(stream) + 64) * 16_600

    def bit(self, k: int) -> int:
        self.left -= 1
        return self.bit_of_check_value(k)

    def bit_of_check_value(self, k: int = 32768) -> int:
        found = {decoder.bit(k) for decoder in self.decoders}
        if len(found) > 1 or None in found or self.left < 0:
            raise NotArrivedError
        (b,) = found
        assert b is not None
        return b


# --- Prior ----------------------------------------------------------------------------------------


def clipped(x: NDArray[Any]) -> Whole:
    return np.clip(x, 0, 255).astype(np.int64)


def gated(g: Whole, x: Whole) -> Whole:
    return clipped(128 + np.rint(g * (x - 128) / 256))


def product(a: Whole, b: Whole) -> Whole:
    return clipped(128 + np.rint((a - 128) * (b - 128) / 128))


def add(a: Whole, b: Whole) -> Whole:
    return clipped(a + b - 128)


def rest(x: Whole) -> Whole:
    return 255 - x


def joined(*parts: Whole) -> Whole:
    return np.concatenate(parts, axis=2)


@dataclass(frozen=True)
class Layer:
    weights: Whole
    powers: NDArray[np.float64]
    bias: Whole | None

    def sums(self, q: Whole, bias: Whole | None, zero: int, at: tuple[int, int] | None) -> Any:
        """Sums divided by powers of two, at all positions or at those of the phase from `at`."""
        outputs, _, side, _ = self.weights.shape
        weights = self.weights[:, : q.shape[2]]
        assert not self.weights[:, q.shape[2] :].any()
        margin = side // 2
        padded = np.pad(q - zero, ((margin, margin), (margin, margin), (0, 0)))
        found = np.zeros((*q.shape[:2], outputs), np.int64)
        for y in range(side):
            for x in range(side):
                part = padded[y : y + q.shape[0], x : x + q.shape[1]]
                found += part @ weights[:, :, y, x].T
        bias = self.bias if bias is None else bias
        assert bias is not None
        sums = found + bias
        assert np.abs(sums).max(initial=0) < 2**24
        if at is not None:
            sums = sums[at[0] :: 2, at[1] :: 2]
        return np.rint(sums * self.powers)

    def signed(self, q: Whole, zero: int = 128, at: tuple[int, int] | None = None) -> Whole:
        return clipped(128 + self.sums(q, None, zero, at))

    def rectified(self, q: Whole, bias: Whole | None = None) -> Whole:
        return clipped(self.sums(q, bias, 128, None))


def layers(graph: bytes) -> list[Layer]:
    model = onnx.load_from_string(graph)
    constants = {x.name: numpy_helper.to_array(x) for x in model.graph.initializer}
    found = []
    for node in model.graph.node:
        if node.op_type == "QLinearConv":
            weights, powers = constants[node.input[3]], constants[node.input[4]]
            bias = constants.get(node.input[8])
            whole = None if bias is None else bias.astype(np.int64)
            found.append(Layer(weights.astype(np.int64), powers.astype(np.float64), whole))
    return found


class Prior:
    def __init__(self, folder: Path) -> None:
        path = folder / "prior.safetensors"
        self.identifier = hashlib.sha256(path.read_bytes()).digest()[:6]
        tensors = load_file(path)
        self.biases = tensors["biases"].astype(np.int64)
        self.memory = tensors["memory"].tobytes().decode("ascii")
        description = yaml.safe_load((folder / "config.yaml").read_text(encoding="utf-8"))
        self.cell: str = description["codec"]["cell"]["name"]
        self.states = {"lstm": 2, "associative_lstm": 2}.get(self.cell, 1)
        self.graphs: Mapping[str, list[Layer]] = {
            name: layers(tensor.tobytes())
            for name, tensor in tensors.items()
            if name.startswith(("low.", "details."))
        }

    @property
    def depth(self) -> int:
        return self.biases.shape[2]

    def graph(self, scale: Scale, name: str) -> list[Layer]:
        return self.graphs[f"{'details' if scale.number else 'low'}.{name}"]

    def state(self, scale: Scale, plane: int, handed: list[Whole] | None) -> list[Whole]:
        see, *cell = self.graph(scale, "state")
        known = scale.known(plane, self.memory, after=False)
        x = see.rectified(known, self.biases[scale.number, plane])
        if handed is None:
            handed = [np.full((scale.height, scale.width, self.depth), 128)] * self.states
        return getattr(self, self.cell)(cell, x, handed)

    def gru(self, cell: list[Layer], x: Whole, handed: list[Whole]) -> list[Whole]:
        gates, candidate, *_ = cell
        (h,) = handed
        r, z = np.split(gates.signed(joined(x, h)), 2, axis=2)
        new = candidate.signed(joined(x, gated(r, h)))
        return [add(gated(z, h), gated(rest(z), new))]

    def residual_gru(self, cell: list[Layer], x: Whole, handed: list[Whole]) -> list[Whole]:
        _, _, around_state, around_cell = cell
        (gru,) = self.gru(cell, x, handed)
        return [add(add(gru, around_state.signed(handed[0])), around_cell.signed(x, zero=0))]

    def lstm(self, cell: list[Layer], x: Whole, handed: list[Whole]) -> list[Whole]:
        gates, candidate = cell
        h, c = handed
        f, i, o = np.split(gates.signed(joined(x, h)), 3, axis=2)
        c = add(gated(f, c), gated(i, candidate.signed(joined(x, h))))
        return [gated(o, c), c]

    def associative_lstm(self, cell: list[Layer], x: Whole, handed: list[Whole]) -> list[Whole]:
        def times(a: Whole, a2: Whole, b: Whole, b2: Whole) -> tuple[Whole, Whole]:
            return (
                add(product(a, b), rest(product(a2, b2))),
                add(product(a, b2), product(a2, b)),
            )

        gates, complex_layer = cell
        seen = joined(x, handed[0])
        f, i, o = np.split(gates.signed(seen), 3, axis=2)
        j, p, q, j2, p2, q2 = np.split(complex_layer.signed(seen), 6, axis=2)
        first, second = np.split(handed[1], 2, axis=2)
        u, u2 = times(p, p2, j, j2)
        c, c2 = add(gated(f, first), gated(i, u)), add(gated(f, second), gated(i, u2))
        v, v2 = times(q, q2, c, c2)
        return [joined(gated(o, v), gated(o, v2)), joined(c, c2)]

    def message(self, scale: Scale, plane: int, state: Whole) -> Whole:
        (message,) = self.graph(scale, "message")
        return message.signed(joined(state, scale.known(plane, self.memory, after=True)))

    def logits(self, scale: Scale, group: int, state: Whole, told: Whole) -> Whole:
        """The logits of significance, next bit and sign, side by side, at the group's positions."""
        colour, phase = divmod(group, 4)
        context, hidden, logits = self.graph(scale, f"head{colour}{phase}")
        row, column = FIRST_OF_PHASE[phase]
        seen = told if colour else told[..., : 2 * scale.bands]
        around = context.signed(seen, at=(row, column))
        return logits.signed(hidden.rectified(joined(around, state[row::2, column::2])), zero=0)


PROBABILITIES = [round(2**16 / (1 + math.exp((128 - q) / 16))) for q in range(256)]


# --- Stream ---------------------------------------------------------------------------------------


class Decoder:
    """The decoded contents of a file.

    Raises:
        RefusedError: the file is damaged.
    """

    def __init__(self, data: bytes, folder: Path) -> None:
        self.header, self.prior = read_header(data), Prior(folder)
        refuse_if(self.header.model != self.prior.identifier)
        self.scales = [Scale(self.header, number) for number in range(6)]
        start, size = self.header.start, self.header.stream_bytes
        stream = data[start : start + size]
        self.whole = len(stream) == size
        self.stream = Stream(stream, self.whole)
        self.blocks = np.zeros(
            (math.ceil(self.header.height / 32), math.ceil(self.header.width / 32)), np.int64
        )
        self.checked = 0
        self.last_segment: Segment | None = None
        if self.header.end is None:
            return
        try:
            if self.header.of_blocks:
                self.read_blocks()
            for segment in self.segments():
                self.last_segment = segment
                if segment == self.header.end:
                    return
        except NotArrivedError:
            pass
        refuse_if(self.whole)

    def read_blocks(self) -> None:
        d = dict.fromkeys(np.ndindex(self.blocks.shape), 0)
        changed = [at for at in d if self.stream.bit(32768)]
        negative = [at for at in changed if self.stream.bit(32768)]
        for at in changed:
            d[at] = 1
        larger = changed
        for _ in range(1, 62):
            larger = [at for at in larger if self.stream.bit(16384)]
            for at in larger:
                d[at] += 1
        for at in negative:
            d[at] = -d[at]
        for (y, x), difference in d.items():
            before = self.blocks[y, x - 1] if x else self.blocks[y - 1, x] if y else 0
            self.blocks[y, x] = before + difference
        self.blocks = np.clip(self.blocks, -31, 31)

    def segments(self) -> Iterator[Segment]:
        for plane in reversed(range(max(map(max, self.header.planes)))):
            handed: list[Whole] | None = None
            for scale in self.scales:
                if plane >= max(scale.planes):
                    handed = None
                    continue
                states = self.prior.state(scale, plane, handed)
                yield from self.runs_of_scale(plane, scale, states[0])
                if scale.number < 5:
                    handed = [self.prior.message(scale, plane, states[0]), *states[1:]]
                    finer = self.scales[scale.number + 1]
                    if scale.number > 0:
                        handed = [
                            x.repeat(2, 0).repeat(2, 1)[: finer.height, : finer.width]
                            for x in handed
                        ]
            self.check(plane)

    def runs_of_scale(self, plane: int, scale: Scale, state: Whole) -> Iterator[Segment]:
        rows = scale.height
        if scale.height * scale.width > STRIPE_POSITIONS:
            rows = max(LEAST_STRIPE, 2 * (STRIPE_POSITIONS // (2 * scale.width)))
        for stripe, start in enumerate(range(0, scale.height, rows)):
            end = min(start + rows, scale.height)
            for group, number in self.runs_of_stripe(plane, scale, start, end, state[start:end]):
                yield Segment(stripe, plane, scale.number, group, number)

    def runs_of_stripe(
        self, plane: int, scale: Scale, start: int, end: int, state: Whole
    ) -> Iterator[tuple[int, int]]:
        told = np.full((end - start, scale.width, 2 * scale.channels), 128)
        for group in range(8):
            colour, phase = divmod(group, 4)
            if plane >= scale.planes[colour]:
                continue
            row, column = FIRST_OF_PHASE[phase]
            positions = [
                (y, x) for y in range(start + row, end, 2) for x in range(column, scale.width, 2)
            ]
            if not positions:
                continue
            logits = self.prior.logits(scale, group, state, told)
            length = max(64, math.ceil(len(positions) / 32))
            for number, first in enumerate(range(0, len(positions), length)):
                segment = positions[first : first + length]
                self.read_segment(plane, scale, colour, start, segment, logits, told)
                yield group, number

    def read_segment(
        self,
        plane: int,
        scale: Scale,
        colour: int,
        top: int,
        positions: list[tuple[int, int]],
        logits: Whole,
        told: Whole,
    ) -> None:
        channels = scale.channels_of(colour)
        n, first = len(channels), channels[0]
        places = [(y, x, channel) for y, x in positions for channel in channels]

        def probability(place: tuple[int, int, int], kind: int) -> int:
            y, x, channel = place
            return PROBABILITIES[logits[(y - top) // 2, x // 2, kind * n + channel - first]]

        bits = {
            place: self.stream.bit(probability(place, int(scale.magnitude[place] > 0)))
            for place in places
            if scale.exists[place]
        }
        new = [place for place in bits if bits[place] and not scale.magnitude[place]]
        positive = {place: self.stream.bit(probability(place, 2)) for place in new}
        # All of the segment has arrived.
        for place in places:
            y, x, channel = place
            bit = bits.get(place, 0)
            at = 2 * first + channel - first
            told[y - top, x, at] = 160 if bit else 96
            if place in positive:
                told[y - top, x, at + n] = 192 if positive[place] else 64
                scale.negative[place] = not positive[place]
            scale.magnitude[place] |= bit << plane
            scale.last_told[place] = plane

    def check(self, plane: int) -> None:
        significant = sum(int((scale.magnitude > 0).sum()) for scale in self.scales)
        if significant - self.checked < CHECK_DUE:
            return
        self.checked, value = significant, self.header.seed
        for scale in self.scales:
            value = crc32((scale.magnitude >> plane).astype("<u2").tobytes(), value)
            value = crc32(np.packbits(scale.negative.ravel()).tobytes(), value)
        found = 0
        for _ in range(16):
            found = found << 1 | self.stream.bit_of_check_value()
        refuse_if(found != value & 0xFFFF)

    # --- Pixels -----------------------------------------------------------------------------------

    def pixels(self) -> NDArray[np.uint8]:
        if self.last_segment is None and self.header.end is not None:
            raise NotArrivedError
        values = [self.values(scale) for scale in self.scales]
        components = [self.synthesised(values, component) for component in range(3)]
        found = np.zeros((self.header.height, self.header.width, 3), np.uint8)
        for colour in range(3):
            m = [np.float32(self.matrix[component][colour]) for component in range(3)]
            x = (components[0] * m[0] + components[1] * m[1]) + components[2] * m[2]
            found[..., colour] = np.clip(np.rint(x + np.float32(128)), 0, 255)
        return found

    def weight(self, scale: Scale) -> Single:
        e = (-37, -8, 4, 6, -1, -16)[scale.number]
        side = 2 ** (max(scale.number, 1) - 1)
        blocks = self.blocks.repeat(side, 0).repeat(side, 1)[: scale.height, : scale.width]
        exponent = (e * self.header.of_scales + 4) // 8 + blocks * self.header.of_blocks
        roots = np.array([2 ** (u / 32) for u in range(32)], np.float32)
        powers = np.array(2.0 ** (exponent // 32), np.float32)
        return roots[exponent % 32] * powers * np.float32(32 / self.header.step)

    def values(self, scale: Scale) -> Single:
        """The decoded coefficients, divided by weights and norms."""
        unit = 2.0**scale.last_told
        k = np.floor(scale.magnitude / unit)
        c = np.select([k == 0, k == 1, k < 4], [0.0, 0.4, 0.44], 0.48)
        x = (k.astype(np.float32) + c.astype(np.float32)) * unit.astype(np.float32)
        x = np.where(scale.negative, -x, x)
        x = x / self.weight(scale)[..., None]
        norms = (
            (1.0602,),
            (1.0729, 1.0729, 1.0858),
            (1.0668, 1.0668, 1.0751),
            (1.0458, 1.0458, 1.0396),
            (0.9984, 0.9984, 0.9672),
            (1.0113, 1.0113, 1.0404),
        )[scale.number]
        return x / np.array(norms * 3, np.float32)

    def synthesised(self, values: list[Single], component: int) -> Single:
        low = values[0][..., component]
        for number in range(1, 6):
            height, width = level_size(self.header, 5 - number)
            hl, lh, hh = (values[number][..., 3 * component + band] for band in range(3))
            x = np.zeros((height, width), np.float32)
            x[0::2, 0::2] = low
            x[0::2, 1::2] = hl[:, : width // 2]
            x[1::2, 0::2] = lh[: height // 2]
            x[1::2, 1::2] = hh[: height // 2, : width // 2]
            x = np.stack([line(column) for column in x.T], axis=1)
            low = np.stack([line(row) for row in x])
        return low

    @cached_property
    def matrix(self) -> list[list[float]]:
        b, c, d = self.header.rotation
        a = 128
        low, difference, other = 0.5773502691896258, 0.7071067811865476, 0.4082482904638631
        fixed = [
            [low, low, low],
            [difference, 0.0, -difference],
            [-other, 2 * other, -other],
        ]
        if not (b or c or d):
            return fixed
        n = a * a + b * b + c * c + d * d
        own = [
            [a * a + b * b - c * c - d * d, 2 * (b * c - a * d), 2 * (b * d + a * c)],
            [2 * (b * c + a * d), a * a - b * b + c * c - d * d, 2 * (c * d - a * b)],
            [2 * (b * d - a * c), 2 * (c * d + a * b), a * a - b * b - c * c + d * d],
        ]
        return [
            [((r[0] * fixed[0][f] + r[1] * fixed[1][f]) + r[2] * fixed[2][f]) / n for f in range(3)]
            for r in own
        ]


def line(x: Single) -> Single:
    """Return the synthesis of a line of samples."""
    count = len(x)
    if count == 1:
        return x
    g = 1.149604398860241
    x = x.copy()
    x[0::2] *= np.float32(1 / g)
    x[1::2] *= np.float32(g)
    for first, factor in (
        (0, -0.443506852043971),
        (1, -0.882911075530934),
        (0, 0.052980118572961),
        (1, 1.586134342059924),
    ):
        for i in range(first, count, 2):
            left = x[i - 1] if i > 0 else x[1]
            right = x[i + 1] if i + 1 < count else x[i - 1]
            x[i] = x[i] + (left + right) * np.float32(factor)
    return x
