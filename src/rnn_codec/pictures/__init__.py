"""Picture files: read as 8-bit sRGB whatever they say of themselves, and written.

file ── containers, tiff ──┬─ pixels ── Pillow ──┐
                           └─ colour, orientation ┴─ reading ──> (H, W, 3)
"""
