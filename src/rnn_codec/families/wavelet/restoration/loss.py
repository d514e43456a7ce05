"""The loss of a decoded picture after restoration, and its gradient at the decoded picture."""

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from rnn_codec.families.wavelet.gains import BLOCK
from rnn_codec.families.wavelet.planes import Synthesis
from rnn_codec.families.wavelet.restoration.conditions import Conditions
from rnn_codec.families.wavelet.restoration.graph import load_restoration
from rnn_codec.families.wavelet.restoration.network import Restoration
from rnn_codec.families.wavelet.restoration.restorer import LEAST_STEP
from rnn_codec.families.wavelet.restoration.tiles import Tile, tiles
from rnn_codec.runs.folder import RunFolder
from rnn_codec.training.similarity import ms_ssim

LEAST_SIDE = 32
"""The smallest side of a tile whose structure is measured."""
STRUCTURE_ALONE = 0.05
"""The weight of squared error where structure is what counts."""
_LEAST_ERROR, _LEAST_LOSS = 0.1, 0.0001


class PictureLoss:
    """The loss of decoded pictures, and its gradient: see `loss`.

    Each tile has its own loss. How tiles are weighted against each other does not matter, because a
    slope is only compared with those around it.

    Args:
        network: the restoration network; None for no restoration.
        pixels: of the original picture, (H, W, 3).
    """

    def __init__(self, network: Restoration | None, pixels: NDArray[np.uint8]) -> None:
        self._network, self._pixels = network, pixels

    def value(self, picture: Synthesis, conditions: Conditions) -> float:
        """The mean loss over tiles."""
        with torch.no_grad():
            losses = [
                self._loss(_seen(picture, tile), tile, conditions) for tile in tiles(*picture.size)
            ]
        return float(torch.stack(losses).mean())

    def slope(
        self, picture: Synthesis, conditions: Conditions
    ) -> tuple[float, NDArray[np.float32]]:
        """The loss, and its gradient by red, green and blue of each pixel, (3, H, W)."""
        found, losses = np.zeros((3, *picture.size), np.float32), []
        for tile in tiles(*picture.size):
            seen = _seen(picture, tile).requires_grad_()
            losses.append(self._loss(seen, tile, conditions))
            (slope,) = torch.autograd.grad(losses[-1], seen)
            losses[-1] = losses[-1].detach()
            found[:, *tile.seen] += slope[0].numpy()
        return float(torch.stack(losses).mean()), found

    def _loss(self, seen: Tensor, tile: Tile, conditions: Conditions) -> Tensor:
        made = self._restored(seen, tile, conditions)[..., *tile.own_in_seen]
        truth = torch.tensor(self._pixels[tile.own]).permute(2, 0, 1)[None].float()
        return loss(made, truth, conditions.strength)

    def _restored(self, seen: Tensor, tile: Tile, conditions: Conditions) -> Tensor:
        if self._network is None or conditions.fine.max() < LEAST_STEP:
            return seen
        height, width = seen.shape[-2:]
        fine = torch.from_numpy(conditions.fine[tile.blocks])[None, None]
        steps = torch.from_numpy(conditions.steps)[None]
        strength = torch.tensor([[conditions.strength]])
        whole = F.pad(seen, (0, -width % BLOCK, 0, -height % BLOCK), mode="replicate")
        restored: Tensor = self._network(whole, steps, strength, fine)
        return restored[..., :height, :width]


def _seen(picture: Synthesis, tile: Tile) -> Tensor:
    return torch.from_numpy(np.stack(picture.colours(*tile.seen)))[None]


def loss(made: Tensor, truth: Tensor, strength: float) -> Tensor:
    """The distortion of a picture (1, 3, H, W).

    Args:
        strength: how much structure counts relative to squared error, 0 … 1.
    """
    error = torch.log((made - truth).square().mean() + _LEAST_ERROR)
    if not strength or min(made.shape[-2:]) < LEAST_SIDE:
        return error
    structure = torch.log(1 - ms_ssim(truth, made, 255).mean() + _LEAST_LOSS)
    return (1 - (1 - STRUCTURE_ALONE) * strength) * error + strength * structure


def read_network(run: RunFolder, threads: int) -> Restoration:
    """Read the network in a folder, and set PyTorch's number of threads.

    Raises:
        UserError: the network cannot be read.
    """
    torch.set_num_threads(threads)
    return load_restoration(run).requires_grad_(False)
