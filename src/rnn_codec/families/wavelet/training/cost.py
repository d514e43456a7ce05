"""The operations of a configured training, without coding and measuring."""

from omegaconf import DictConfig

from rnn_codec.configuration import options
from rnn_codec.families.wavelet.layout import SCALES
from rnn_codec.families.wavelet.prior.complexity import position_macs
from rnn_codec.families.wavelet.prior.network import Prior
from rnn_codec.families.wavelet.restoration.network import Restoration, macs_per_pixel
from rnn_codec.families.wavelet.training.building import build_prior, is_restored
from rnn_codec.families.wavelet.training.options import RestorationOptions

TRAINING_FACTOR = 3
"""A training step multiplies once forward, and twice backward: for inputs and for weights."""
PLANES_CODED = (10.0, 8.5, 8.0, 7.0, 6.0, 5.0)
"""The mean number of planes of each scale in crops of photographs coded to two bits per pixel."""


def training_macs(config: DictConfig) -> dict[str, float]:
    """The multiply–accumulate operations of training the prior and the restoration network."""
    trainer, data = config.trainer, config.data
    # "auto" takes all devices of a machine: one is counted, as others only multiply the cost.
    devices = trainer.devices if isinstance(trainer.devices, int) else 1
    processes = trainer.accumulate_grad_batches * devices * trainer.num_nodes
    crops = trainer.max_steps * processes * data.batch_size
    each = crop_macs(build_prior(config), data.crop_size)
    found = {"prior": TRAINING_FACTOR * each * crops}
    if is_restored(config):
        own = options(RestorationOptions, config.restoration)
        network = Restoration(own.width, own.inner, own.blocks)
        pixels = own.max_steps * processes * own.batch_size * own.crop_size**2
        found["restoration"] = TRAINING_FACTOR * macs_per_pixel(network) * pixels
    return found


def crop_macs(prior: Prior, side: int) -> float:
    """The operations of a forward pass for the planes of a crop of side × side pixels."""
    return sum(
        planes * position_macs(prior, scale) * (side / (1 << (SCALES - max(scale, 1)))) ** 2
        for scale, planes in enumerate(PLANES_CODED)
    )
