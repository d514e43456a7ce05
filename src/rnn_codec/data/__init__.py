"""Photographs: which there are, decoded once, cut into random crops or hard tiles for the trainer.

    package_photographs, folder ── decoding ──> DecodedImages ──┬─ crops ──> batches
    kodak, to measure on alone                                  └─ tiles ──> batches

`modules` and `kodak` hold what the configuration group `data` names; `codes` is what entropy coders
are trained on.
"""
