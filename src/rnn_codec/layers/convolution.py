"""Convolutions whose weights are shared by the iterations of an unroll.

Training unrolls up to 16 iterations over the same weights. Ordinary back-propagation computes one
weight gradient per iteration, a matrix product too small to use the processor fully, and adds it to
the others. Here every iteration stores its input and its output gradient. A single product over all
of them, concatenated along the batch, gives the sum:

    iteration 1   x₁ ──► y₁        backward:  (x₁, ∂y₁) ┐
    iteration 2   x₂ ──► y₂                   (x₂, ∂y₂) ├─► one product ─► ∂W
    ...                                       ...       ┘

The gradients are those of ordinary back-propagation; only the order of summation differs.

With channels innermost, a convolution with a 1×1 kernel is a product of matrices, (positions,
channels), and is computed as such: for few positions this is up to 1.5 times as fast as a
convolution.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.autograd.function import once_differentiable


@dataclass
class _Tape:
    """Inputs and output gradients of the iterations, stored for the single weight gradient."""

    stride: int
    padding: int
    inputs: list[Tensor] = field(default_factory=list)
    output_gradients: list[Tensor] = field(default_factory=list)


def to_matrix(x: Tensor) -> Tensor:
    """A matrix with a row per position; (B, C, H, W) → (B·H·W, C).

    Nothing is copied if channels are innermost.
    """
    return x.permute(0, 2, 3, 1).reshape(-1, x.shape[1])


def to_image(matrix: Tensor, like: Tensor) -> Tensor:
    """Undo `to_matrix` for an image with the size of `like`; channels are innermost.

    Example:
        >>> x = torch.arange(12.0).view(1, 2, 2, 3)
        >>> torch.equal(to_image(to_matrix(x), x), x)
        True
    """
    batch, _, height, width = like.shape
    return matrix.view(batch, height, width, matrix.shape[1]).permute(0, 3, 1, 2)


def _is_product(x: Tensor, weight: Tensor, stride: int) -> bool:
    """Whether a convolution is a product of matrices without changing the memory layout."""
    one_pixel = stride == 1 and weight.shape[2:] == (1, 1)
    return one_pixel and x.is_contiguous(memory_format=torch.channels_last)


def _convolve(x: Tensor, weight: Tensor, bias: Tensor | None, stride: int, padding: int) -> Tensor:
    if _is_product(x, weight, stride):
        return to_image(F.linear(to_matrix(x), weight.flatten(1), bias), x)
    return F.conv2d(x, weight, bias, stride, padding)


def _convolution_backward(
    gradient: Tensor, x: Tensor, weight: Tensor, tape: _Tape, wanted: list[bool]
) -> tuple[Tensor | None, Tensor | None, Tensor | None]:
    """The gradients of the input, the weight and the bias; None for those not `wanted`."""
    if _is_product(x, weight, tape.stride):
        of_input, of_weight, of_bias = wanted
        rows = to_matrix(gradient)
        return (
            to_image(rows @ weight.flatten(1).to(rows.dtype), x) if of_input else None,
            (rows.T @ to_matrix(x).to(rows.dtype)).view_as(weight) if of_weight else None,
            rows.sum(dim=0) if of_bias else None,
        )
    stride, padding = [tape.stride] * 2, [tape.padding] * 2
    depth = [weight.shape[0]]
    # Under autocast the forward pass used the dtype of the gradient.
    x, weight = x.to(gradient.dtype), weight.to(gradient.dtype)
    return torch.ops.aten.convolution_backward(
        gradient, x, weight, depth, stride, padding, [1, 1], False, [0, 0], 1, wanted
    )


class _SharedWeight(torch.autograd.Function):
    """Passes the parameters to the iterations; computes their gradient after all have run backward.

    Under autocast the parameters are cast here once, instead of in every iteration, forward and
    backward.
    """

    @staticmethod
    def forward(
        ctx: Any, weight: Tensor, bias: Tensor | None, tape: _Tape
    ) -> tuple[Tensor, Tensor | None]:
        ctx.set_materialize_grads(False)
        ctx.tape = tape
        ctx.save_for_backward(weight)
        ctx.has_bias = bias is not None
        kind, dtype = weight.device.type, weight.dtype
        if torch.is_autocast_enabled(kind):
            dtype = torch.get_autocast_dtype(kind)
        of_bias = None if bias is None else bias.view_as(bias).to(dtype)
        return weight.view_as(weight).to(dtype), of_bias

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *_: Tensor) -> tuple[Tensor | None, Tensor | None, None]:
        tape, (weight,) = ctx.tape, ctx.saved_tensors
        if not tape.inputs:
            return None, None, None
        inputs, gradients = torch.cat(tape.inputs), torch.cat(tape.output_gradients)
        tape.inputs.clear()
        tape.output_gradients.clear()
        of_weight, of_bias = _convolution_backward(
            gradients, inputs, weight, tape, [False, True, ctx.has_bias]
        )[1:]
        assert of_weight is not None
        of_bias = of_bias.to(weight.dtype) if of_bias is not None else None
        return of_weight.to(weight.dtype), of_bias, None


class _IterationConvolution(torch.autograd.Function):
    """One iteration: computes the input's gradient and leaves the weight's for later."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, bias: Tensor | None, tape: _Tape) -> Tensor:
        ctx.tape = tape
        ctx.save_for_backward(x, weight)
        y = _convolve(x, weight, bias, tape.stride, tape.padding)
        ctx.layout = torch.contiguous_format if y.is_contiguous() else torch.channels_last
        return y

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, None, None, None]:
        tape, (x, weight) = ctx.tape, ctx.saved_tensors
        # One iteration in another layout would change the layout of the concatenation of all.
        gradient = gradient.contiguous(memory_format=ctx.layout)
        tape.inputs.append(x.to(gradient.dtype))
        tape.output_gradients.append(gradient)
        if not ctx.needs_input_grad[0]:
            return None, None, None, None
        of_input, _, _ = _convolution_backward(gradient, x, weight, tape, [True, False, False])
        assert of_input is not None
        return of_input.to(x.dtype), None, None, None


