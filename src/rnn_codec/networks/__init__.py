"""Encoders and decoders: one design a module, and what they have in common in `network`."""

from rnn_codec.networks.lean import LeanDecoder, LeanEncoder
from rnn_codec.networks.network import (
    CODE_DEPTH,
    STRIDE,
    DecoderNetwork,
    EncoderNetwork,
    NetworkState,
    depth_to_space,
    scaled,
)
from rnn_codec.networks.paper import Decoder, Encoder

__all__ = [
    "CODE_DEPTH",
    "STRIDE",
    "Decoder",
    "DecoderNetwork",
    "Encoder",
    "EncoderNetwork",
    "LeanDecoder",
    "LeanEncoder",
    "NetworkState",
    "depth_to_space",
    "scaled",
]
