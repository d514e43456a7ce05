"""Families of codecs, one a package: each has a version of the format, models and trainings."""
