"""Photographs: found, decoded once, and cut into random crops or hard tiles for the trainer.

    package_photographs, folder ── decoding ──> DecodedImages ──┬─ crops ──> batches
    kodak, for measuring only                                   └─ tiles ──> batches

`modules` and `kodak` contain the data sets that the configuration group `data` names. Entropy
coders are trained on codes of photographs: see `rnn_codec.families.binary.training.codes`.
"""

from typing import Any

from rnn_codec.registry import Registry

DATA: Registry[type[Any]] = Registry("data set", "rnn_codec.data")
"""The data sets that the configuration group `data` names."""
