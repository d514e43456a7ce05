"""Converts images to blocks of pixels, whose values become channels, and back; channels innermost.

A block's values are in the order row, column, colour. So a row of a block is contiguous in memory,
both in the image and in the block, which makes the copies fast.
"""

from torch import Tensor


def to_blocks(image: Tensor, side: int) -> Tensor:
    """Cut an image into blocks of side × side pixels; (B, 3, H, W) → (B, 3·side², H/side, W/side).

    Example:
        >>> import torch
        >>> image = torch.arange(16.0).view(1, 1, 4, 4)
        >>> to_blocks(image, 2)[0, :, 0, 1]
        tensor([2., 3., 6., 7.])
    """
    batch, colours, height, width = image.shape
    rows, columns = height // side, width // side
    pixels = image.permute(0, 2, 3, 1).reshape(batch, rows, side, columns, side * colours)
    blocks = pixels.permute(0, 1, 3, 2, 4).reshape(batch, rows, columns, side**2 * colours)
    return blocks.permute(0, 3, 1, 2)


def to_image(blocks: Tensor, side: int) -> Tensor:
    """Undo `to_blocks`; (B, C·side², H, W) → (B, C, side·H, side·W).

    Example:
        >>> import torch
        >>> image = torch.rand(2, 3, 32, 48)
        >>> torch.equal(to_image(to_blocks(image, 16), 16), image)
        True
    """
    batch, depth, rows, columns = blocks.shape
    colours = depth // side**2
    values = blocks.permute(0, 2, 3, 1).reshape(batch, rows, columns, side, side * colours)
    pixels = values.permute(0, 1, 3, 2, 4).reshape(batch, side * rows, side * columns, colours)
    return pixels.permute(0, 3, 1, 2)


def split_blocks(blocks: Tensor) -> Tensor:
    """Split each block into four of half the side; (B, 4C, H, W) → (B, C, 2H, 2W).

    Example:
        >>> import torch
        >>> image = torch.rand(2, 3, 32, 48)
        >>> torch.equal(split_blocks(to_blocks(image, 16)), to_blocks(image, 8))
        True
    """
    batch, depth, rows, columns = blocks.shape
    half = half_side(depth)
    values = blocks.permute(0, 2, 3, 1).reshape(batch, rows, columns, 2, half, 2, 3 * half)
    quarters = values.permute(0, 1, 3, 2, 5, 4, 6)
    return quarters.reshape(batch, 2 * rows, 2 * columns, depth // 4).permute(0, 3, 1, 2)


def join_blocks(quarters: Tensor) -> Tensor:
    """Undo `split_blocks`; (B, C, 2H, 2W) → (B, 4C, H, W).

    Example:
        >>> import torch
        >>> image = torch.rand(2, 3, 32, 48)
        >>> torch.equal(join_blocks(to_blocks(image, 8)), to_blocks(image, 16))
        True
    """
    batch, depth, rows, columns = quarters.shape
    half = half_side(4 * depth)
    values = quarters.permute(0, 2, 3, 1)
    values = values.reshape(batch, rows // 2, 2, columns // 2, 2, half, 3 * half)
    blocks = values.permute(0, 1, 3, 2, 5, 4, 6)
    return blocks.reshape(batch, rows // 2, columns // 2, 4 * depth).permute(0, 3, 1, 2)


def half_side(depth: int) -> int:
    """Half the side of blocks with `depth` values, of three colours.

    Example:
        >>> half_side(768)
        8
    """
    return round((depth / 3) ** 0.5) // 2
