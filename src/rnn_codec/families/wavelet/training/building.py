"""Build the configured training of this family; find mistakes before the first step."""

import lightning as L
from omegaconf import DictConfig

from rnn_codec.configuration import build, check_types, instantiate, options, plain
from rnn_codec.errors import UserError
from rnn_codec.families.wavelet import weights
from rnn_codec.families.wavelet.prior.network import Prior
from rnn_codec.families.wavelet.restoration.folder import RESTORED
from rnn_codec.families.wavelet.restoration.network import Restoration
from rnn_codec.families.wavelet.scaling.protocol import SCALINGS
from rnn_codec.families.wavelet.training.coefficients import MULTIPLE
from rnn_codec.families.wavelet.training.options import PriorOptions, RestorationOptions
from rnn_codec.families.wavelet.training.prior_module import PriorTraining
from rnn_codec.families.wavelet.training.restoration_module import RestorationTraining
from rnn_codec.families.wavelet.weights import load_prior
from rnn_codec.runs.folder import RunFolder
from rnn_codec.runs.weights import load_weights, read_weights
from rnn_codec.training.building import build_data, build_progress, check_optimizer, check_trainer
from rnn_codec.training.codecs import start_of
from rnn_codec.training.options import Execution
from rnn_codec.training.schedules import SCHEDULES, Progress

WITHOUT_GAINS = "additive"
"""The scaling whose blocks have no gains."""


def check(config: DictConfig, run: RunFolder | None = None) -> None:
    """Build everything once before anything is written, so that a mistake leaves nothing behind.

    See `Family.check`.
    """
    check_groups(config)
    check_trainer(config)
    data = build_data(config, build_progress(config))
    if isinstance(config.codec, str):
        assert run is not None
        load_prior(run)
    else:
        check_prior(config, run)
    if is_restored(config):
        check_restoration(config)
    data.prepare_data()


def is_restored(config: DictConfig) -> bool:
    """Whether a restoration network is configured."""
    return bool(config.recon.name == RESTORED)


def check_prior(config: DictConfig, run: RunFolder | None) -> None:
    model = build_model(config, build_progress(config))
    check_optimizer(model, config.trainer.max_steps)
    check_crops("data.crop_size", config.data.crop_size)
    if run is None or not run.checkpoint.is_file():
        load_start(config, model.prior)


def check_restoration(config: DictConfig) -> None:
    if "restoration" not in config:
        raise UserError(
            f"recon={RESTORED} trains a restoration network, which only wavelet networks have: set "
            "network=wavelet, as for the codec"
        )
    own = options(RestorationOptions, config.restoration)
    check_crops("restoration.crop_size", own.crop_size)
    check_optimizer(build_restoration_model(config), own.max_steps)


def check_crops(option: str, size: int) -> None:
    """Check that crops have whole positions at all scales, and all phases at the coarsest."""
    if size % MULTIPLE or size < 2 * MULTIPLE:
        raise UserError(
            f"{option} must be a multiple of {MULTIPLE}, at least {2 * MULTIPLE}, with wavelet "
            f"networks, not {size}"
        )


def check_groups(config: DictConfig) -> None:
    """Refuse options that have no meaning for this family.

    Raises:
        UserError: entropy, recon, late or trainer has a value that it cannot have.
    """
    if config.late.begins is not None:
        raise UserError("wavelet networks have no late part of training: set late=none")
    if config.trainer.compile:
        raise UserError("trainer.compile is not supported for wavelet networks: set it to false")
    if isinstance(config.codec, str):
        return
    if config.entropy.name == "none":
        raise UserError(
            "a wavelet network is not a codec without its prior: set entropy=progressive or "
            "entropy=single_iteration"
        )
    if config.codec.scaling.name not in SCALINGS.names():
        raise UserError(
            f"recon={config.recon.name} is not available for wavelet networks: set "
            + " or ".join(f"recon={name}" for name in SCALINGS.names())
        )


def load_start(config: DictConfig, prior: Prior) -> None:
    """Load the weights of the run that a training starts from, if any; raises as `start_of`."""
    start = start_of(config, ("network", "cell"))
    if start is not None:
        load_weights(prior, read_weights(start), start)


def build_model(config: DictConfig, progress: Progress) -> PriorTraining:
    """The prior with random weights, and its training."""
    own = options(PriorOptions, config)
    gained = config.codec.scaling.name != WITHOUT_GAINS
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


def build_restoration_model(config: DictConfig) -> RestorationTraining:
    """The restoration network with random weights, and its training."""
    own = options(RestorationOptions, config.restoration)
    L.seed_everything(config.seed, verbose=False)
    network = Restoration(own.width, own.inner, own.blocks)
    return RestorationTraining(
        restoration=options(Execution, config.trainer).lay_out_weights(network),
        optimizer=instantiate(config.restoration.optimizer),
        schedule=build(SCHEDULES, config.restoration.schedule),
        progress=Progress(own.max_steps, late_begins=None),
        seed=config.seed,
        gained_crops=options(PriorOptions, config).gained_crops,
    )


def build_prior(config: DictConfig) -> Prior:
    for part, registry in weights.PARTS.items():
        check_types(config.codec[part], registry)
    return weights.build_prior(plain(config.codec))
