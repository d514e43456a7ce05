"""Recurrent cells, one per file, which implement the protocol in `cell.py`."""
