"""Encoders and decoders: one design a module, and what they have in common in `network`."""
