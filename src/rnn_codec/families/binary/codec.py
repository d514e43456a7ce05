"""The recurrent codec: one network, many iterations, each coding the residual of the one before.

                 ┌────────────────── one iteration ──────────────────┐
    x ─(−)─► r ──┼─► encoder, binarizer ─► bits b_t ─► decoder ─► x̂_t ┼─► the next r = x − x̂_t
                 └──── states are passed to the next iteration ──────┘

Encoder and decoder call the same `decode_step` on the same bits, so the decoder computes exactly
what the encoder subtracted.

An *image* is uint8 RGB. A *signal* is an image as floats in −1 … 1, padded to the stride.
"""

from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from rnn_codec.errors import InvalidOptionError
from rnn_codec.families.binary.code import CODE_DEPTH, STRIDE, padded_size
from rnn_codec.families.binary.networks.network import DecoderNetwork, EncoderNetwork, NetworkState
from rnn_codec.families.binary.reconstruction.framework import Reconstruction, ReconstructionState
from rnn_codec.numbers import whole_number

FADE = 8
"""Pixels below the last known row over which a cut iteration fades into the one before it."""


def to_signal(image: Tensor) -> Tensor:
    """Convert uint8 0 … 255 to float −1 … 1.

    Example:
        >>> to_signal(torch.tensor([0, 255], dtype=torch.uint8))
        tensor([-1.,  1.])
    """
    return image.float() / 127.5 - 1.0


def to_image(signal: Tensor) -> Tensor:
    """Convert float −1 … 1 to uint8 0 … 255, by rounding; values outside the range are clamped.

    Example:
        >>> to_image(torch.tensor([-1.2, 0.0, 1.0]))
        tensor([  0, 128, 255], dtype=torch.uint8)
    """
    return ((signal.float() + 1.0) * 127.5).round().clamp(0, 255).to(torch.uint8)


def pad_to_multiple(image: Tensor, multiple: int) -> Tensor:
    """Repeat the last row and column until both sides are multiples; (B, C, H, W) → (B, C, H', W').

    Repeated pixels cost fewer bits than zeros because they add no edge to the picture.

    Example:
        >>> pad_to_multiple(torch.tensor([[[[1.0, 2.0]]]]), 4)[0, 0, -1]
        tensor([1., 2., 2., 2.])
    """
    height, width = image.shape[-2:]
    below, right = padded_size(height, multiple) - height, padded_size(width, multiple) - width
    return F.pad(image, (0, right, 0, below), mode="replicate")


@dataclass(frozen=True)
class Codes:
    """The bits of a batch of images of one size; the last iteration may be cut short.

    Attributes:
        bits: bool, (iterations, B, 32, H′/16, W′/16); H′ and W′ are the padded sizes.
        height, width: H and W, pixels, before padding.
        rows: how many rows of the last iteration's bits are known, from the top; the bits below
            are meaningless. None: all.
        stops: the number of iterations in which each position has bits; its later bits are
            meaningless. Integers, (B, H′/16, W′/16). None: all.

    Raises:
        ValueError: `rows` is negative or more than the bits have.

    Example:
        >>> bits = torch.zeros(2, 1, 32, 4, 6, dtype=torch.bool)
        >>> Codes(bits, 64, 96).whole, Codes(bits, 64, 96, rows=3).whole
        (2, 1)
    """

    bits: Tensor
    height: int
    width: int
    rows: int | None = None
    stops: Tensor | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.known_rows <= self.bits.shape[-2]:
            raise ValueError(
                f"rows must be 0 … {self.bits.shape[-2]}, the rows of the codes, not {self.rows}"
            )

    @property
    def known_rows(self) -> int:
        """The number of known rows of the last iteration."""
        return self.bits.shape[-2] if self.rows is None else self.rows

    @property
    def whole(self) -> int:
        """The number of complete iterations."""
        iterations, rows = self.bits.shape[0], self.bits.shape[-2]
        return iterations if self.known_rows == rows else iterations - 1

    @property
    def bits_per_pixel(self) -> float:
        """Bits per pixel before entropy coding, if all rows are known and no position stops."""
        return self.bits[:, 0].numel() / (self.height * self.width)


class CodecState(NamedTuple):
    """Everything that one iteration passes to the next."""

    encoder: NetworkState
    decoder: NetworkState
    reconstruction: ReconstructionState


