"""Crops with edges, waves and noise."""

import torch
from torch import Tensor


def crops(count: int, side: int, seed: int = 0) -> Tensor:
    """uint8 (count, 3, side, side), all different."""
    random = torch.Generator().manual_seed(seed)
    y, x = torch.meshgrid(torch.arange(float(side)), torch.arange(float(side)), indexing="ij")
    found = []
    for number in range(count):
        waves = [torch.sin(x / (3 + c + number)) + torch.cos(y / (9 - c)) for c in range(3)]
        edge = 90.0 * (x > side / 2) - 40.0 * (x + y > side)
        noise = torch.randn(3, side, side, generator=random) * 6 * (y < side / 2)
        found.append(128 + 35 * torch.stack(waves) + edge + noise)
    return torch.stack(found).clamp(0, 255).to(torch.uint8)
