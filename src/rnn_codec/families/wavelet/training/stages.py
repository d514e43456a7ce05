"""Which trainings make a model: one, of its prior."""

from functools import partial

from omegaconf import DictConfig

from rnn_codec.families.wavelet.training.building import build_model, load_start
from rnn_codec.families.wavelet.weights import digest, export_engine
from rnn_codec.runs.folder import RunFolder
from rnn_codec.training.building import build_data, build_progress
from rnn_codec.training.codecs import codec_stage
from rnn_codec.training.stages import Stage, StageTraining


def stages(config: DictConfig, run: RunFolder) -> list[Stage]:
    """What is to be trained for a run: the prior."""
    return [Stage(run, partial(prior_training, config, run), digest, export_engine)]


def prior_training(config: DictConfig, run: RunFolder) -> StageTraining:
    progress = build_progress(config)
    model, data = build_model(config, progress), build_data(config, progress)
    if not run.checkpoint.is_file():
        load_start(config, model.prior)
    return codec_stage(config, run, model, model.prior, data, callbacks=[])