Distortion: TypeAlias = Callable[[Tensor], Callable[[Tensor], Tensor]]
"""Takes a reference signal; returns a function from another signal to its error in every block.

See `squared_error`.
"""

Iterate: TypeAlias = Callable[[Tensor, CodecState, Tensor | None], tuple[Tensor, CodecState]]
"""One complete iteration: `RecurrentCodec.iterate`, perhaps compiled."""


class RecurrentCodec(nn.Module):
    """Encoder, binarizer, decoder and reconstruction framework as one codec.

    Example:
        >>> from rnn_codec.cells.gru import GRUCell
        >>> from rnn_codec.families.binary.networks.paper import Decoder, Encoder
        >>> from rnn_codec.families.binary.reconstruction.framework import OneShot
        >>> networks = Encoder(GRUCell, width=0.125), Decoder(GRUCell, width=0.125)
        >>> codec = RecurrentCodec(*networks, OneShot()).eval()
        >>> codes = codec.encode(torch.zeros(1, 3, 17, 33, dtype=torch.uint8), iterations=2)
        >>> codes.bits.shape
        torch.Size([2, 1, 32, 2, 3])
        >>> [reconstruction.shape for reconstruction in codec.decode(codes)]
        [torch.Size([1, 3, 17, 33]), torch.Size([1, 3, 17, 33])]
    """

    def __init__(
        self, encoder: EncoderNetwork, decoder: DecoderNetwork, reconstruction: Reconstruction
    ) -> None:
        super().__init__()
        self.encoder = encoder
        self.decoder = decoder
        self.reconstruction = reconstruction

    @property
    def iterations(self) -> int:
        """The most iterations that a code can have."""
        return min(self.encoder.iterations, self.decoder.iterations)

    def start_from(self, blocks: Tensor) -> None:
        """Initialise the networks from blocks of photographs, (N, 768), if their design does so."""
        stages = self.decoder.stages_of(blocks)
        if stages is not None:
            scaled = stages.multiplied(self.reconstruction.first_gain)
            self.encoder.start_from(scaled)
            self.decoder.start_from(scaled)

    # -- the iteration -------------------------------------------------------------------------

    def initial_state(self, zeros: Tensor) -> CodecState:
        """The state before the first iteration; `zeros` is an empty signal, (B, 3, H, W)."""
        return CodecState(
            self.encoder.initial_state(),
            self.decoder.initial_state(),
            self.reconstruction.initial_state(self.decoder.initial_signal(zeros)),
        )

    def encode_step(self, signal: Tensor, state: CodecState) -> tuple[Tensor, CodecState]:
        """Bits of the residual that `state` leaves of `signal`: (B, 32, H/16, W/16), −1 or +1."""
        residual = signal - state.reconstruction.signal
        seen = self.reconstruction.encoder_input(residual, state.reconstruction)
        steps = self.decoder.next_steps(state.decoder)
        bits, encoder = self.encoder(seen, state.encoder, steps)
        return bits, state._replace(encoder=encoder)

    def decode_step(self, bits: Tensor, state: CodecState) -> CodecState:
        """The state after one iteration's bits; its `reconstruction.signal` is x̂_t."""
        # The memory layout of the bits can decide which kernel the first convolution uses, and so
        # how it rounds. Bits from the encoder and bits from a file must have the same layout.
        decoded, decoder = self.decoder(bits.contiguous(), state.decoder)
        reconstruction = self.reconstruction.update(decoded, state.reconstruction)
        return state._replace(decoder=decoder, reconstruction=reconstruction)

    def iterate(
        self, signal: Tensor, state: CodecState, alive: Tensor | None = None
    ) -> tuple[Tensor, CodecState]:
        """Run one complete iteration; return its bits and the state after them.

        Bits are 0 where a position is not `alive`, (B, 1, H/16, W/16); by default all are alive.
        """
        bits, state = self.encode_step(signal, state)
        if alive is not None:
            bits = bits * alive
        return bits, self.decode_step(bits, state)

    def unroll(
        self,
        signal: Tensor,
        iterations: int,
        iterate: Iterate | None = None,
        stops: Tensor | None = None,
    ) -> list[Tensor]:
        """The reconstructions x̂_1 … x̂_n of a signal, (B, 3, H, W) each, for training.

        H and W must be multiples of the framework's patch (16, or 32 with residual scaling).
        `iterate` replaces the method of that name, e.g. with a compiled version; `stops` is as in
        `Codes`.
        """
        iterate = iterate or self.iterate
        state = self.initial_state(torch.zeros_like(signal))
        reconstructions = []
        for iteration in range(iterations):
            alive = None if stops is None else (stops > iteration)[:, None]
            _, state = iterate(signal, state, alive)
            reconstructions.append(state.reconstruction.signal)
        return reconstructions

    # -- the codec -----------------------------------------------------------------------------

    def encode(self, image: Tensor, iterations: int, stops: Tensor | None = None) -> Codes:
        """Encode uint8 images (B, 3, H, W) of any size, deterministically.

        Each position has bits up to its `stops`, as in `Codes`; by default in all iterations.
        """
        check_iterations(iterations, self.iterations)
        height, width = image.shape[-2:]
        grid = code_size(height, width, self.reconstruction.patch)
        shape = (iterations, image.shape[0], CODE_DEPTH, *grid)
        bits = torch.empty(shape, dtype=torch.bool, device=image.device)
        self.encode_into(bits, image, stops=stops)
        return Codes(bits, height, width, stops=stops)

    @torch.inference_mode()
    def encode_into(
        self,
        bits: Tensor,
        image: Tensor,
        above: int = 0,
        left: int = 0,
        stops: Tensor | None = None,
        distortion: Distortion | None = None,
    ) -> Tensor:
        """Encode uint8 images (B, 3, H, W) next to bits that are already fixed.

        The decoder gets the fixed bits like any others, so the new bits match what it will do.

        Args:
            bits: bool, as in `Codes`; all but the fixed bits are filled in.
            image: the images to encode.
            above, left: how many of the first rows and columns of `bits` are fixed.
            stops: as in `Codes`.
            distortion: measures the error; `squared_error` by default.

        Returns:
            The error at each position after 0, 1, … iterations, (iterations + 1, B, H/16, W/16).
        """
        # Encoder and decoder use the same memory layout: another one may round differently.
        signal = to_signal(image).to(next(self.parameters()).dtype)
        signal = pad_to_multiple(signal, self.reconstruction.patch).contiguous()
        state = self.initial_state(torch.zeros_like(signal))
        error = (distortion or squared_error)(signal)
        errors = [error(state.reconstruction.signal)]
        with evaluation_mode(self):
            for index, step in enumerate(bits):
                symbols, state = self.encode_step(signal, state)
                step[..., above:, left:] = symbols[..., above:, left:] > 0
                known = to_symbols(step, signal.dtype, stops, index)
                state = self.decode_step(known, state)
                errors.append(error(state.reconstruction.signal))
        return torch.stack(errors)

    def decode(self, codes: Codes) -> Iterator[Tensor]:
        """Yield the uint8 reconstruction (B, 3, H, W) after each iteration, as it is decoded.

        If the last iteration is cut short, it changes the picture down to its last known row. The
        rest is the picture of the iteration before, or mid-grey if there was none.

        Only the current state is kept, so memory does not grow with the number of iterations.
        """
        for signal in self._signals(codes):
            yield _shown(signal, codes)

    def decode_last(self, codes: Codes) -> Tensor:
        """The last reconstruction that `decode` yields, without converting the others to images.

        The codes must have at least one iteration.
        """
        return _shown(deque(self._signals(codes), maxlen=1).pop(), codes)

    def _signals(self, codes: Codes) -> Iterator[Tensor]:
        """Yield x̂ after each iteration, (B, 3, H, W), with the padding."""
        self.check_codes(codes)
        state = self.initial_state(self.empty_signal(codes))
        dtype = state.reconstruction.signal.dtype
        for iteration, bits in enumerate(codes.bits):
            with torch.inference_mode():
                symbols = to_symbols(bits, dtype, codes.stops, iteration)
                if iteration < codes.whole:
                    state = self.decode_step(symbols, state)
                    signal = state.reconstruction.signal
                else:
                    signal = self.decode_rows(symbols, codes.known_rows, state)
            yield signal

    def decode_rows(self, symbols: Tensor, rows: int, state: CodecState) -> Tensor:
        """The signal after the first `rows` rows of one iteration; rows below them are ignored.

        Unknown bits enter the decoder as 0, halfway between their two possible values. Pixels of
        the rows above depend on them too, but are hardly disturbed by a 0.
        """
        before = state.reconstruction.signal
        if rows == 0:
            return before
        symbols[..., rows:, :] = 0
        after = self.decode_step(symbols, state).reconstruction.signal
        below = torch.arange(before.shape[-2], device=before.device) - rows * STRIDE
        weight = 1 - (below + 0.5) / FADE
        return torch.lerp(before, after, weight.clamp(0, 1).to(before.dtype)[:, None])

    def check_codes(self, codes: Codes) -> None:
        """Raise ValueError if the codes do not have the size that this codec gives their image."""
        size = code_size(codes.height, codes.width, self.reconstruction.patch)
        if tuple(codes.bits.shape[2:]) != (CODE_DEPTH, *size):
            raise ValueError(
                f"the codes of a {codes.height}×{codes.width} image have shape "
                f"{(CODE_DEPTH, *size)} per iteration, not {tuple(codes.bits.shape[2:])}: they "
                "come from another codec"
            )

    def empty_signal(self, codes: Codes) -> Tensor:
        """Zeros with the shape of the padded images, (B, 3, H, W)."""
        batch, _, rows, columns = codes.bits.shape[1:]
        weight = next(self.parameters())
        return weight.new_zeros(batch, 3, rows * STRIDE, columns * STRIDE)


