"""Entropy coding for any family: range coders whose prefixes decode, and compiled code."""
