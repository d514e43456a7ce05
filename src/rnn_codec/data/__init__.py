"""Photographs: which there are, decoded once, cut into random crops or hard tiles for the trainer.

    package_photographs, folder ── decoding ──> DecodedImages ──┬─ crops ──> batches
    kodak, to measure on alone                                  └─ tiles ──> batches

`modules` and `kodak` hold what the configuration group `data` names; `codes` is what entropy coders
are trained on.
"""

from typing import Any

from rnn_codec.registry import Registry

DATA: Registry[type[Any]] = Registry("data set", "rnn_codec.data")
"""What the configuration group `data` names."""
