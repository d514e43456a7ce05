"""Reconstruction frameworks, one a file, behind the protocol of `framework.py`."""

from rnn_codec.families.binary.reconstruction.additive import Additive
from rnn_codec.families.binary.reconstruction.framework import (
    RECONSTRUCTIONS,
    Reconstruction,
    ReconstructionState,
)
from rnn_codec.families.binary.reconstruction.one_shot import OneShot
from rnn_codec.families.binary.reconstruction.residual_scaling import GainEstimator, ResidualScaling

__all__ = [
    "RECONSTRUCTIONS",
    "Additive",
    "GainEstimator",
    "OneShot",
    "Reconstruction",
    "ReconstructionState",
    "ResidualScaling",
]
