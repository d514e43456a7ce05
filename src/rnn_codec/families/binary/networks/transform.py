"""A design whose late iterations learn, since every iteration has its own block transform.

With shared weights alone, gates have to find sixteen different sets of 32 directions in a residual
that becomes white. Here every iteration t also has its own linear analysis A_t and synthesis S_t of
16×16 blocks (768 → 32 → 768), initialised from the KLT of training blocks (`stages`). The recurrent
layers learn the non-linear rest. All recurrence is at H/16, so products are few and large.

    encoder   z = n_t ⊙ A_t r + E(r)
              E: 3 ─►⤡ H/8, normalise ─► 3×3, stride 2 ─► E-RNN#1 ─► 1×1
              bits group after group: b_j = sign tanh(z_j − Σ_i n_j (A_t S_t)_ji a_i s_i b_i)

    decoder   bits ─► D-RNN#1 ─► D-RNN#2 ─► h      3×3 and 1×1, at H/16
              v = b ⊙ a_t ⊙ exp(G h)               step sizes that adapt to the content
              L_t = (1 − γ) L_{t−1} + S_t v        L_0 = the mean block
              f_t = free part of h, and of L_t     3×3 at H/8 ─►⤢ 3
              output  L_t + f_t

    s = exp(P h), from the h of the iteration before: the step sizes as predicted before the bits.

A group of bits codes the residual of the groups before it: the encoder subtracts what the decoder
will add for them, without going back to pixels. So the first iteration can code the mean of a block
with several bits. The decoder does not depend on the groups.

γ is that of the paper's equation 1, the share of the last reconstruction that a framework keeps.
The linear part always accumulates over the iterations. The non-linear part is replaced or
accumulated, depending on the framework:

- one-shot (γ = 0) replaces its reconstruction, so the decoder itself keeps the linear part:
  x̂_t = L_t + f_t, where L_t is the sum of all stages so far;
- additive (γ = 1) keeps the reconstruction: L_t is the stage alone, x̂_t = x̂_{t−1} + S_t v + f_t;
- residual scaling (γ = 1) divides the decoder's output by its gain and adds it, as with every
  network; the encoder's input is multiplied by it, so analysis, synthesis and steps agree.

Encoder and decoder count the iterations in their own states (`iteration`). The count selects the
stage and a bias of the recurrent layers' inputs.
"""

from collections.abc import Callable
from typing import ClassVar, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from rnn_codec.cells.cell import CellFactory, CellState
from rnn_codec.errors import InvalidOptionError
from rnn_codec.families.binary.code import CODE_DEPTH, STRIDE
from rnn_codec.families.binary.networks.network import (
    DECODERS,
    ENCODERS,
    FREE_PARTS,
    DecoderNetwork,
    EncoderNetwork,
    NetworkState,
    Steps,
    depth_to_space,
)
from rnn_codec.families.binary.networks.stages import BLOCK_DEPTH, Stages, klt_stages, model_stages
from rnn_codec.layers.binarizer import GroupBinarizer
from rnn_codec.layers.blocks import join_blocks, split_blocks, to_blocks, to_image
from rnn_codec.layers.convolution import IterationConv2d, OfEachIteration, SharedConv2d

QUARTER_DEPTH = BLOCK_DEPTH // 4
"""Values of a block of 8×8 pixels."""
MAGNITUDE = 0.3
"""Mean magnitude of the input of the encoder's recurrent part."""
SMALLEST_MAGNITUDE = 0.01
"""Added to the magnitude of a residual to limit the gain: about one of 255 levels."""
LARGEST_LOG_STEP = 3.0
"""Limit on the change of step sizes: by a factor of e³."""
SLOPE = 0.1
"""Slope of the leaky rectifiers below zero."""


class EncoderState(NamedTuple):
    """The state that the encoder passes to its next iteration."""

    cell: CellState | None
    iteration: int
    """Number of completed iterations."""


