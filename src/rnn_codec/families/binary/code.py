"""The shape of a code: how many bits an iteration has, and where.

bits (iterations, 32, ⌈H/16⌉, ⌈W/16⌉): 32 bits for 16×16 pixels are 1/8 bit per pixel
"""

CODE_DEPTH = 32
"""Bits at every position in every iteration."""
STRIDE = 16
"""Side of a position, in pixels of the image."""
PAPER_ITERATIONS = 16
"""Of the paper and of a table: 2 bits per pixel. A network may have fewer or more."""
FORMAT_ITERATIONS = 32
"""The most that a network, and a file, may have."""


def padded_size(size: int, multiple: int) -> int:
    """The smallest multiple of `multiple` that is not below `size`.

    Example:
        >>> padded_size(33, 16), padded_size(32, 16), padded_size(1, 32)
        (48, 32, 32)
    """
    return -(-size // multiple) * multiple
