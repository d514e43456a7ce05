"""Recurrent cells from scale to scale, one per file, behind the protocol of `cell.py`."""
