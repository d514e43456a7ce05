"""Entropy coding: context models, their integer inference, the range coder."""
