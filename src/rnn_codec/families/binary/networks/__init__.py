"""Encoders and decoders, one design per module; `network` holds what they have in common."""