class DecoderState(NamedTuple):
    """The state that the decoder passes to its next iteration."""

    cells: tuple[CellState | None, ...]
    linear: Tensor
    """L, blocks (B, 768, H/16, W/16), or (1, 768, 1, 1) before the first iteration."""
    log_steps: Tensor | None
    """P h, (B, 32, H/16, W/16); None before the first iteration."""
    iteration: int
    """Number of completed iterations."""


def seen(blocks: Tensor) -> tuple[Tensor, Tensor]:
    """The blocks divided by their mean magnitude, and the (scaled) logarithm of that magnitude.

    No gradient flows through the gain. It is large where a residual is small, and its gradient
    would drown out all others.

    Shapes:
        blocks (B, 768, H/16, W/16) → (B, 192, H/8, W/8), (B, 1, H/16, W/16)
    """
    magnitude = blocks.detach().abs().mean(dim=1, keepdim=True) + SMALLEST_MAGNITUDE
    return split_blocks(blocks * (MAGNITUDE / magnitude)), 1 + magnitude.log() / 2


def rectified(x: Tensor, beside: Tensor, bias: Tensor) -> Tensor:
    """The leaky rectifier of the sum of its arguments; x, beside (B, C, H, W), bias (C,)."""
    return F.leaky_relu(x + beside + bias[:, None, None], SLOPE)


def with_bias(x: Tensor, bias: Tensor) -> Tensor:
    """x, (B, C, H, W), plus bias, (C,)."""
    return x + bias[:, None, None]


def bounded(log_step: Tensor) -> Tensor:
    """The logarithm of a step size, clamped to its bounds."""
    return log_step.clamp(-LARGEST_LOG_STEP, LARGEST_LOG_STEP)


def stepped(bits: Tensor, log_amplitude: Tensor, log_step: Tensor) -> Tensor:
    """v = b ⊙ a ⊙ exp(G h); bits, log_step (B, 32, H, W), log_amplitude (32,)."""
    return bits * (log_amplitude[:, None, None] + bounded(log_step)).exp()


def added(linear: Tensor, kept: float, stage: Tensor) -> Tensor:
    """L_t, blocks (B, 768, H, W)."""
    return kept * linear + stage


def assembled(linear: Tensor, free: Tensor) -> Tensor:
    """L + f as an image (B, 3, H, W); linear (B, 768, H/16, W/16), free (B, 192, H/8, W/8)."""
    return to_image(linear + join_blocks(free), STRIDE)


@ENCODERS.register("transform")
class TransformEncoder(EncoderNetwork):
    """The encoder; see `EncoderNetwork` for shapes.

    Args:
        depth: depth of the recurrent layer, which `cell` builds.
        iterations: number of stages, and so the most iterations of the codec.
        groups: number of groups into which an iteration's 32 bits are divided.

    Raises:
        InvalidOptionError: the number of iterations or groups is invalid.
    """

    elementwise: ClassVar[tuple[str, ...]] = ("seen", "rectified")
    seen, rectified = staticmethod(seen), staticmethod(rectified)

    def __init__(self, cell: CellFactory, depth: int, iterations: int, groups: int) -> None:
        super().__init__()
        stages = model_stages(iterations, groups)
        self.iterations, self.groups = iterations, groups
        self.analysis = IterationConv2d(stages.directions.clone())
        self.log_scale = OfEachIteration(-stages.deviations.log())
        self.convolution = SharedConv2d(QUARTER_DEPTH, depth, kernel=3, stride=2, bias=False)
        self.of_magnitude = SharedConv2d(1, depth, kernel=1)
        self.of_iteration = OfEachIteration(torch.zeros(iterations, depth))
        self.cells = nn.ModuleList([cell(depth, depth, kernel=1, stride=1, hidden_kernel=1)])
        self.binarizer = GroupBinarizer(depth, CODE_DEPTH, groups)

    def initial_state(self) -> NetworkState:
        return EncoderState(None, 0)

    def start_from(self, stages: Stages) -> None:
        with torch.no_grad():
            self.analysis.weights.values.copy_(stages.directions)
            self.log_scale.values.copy_(-stages.deviations.log())

    def forward(
        self, x: Tensor, state: NetworkState, steps: Steps | None
    ) -> tuple[Tensor, NetworkState]:
        assert isinstance(state, EncoderState)
        assert steps is not None
        t = state.iteration
        blocks = to_blocks(x, STRIDE)
        normalised, magnitude = self.seen(blocks)
        features = self.rectified(
            self.convolution(normalised), self.of_magnitude(magnitude), self.of_iteration(t)
        )
        features, cell = self.cells[0](features, state.cell)
        scale = self.log_scale(t).exp()
        of_bits = (self.analysis.weights(t) @ steps.directions) * scale[:, None]
        linear = self.analysis(blocks, t) * scale[:, None, None]
        bits = self.binarizer(features, linear, of_bits, steps.sizes)
        return bits, EncoderState(cell, t + 1)


