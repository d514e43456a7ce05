"""Quality of a reconstruction: pure functions of uint8 images, and means of them over a data set.

Every score takes a reconstruction and its original as uint8 tensors (B, 3, H, W), RGB, and returns
one float64 value per image, (B,). Higher is better. Papers average scores over images, and so does
this package: it never pools errors first.
"""

from rnn_codec.metrics.area_under_curve import area_under_curve
from rnn_codec.metrics.images import pixels_to_batch
from rnn_codec.metrics.ms_ssim import ImageTooSmallError, ms_ssim
from rnn_codec.metrics.psnr import psnr
from rnn_codec.metrics.psnr_hvs import psnr_hvs_colour, psnr_hvs_luma
from rnn_codec.metrics.scores import SCORES, score_batch, score_pair

__all__ = [
    "SCORES",
    "ImageTooSmallError",
    "area_under_curve",
    "ms_ssim",
    "pixels_to_batch",
    "psnr",
    "psnr_hvs_colour",
    "psnr_hvs_luma",
    "score_batch",
    "score_pair",
]
