"""Entropy coding that any family can use: a range coder whose prefixes decode, compiled code."""