@DECODERS.register("transform")
class TransformDecoder(DecoderNetwork):
    """The decoder; see `DecoderNetwork` for shapes.

    Args:
        depth: depth of the recurrent layers, which `cell` builds; a multiple of 4.
        kernel: side of the second recurrent layer's input kernel.
        iterations: number of stages; the same as in the encoder.
        groups: the encoder's groups; only the initial weights depend on them.
        gamma: γ, the share of the last reconstruction that the framework keeps.
        free_part: builds the module that computes f from h at H/8, given the depth of h there.

    Raises:
        InvalidOptionError: `depth`, or the number of iterations or groups, is invalid.
    """

    elementwise: ClassVar[tuple[str, ...]] = ("with_bias", "stepped", "added", "assembled")
    with_bias, stepped = staticmethod(with_bias), staticmethod(stepped)
    added, assembled = staticmethod(added), staticmethod(assembled)

    def __init__(
        self,
        cell: CellFactory,
        depth: int,
        kernel: int,
        iterations: int,
        groups: int,
        gamma: float,
        free_part: Callable[[int], nn.Module],
    ) -> None:
        super().__init__()
        if depth < 4 or depth % 4:
            raise InvalidOptionError(f"network.decoder.depth={depth} is not a multiple of 4")
        stages = model_stages(iterations, groups)
        self.iterations, self.groups = iterations, groups
        self.kept = 1.0 - gamma
        self.mean = nn.Parameter(stages.mean.clone())
        self.synthesis = IterationConv2d(stages.directions.transpose(1, 2).contiguous())
        self.log_amplitude = OfEachIteration(stages.amplitudes.log())
        self.cells = nn.ModuleList(
            [cell(CODE_DEPTH, depth, 3, 1, 1), cell(depth, depth, kernel, 1, 1)]
        )
        self.of_iteration = nn.ModuleList(
            [OfEachIteration(torch.zeros(iterations, d)) for d in (CODE_DEPTH, depth)]
        )
        self.log_steps = SharedConv2d(depth, 2 * CODE_DEPTH, kernel=1)
        nn.init.zeros_(self.log_steps.weight)
        self.free_part = free_part(depth // 4)

    def initial_state(self) -> NetworkState:
        return DecoderState((None, None), self.mean[None, :, None, None], None, 0)

    def initial_signal(self, zeros: Tensor) -> Tensor:
        """An image with the mean block everywhere."""
        rows, columns = zeros.shape[2] // STRIDE, zeros.shape[3] // STRIDE
        blocks = self.mean[None, :, None, None].expand(len(zeros), -1, rows, columns)
        return to_image(blocks, STRIDE)

    def stages_of(self, blocks: Tensor) -> Stages:
        return klt_stages(blocks, self.iterations, self.groups)

    def start_from(self, stages: Stages) -> None:
        with torch.no_grad():
            self.mean.copy_(stages.mean)
            self.synthesis.weights.values.copy_(stages.directions.transpose(1, 2))
            self.log_amplitude.values.copy_(stages.amplitudes.log())

    def next_steps(self, state: NetworkState) -> Steps:
        assert isinstance(state, DecoderState)
        amplitude = self.log_amplitude(state.iteration).exp()
        directions = self.synthesis.weights(state.iteration) * amplitude
        known = state.log_steps
        return Steps(directions, None if known is None else bounded(known).exp())

    def forward(self, x: Tensor, state: NetworkState) -> tuple[Tensor, NetworkState]:
        assert isinstance(state, DecoderState)
        t = state.iteration
        # Channels innermost, wherever the bits come from, because other layouts round differently.
        bits = x.contiguous(memory_format=torch.channels_last)
        hidden, cells = bits, []
        for cell, bias, previous in zip(self.cells, self.of_iteration, state.cells, strict=True):
            hidden, following = cell(self.with_bias(hidden, bias(t)), previous)
            cells.append(following)
        log_step, next_log_steps = self.log_steps(hidden).chunk(2, dim=1)
        values = self.stepped(bits, self.log_amplitude(t), log_step)
        linear = self.added(state.linear, self.kept, self.synthesis(values, t))
        free = self.free_part(depth_to_space(hidden), linear)
        signal = self.assembled(linear, free)
        return signal, DecoderState(tuple(cells), linear, next_log_steps, t + 1)


@FREE_PARTS.register("linear")
class LinearFreePart(nn.Module):
    """f = one convolution of h at H/8, zero at the start.

    Shapes:
        h (B, depth, H/8, W/8), L (B, 768, H/16, W/16) → blocks (B, 192, H/8, W/8)
    """

    def __init__(self, depth: int) -> None:
        super().__init__()
        self.last = SharedConv2d(depth, QUARTER_DEPTH, kernel=3)
        nn.init.zeros_(self.last.weight)

    def forward(self, hidden: Tensor, linear: Tensor) -> Tensor:
        return self.last(hidden)


@FREE_PARTS.register("residual")
class ResidualFreePart(nn.Module):
    """f = residual 3×3 layers at H/8 and a last convolution, of h and the linear part.

    Seeing the linear part, they can repair the artefacts of a block transform at edges and at block
    borders. There are `layers` residual layers of depth `hidden_depth`. The shapes are those of
    `LinearFreePart`.
    """

    elementwise: ClassVar[tuple[str, ...]] = ("beside", "rectified", "rectified_sum")

    def __init__(self, depth: int, hidden_depth: int, layers: int) -> None:
        super().__init__()
        self.first = SharedConv2d(depth + QUARTER_DEPTH, hidden_depth, kernel=3)
        self.layers = nn.ModuleList(
            [SharedConv2d(hidden_depth, hidden_depth, kernel=3) for _ in range(layers)]
        )
        self.last = SharedConv2d(hidden_depth, QUARTER_DEPTH, kernel=3)
        nn.init.zeros_(self.last.weight)

    @staticmethod
    def beside(hidden: Tensor, linear: Tensor) -> Tensor:
        """h and the linear part at H/8, with their channels concatenated."""
        return torch.cat([hidden, split_blocks(linear).to(hidden.dtype)], dim=1)

    @staticmethod
    def rectified(x: Tensor) -> Tensor:
        """The leaky rectifier."""
        return F.leaky_relu(x, SLOPE)

    @staticmethod
    def rectified_sum(x: Tensor, branch: Tensor) -> Tensor:
        """x plus the leaky rectifier of the branch."""
        return x + F.leaky_relu(branch, SLOPE)

    def forward(self, hidden: Tensor, linear: Tensor) -> Tensor:
        x = self.rectified(self.first(self.beside(hidden, linear)))
        for layer in self.layers:
            x = self.rectified_sum(x, layer(x))
        return self.last(x)