class SharedConv2d(nn.Module):
    """A convolution with "same" padding whose weights serve every iteration.

    An even kernel gets its extra padding on the right and below, so that stride 1 keeps the size.
    Weights are drawn from a normal distribution of variance 1/fan-in, which keeps the variance of
    the gates near 1; biases start at zero. `kernel` is the kernel's side; it and `stride` are in
    pixels of the input.

    Shapes:
        (B, in_channels, H, W) → (B, out_channels, ⌈H/stride⌉, ⌈W/stride⌉)

    Example:
        >>> SharedConv2d(3, 8, kernel=2)(torch.zeros(1, 3, 5, 7)).shape
        torch.Size([1, 8, 5, 7])
    """

    def __init__(
        self, in_channels: int, out_channels: int, kernel: int, stride: int = 1, bias: bool = True
    ) -> None:
        super().__init__()
        self.stride = stride
        self.padding = (kernel - 1) // 2
        self.extra_padding = (kernel - 1) % 2
        fan_in = in_channels * kernel * kernel
        self.weight = nn.Parameter(torch.empty(out_channels, in_channels, kernel, kernel))
        self.bias = nn.Parameter(torch.zeros(out_channels)) if bias else None
        nn.init.normal_(self.weight, std=fan_in**-0.5)
        self._shared: tuple[Tensor, Tensor | None, _Tape] | None = None

    def forward(self, x: Tensor) -> Tensor:
        if self.extra_padding:
            x = F.pad(x, (0, self.extra_padding, 0, self.extra_padding))
        if self._shared is None:
            return _convolve(x, self.weight, self.bias, self.stride, self.padding)
        return _IterationConvolution.apply(x, *self._shared)

    @property
    def macs_of_position(self) -> int:
        """Multiply–accumulate operations of one position of the output."""
        return self.weight.numel()

    def share(self) -> None:
        """Begin an unroll: from now on, iterations defer their part of the weight gradient."""
        tape = _Tape(self.stride, self.padding)
        self._shared = (*_SharedWeight.apply(self.weight, self.bias, tape), tape)

    def unshare(self) -> None:
        """End an unroll. The graph built during it can still be run backward, once."""
        self._shared = None


class OfEachIteration(nn.Module):
    """Trained values that differ between iterations, for all iterations (T, …).

    Example:
        >>> OfEachIteration(torch.tensor([[1.0, 2.0], [3.0, 4.0]]))(1)
        tensor([3., 4.], grad_fn=<SelectBackward0>)
    """

    def __init__(self, values: Tensor) -> None:
        super().__init__()
        self.values = nn.Parameter(values)
        self._each: tuple[Tensor, ...] | None = None

    def forward(self, iteration: int) -> Tensor:
        """The values of an iteration, counted from 0."""
        return self.values[iteration] if self._each is None else self._each[iteration]

    def share(self) -> None:
        """Begin an unroll. Indexing in each iteration would create a gradient of the full size."""
        self._each = self.values.unbind()

    def unshare(self) -> None:
        """End an unroll."""
        self._each = None


class IterationConv2d(nn.Module):
    """A 1×1 convolution without bias whose weights differ between iterations.

    Shapes:
        weights of all iterations (T, out_channels, in_channels)
        (B, in_channels, H, W) → (B, out_channels, H, W), channels innermost
    """

    def __init__(self, weights: Tensor) -> None:
        super().__init__()
        self.weights = OfEachIteration(weights)

    @property
    def macs_of_position(self) -> int:
        """Multiply–accumulate operations of one position of the output."""
        return self.weights.values[0].numel()

    def forward(self, x: Tensor, iteration: int) -> Tensor:
        """Convolve with the weights of an iteration, counted from 0."""
        return to_image(F.linear(to_matrix(x), self.weights(iteration)), x)


@contextmanager
def deferred_weight_gradients(module: nn.Module) -> Iterator[None]:
    """Make every `SharedConv2d` in `module` compute one weight gradient for all calls inside.

    The values of `OfEachIteration` are split once, and their gradients combined once.

    Up to rounding, the gradients equal those without deferral. They can be computed only once:
    neither second derivatives nor a second backward pass over the same graph are possible.

    Example:
        >>> layer = SharedConv2d(1, 1, kernel=1)
        >>> with deferred_weight_gradients(layer):
        ...     loss = sum(layer(torch.full((1, 1, 1, 1), float(t))).sum() for t in (1, 2))
        >>> loss.backward()
        >>> layer.weight.grad.item(), layer.bias.grad.item()
        (3.0, 2.0)
    """
    layers = [m for m in module.modules() if isinstance(m, SharedConv2d | OfEachIteration)]
    for layer in layers:
        layer.share()
    try:
        yield
    finally:
        for layer in layers:
            layer.unshare()


def set_bias(convolution: SharedConv2d, channels: slice, value: float) -> None:
    """Initialise the biases of some output channels with `value` instead of zero."""
    assert convolution.bias is not None
    with torch.no_grad():
        convolution.bias[channels] = value
