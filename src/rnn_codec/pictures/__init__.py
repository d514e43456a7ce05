"""Picture files: read as 8-bit sRGB whatever they say of themselves, and written.

file ── metadata, tiff, jpeg ── Pillow ── metadata, colour ── reading ──> (H, W, 3)
"""
