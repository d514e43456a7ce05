"""Families of codecs, one per package, each with its own file format, models and trainings."""
