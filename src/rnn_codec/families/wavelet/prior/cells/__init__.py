"""Recurrent cells from scale to scale, one a file, behind the protocol of `cell.py`."""
