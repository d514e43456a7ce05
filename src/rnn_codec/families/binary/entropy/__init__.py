"""Entropy coding: context models, their integer inference, and the coders built on them."""
