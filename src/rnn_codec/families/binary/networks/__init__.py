"""Encoders and decoders: one design a module, and what they have in common in `network`."""

from rnn_codec.families.binary.networks.network import (
    DECODERS,
    ENCODERS,
    DecoderNetwork,
    EncoderNetwork,
    NetworkState,
)
from rnn_codec.families.binary.networks.paper import Decoder, Encoder
from rnn_codec.families.binary.networks.transform import (
    LinearFreePart,
    ResidualFreePart,
    TransformDecoder,
    TransformEncoder,
)

__all__ = [
    "DECODERS",
    "ENCODERS",
    "Decoder",
    "DecoderNetwork",
    "Encoder",
    "EncoderNetwork",
    "LinearFreePart",
    "NetworkState",
    "ResidualFreePart",
    "TransformDecoder",
    "TransformEncoder",
]
