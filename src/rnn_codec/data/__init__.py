"""Photographs: read, decoded once, cut into random crops or hard tiles, served to the trainer.

    files ── reading ──> pixels ── packing ──> PackedImages ──┬─ crops ──> batches
                                                              └─ tiles ──> batches

`modules` holds what the configuration group `data` names.
"""
