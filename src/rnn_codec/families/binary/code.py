"""The shape of a code: how many bits each iteration has, and where.

bits (iterations, 32, ⌈H/16⌉, ⌈W/16⌉): 32 bits for 16×16 pixels are 1/8 bit per pixel
"""

CODE_DEPTH = 32
"""Bits per position and iteration."""
STRIDE = 16
"""Side of a position, in pixels of the image."""
PAPER_ITERATIONS = 16
"""Iterations in the paper and its table: 2 bits per pixel. A network may have fewer or more."""
FORMAT_ITERATIONS = 32
"""The most iterations that a network, or a file, may have."""


def padded_size(size: int, multiple: int) -> int:
    """The smallest multiple of `multiple` that is at least `size`.

    Example:
        >>> padded_size(33, 16), padded_size(32, 16), padded_size(1, 32)
        (48, 32, 32)
    """
    return -(-size // multiple) * multiple
