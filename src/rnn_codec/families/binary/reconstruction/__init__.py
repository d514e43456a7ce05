"""Reconstruction frameworks, behind the protocol of `framework.py`."""
