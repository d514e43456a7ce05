"""What several tests share."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
import torch
from hypothesis import settings

from rnn_codec.cells import (
    AssociativeLSTMCell,
    CellFactory,
    GRUCell,
    LSTMCell,
    ResidualGRUCell,
)
from rnn_codec.codec import RecurrentCodec
from rnn_codec.networks import (
    Decoder,
    DecoderNetwork,
    Encoder,
    EncoderNetwork,
    LeanDecoder,
    LeanEncoder,
)
from rnn_codec.reconstruction import Additive, OneShot, Reconstruction, ResidualScaling

# No test depends on timing.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

ROOT = Path(__file__).parents[1]

LSTM = partial(LSTMCell, forget_bias=1.0)
ASSOCIATIVE_LSTM = partial(AssociativeLSTMCell, forget_bias=1.0, key_bias=1.0)
RESIDUAL_GRU = partial(ResidualGRUCell, hidden_scale=0.1, output_scale=0.1)

CELLS: dict[str, tuple[CellFactory, CellFactory]] = {
    "lstm": (LSTM, LSTM),
    "associative_lstm": (LSTM, ASSOCIATIVE_LSTM),
    "gru": (GRUCell, GRUCell),
    "residual_gru": (RESIDUAL_GRU, RESIDUAL_GRU),
}
FRAMEWORKS: dict[str, type[Reconstruction]] = {
    "one_shot": OneShot,
    "additive": Additive,
    "residual_scaling": ResidualScaling,
}
PAIRS = [(cell, recon) for cell in CELLS for recon in FRAMEWORKS]


NETWORKS: dict[str, tuple[type[EncoderNetwork], type[DecoderNetwork]]] = {
    "paper": (Encoder, Decoder),
    "lean": (LeanEncoder, LeanDecoder),
}


def make_codec(
    cell: str, recon: str, width: float = 0.125, seed: int = 0, network: str = "paper"
) -> RecurrentCodec:
    """An untrained codec of a cell, a framework and a design of networks, by name."""
    torch.manual_seed(seed)
    (encoder, decoder), (its_encoder, its_decoder) = CELLS[cell], NETWORKS[network]
    networks = its_encoder(encoder, width), its_decoder(decoder, width)
    return RecurrentCodec(*networks, FRAMEWORKS[recon]())


@pytest.fixture(autouse=True)
def _seeded() -> Iterator[None]:
    torch.manual_seed(0)
    yield


@pytest.fixture
def picture() -> torch.Tensor:
    """A smooth uint8 picture of an odd size, (1, 3, 45, 70)."""
    y, x = torch.meshgrid(torch.arange(45.0), torch.arange(70.0), indexing="ij")
    waves = [128 + 100 * torch.sin(x / (5 + c) + y / (9 - c)) for c in range(3)]
    return torch.stack(waves).clamp(0, 255).to(torch.uint8)[None]
