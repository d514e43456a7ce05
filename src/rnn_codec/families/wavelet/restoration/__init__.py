"""A network after the inverse transform, which restores what coarse steps took: recon=one_shot."""