def _shown(signal: Tensor, codes: Codes) -> Tensor:
    """The signal as a uint8 image, without the padding."""
    with torch.inference_mode():
        return to_image(signal[..., : codes.height, : codes.width])


def code_size(height: int, width: int, patch: int) -> tuple[int, int]:
    """The rows and columns of the codes of an image padded to multiples of `patch` pixels.

    Example:
        >>> code_size(17, 33, patch=32)
        (2, 4)
    """
    return padded_size(height, patch) // STRIDE, padded_size(width, patch) // STRIDE


def to_symbols(
    bits: Tensor, dtype: torch.dtype, stops: Tensor | None = None, iteration: int = 0
) -> Tensor:
    """The decoder's input: bits as −1 (False) and +1 (True), and 0 where a position has stopped.

    `bits` (B, 32, h, w) belong to one `iteration`, counted from 0; `stops` is as in `Codes`.

    Example:
        >>> bits = torch.tensor([False, True]).view(1, 2, 1, 1)
        >>> to_symbols(bits, torch.float32).flatten()
        tensor([-1.,  1.])
        >>> to_symbols(bits, torch.float32, torch.tensor([[[4]]]), iteration=4).abs().sum()
        tensor(0.)
    """
    symbols = bits.to(dtype) * 2 - 1
    return symbols if stops is None else symbols * (stops > iteration)[:, None]


