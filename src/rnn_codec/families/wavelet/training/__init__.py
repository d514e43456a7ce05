"""Trains the prior."""
