"""Reconstruction frameworks, one a file, behind the protocol of `framework.py`."""

from rnn_codec.reconstruction.additive import Additive
from rnn_codec.reconstruction.framework import RECONSTRUCTIONS, Reconstruction, ReconstructionState
from rnn_codec.reconstruction.one_shot import OneShot
from rnn_codec.reconstruction.residual_scaling import GainEstimator, ResidualScaling

__all__ = [
    "RECONSTRUCTIONS",
    "Additive",
    "GainEstimator",
    "OneShot",
    "Reconstruction",
    "ReconstructionState",
    "ResidualScaling",
]
