"""All metrics at once."""

import torch

from rnn_codec.metrics.psnr_hvs import psnr_hvs_colour
from rnn_codec.metrics.scores import score_pair


def test_scores_a_pair_with_every_metric_in_the_order_of_reports() -> None:
    generator = torch.Generator().manual_seed(0)
    image, reference = torch.randint(0, 256, (2, 3, 168, 176), generator=generator).byte()
    scores = score_pair(image, reference)
    assert list(scores) == ["psnr", "ms_ssim", "psnr_hvs", "psnr_hvs_luma"]
    assert scores["psnr_hvs"] == float(psnr_hvs_colour(image[None], reference[None]))
    assert len(set(scores.values())) == 4
