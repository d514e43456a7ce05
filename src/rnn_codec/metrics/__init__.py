"""Quality of a reconstruction: pure functions of uint8 images, and their means over a data set.

Every score takes a reconstruction and its original as uint8 tensors (B, 3, H, W), RGB, and returns
one float64 value per image, (B,). Higher is better. As in papers, scores are averaged over images;
errors are never pooled first.

A new metric needs a function in its own module and an entry in `scores.SCORES`.
"""