def squared_error(reference: Tensor) -> Callable[[Tensor], Tensor]:
    """A function for the mean squared difference from `reference` in each 16×16 block.

    The unit is squared 8-bit values.

    Shapes:
        reference (B, 3, H, W); then signals of that shape → (B, H/16, W/16)

    Example:
        >>> squared_error(-torch.ones(1, 3, 16, 16))(torch.ones(1, 3, 16, 16))
        tensor([[[65025.]]])
    """

    def error(signal: Tensor) -> Tensor:
        # In place: allocating memory for a large picture each time costs more than the arithmetic.
        difference = signal.clamp(-1, 1).sub_(reference).float().mul_(127.5)
        return F.avg_pool2d(difference.square_().mean(dim=1), STRIDE)

    return error


def check_iterations(iterations: int, most: int) -> None:
    """Raise InvalidOptionError if `iterations` is not in 1 … `most`."""
    if not 1 <= whole_number("iterations", iterations) <= most:
        raise InvalidOptionError(f"iterations must be 1 … {most}, not {iterations}")


def shown_iterations(iterations: int) -> list[int]:
    """The iterations whose scores are logged: powers of two, and the last.

    Example:
        >>> shown_iterations(24), shown_iterations(4)
        ([1, 2, 4, 8, 16, 24], [1, 2, 4])
    """
    return sorted({*(k for k in (1, 2, 4, 8, 16) if k < iterations), iterations})


@contextmanager
def evaluation_mode(module: nn.Module) -> Iterator[None]:
    """Switch `module` to evaluation mode, where the binarizer is not random, and back."""
    training = module.training
    module.eval()
    try:
        yield
    finally:
        module.train(training)
