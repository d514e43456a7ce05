"""Builds the training of this family, as configured; finds mistakes before the first step."""

import lightning as L
from omegaconf import DictConfig

from rnn_codec.configuration import build, check_types, instantiate, options, plain
from rnn_codec.errors import UserError
from rnn_codec.families.wavelet import weights
from rnn_codec.families.wavelet.prior.network import Prior
from rnn_codec.families.wavelet.scaling.protocol import SCALINGS
from rnn_codec.families.wavelet.training.coefficients import MULTIPLE
from rnn_codec.families.wavelet.training.options import PriorOptions
from rnn_codec.families.wavelet.training.prior_module import PriorTraining
from rnn_codec.runs.folder import RunFolder
from rnn_codec.runs.weights import load_weights, read_weights
from rnn_codec.training.building import build_data, build_progress, check_optimizer, check_trainer
from rnn_codec.training.codecs import start_of
from rnn_codec.training.schedules import SCHEDULES, Progress

GAINED = "residual_scaling"
"""The scaling whose blocks have gains."""


def check(config: DictConfig, run: RunFolder | None = None) -> None:
    """Build everything once before anything is written: a mistake leaves nothing behind.

    See `Family.check`.
    """
    check_groups(config)
    check_trainer(config)
    progress = build_progress(config)
    data = build_data(config, progress)
    model = build_model(config, progress)
    check_optimizer(model, config.trainer.max_steps)
    check_crops(config)
    if run is None or not run.checkpoint.is_file():
        load_start(config, model.prior)
    data.prepare_data()


def check_crops(config: DictConfig) -> None:
    """Crops have whole positions at all scales, and phases at the coarsest."""
    size = config.data.crop_size
    if size % MULTIPLE or size < 2 * MULTIPLE:
        raise UserError(
            f"data.crop_size must be a multiple of {MULTIPLE}, from {2 * MULTIPLE} on, with "
            f"network={config.network.name}, not {size}"
        )


def check_groups(config: DictConfig) -> None:
    """Refuse what has no meaning for this family.

    Raises:
        UserError: codec= names a run, or entropy, recon, late or trainer cannot be.
    """
    if isinstance(config.codec, str):
        raise UserError(
            f"codec={config.codec} has its entropy coder in it, as every wavelet codec has: train "
            "another with entropy="
        )
    if config.entropy.name == "none":
        raise UserError(
            "a wavelet network without its prior is no codec: entropy=progressive or "
            "entropy=single_iteration"
        )
    if config.codec.scaling.name not in SCALINGS.names():
        raise UserError(
            f"recon={config.recon.name} is not there for wavelet networks: "
            + " or ".join(f"recon={name}" for name in SCALINGS.names())
        )
    if config.late.begins is not None:
        raise UserError("a wavelet network trains alike to its end: set late=none")
    if config.trainer.compile:
        raise UserError("trainer.compile is for other networks than wavelet ones: set it to false")


def load_start(config: DictConfig, prior: Prior) -> None:
    """The weights of the run that a training starts from, if it does; raises as `start_of`."""
    start = start_of(config, ("network", "cell"))
    if start is not None:
        load_weights(prior, read_weights(start), start)


def build_model(config: DictConfig, progress: Progress) -> PriorTraining:
    """The prior, its weights random, and how it is trained."""
    own = options(PriorOptions, config)
    gained = config.codec.scaling.name == GAINED
    L.seed_everything(config.seed, verbose=False)
    return PriorTraining(
        prior=build_prior(config),
        optimizer=instantiate(config.optimizer),
        schedule=build(SCHEDULES, config.schedule),
        progress=progress,
        seed=config.seed,
        most_bits=own.most_bits,
        gained_crops=own.gained_crops if gained else 0.0,
        integers_from=own.integers_from,
    )


def build_prior(config: DictConfig) -> Prior:
    for part, registry in weights.PARTS.items():
        check_types(config.codec[part], registry)
    return weights.build_prior(plain(config.codec))
