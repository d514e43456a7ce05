"""Recurrent cells, one a file, behind the protocol of `cell.py`."""
