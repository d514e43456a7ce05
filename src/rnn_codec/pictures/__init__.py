"""Picture files: reading them as 8-bit sRGB, whatever their format and colours, and writing.

file ── metadata, tiff, jpeg ── Pillow ── metadata, colour ── reading ──> (H, W, 3)
"""
