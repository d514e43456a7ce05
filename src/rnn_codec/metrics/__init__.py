"""Quality of a reconstruction: pure functions of uint8 images, and means of them over a data set.

Every score takes a reconstruction and its original as uint8 tensors (B, 3, H, W), RGB, and returns
one float64 value per image, (B,). Higher is better. Papers average scores over images, and so does
this package: it never pools errors first.

A new metric is a function in a module of its own and a line in `scores.SCORES`.
"""
