"""Trainings of wavelet codecs: all combinations train, resume exactly and leave a model."""

import hashlib
import signal
from pathlib import Path

import pytest
import torch
from hydra import compose, initialize_config_dir
from omegaconf import DictConfig
from safetensors.torch import load_file

from rnn_codec.commands import train as entry
from rnn_codec.configuration import plain
from rnn_codec.errors import UserError
from rnn_codec.families.wavelet.engine_file import ENGINE_FILE, read_engine_file
from rnn_codec.families.wavelet.restoration.folder import RESTORATION_FILE
from rnn_codec.families.wavelet.restoration.graph import graph, load_restoration
from rnn_codec.families.wavelet.training.building import check
from rnn_codec.families.wavelet.training.prior_module import PriorTraining
from rnn_codec.families.wavelet.training.restoration_module import RestorationTraining
from rnn_codec.families.wavelet.weights import export_engine, load_prior
from rnn_codec.models.export import export_run
from rnn_codec.models.protocol import FAMILIES
from rnn_codec.runs.folder import RunFolder, read_config, read_digest, read_identity, write_config
from tests.conftest import ROOT

TINY = [
    *("network=wavelet_tiny", "recon=additive", "entropy=progressive"),
    *("data.crop_size=64", "data.batch_size=2", "data.validation_images=1"),
    *("data.validation_crop=161", "trainer.progress_bar=false", "trainer.log_every_n_steps=1"),
]


RESTORING = [
    *("recon=one_shot", "restoration.max_steps=3", "restoration.crop_size=64"),
    *("restoration.batch_size=2", "restoration.val_check_interval=2"),
]


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> str:
    return f"data.cache_dir={tmp_path_factory.mktemp('cache')}"


def configure(*overrides: str) -> DictConfig:
    with initialize_config_dir(str(ROOT / "conf"), version_base="1.3"):
        return compose("train", [*TINY, *overrides])


def run_training(folder: Path, *overrides: str) -> dict[str, torch.Tensor]:
    """Train in this process; return the exported weights."""
    run, config = RunFolder(folder), configure(*overrides)
    folder.mkdir(exist_ok=True)
    write_config(run, plain(config))
    entry.train(config, run)
    return load_file(run.weights)


def assert_same(a: dict[str, torch.Tensor], b: dict[str, torch.Tensor]) -> None:
    assert a.keys() == b.keys()
    different = [name for name in a if not torch.equal(a[name], b[name])]
    assert not different


# The restoration network is independent of the other parts.
COMBINATIONS = [
    # Each cell, and each scaling with each memory: these are independent of each other.
    ("lstm", "additive", "single_iteration"),
    ("associative_lstm", "residual_scaling", "progressive"),
    ("gru", "additive", "progressive"),
    ("residual_gru", "residual_scaling", "single_iteration"),
    ("lstm", "one_shot", "single_iteration"),
]


@pytest.mark.parametrize(("cell", "recon", "entropy"), COMBINATIONS)
def test_every_combination_trains_and_loads(
    cell: str, recon: str, entropy: str, tmp_path: Path, cache: str
) -> None:
    options = [f"cell={cell}", *RESTORING, f"recon={recon}", f"entropy={entropy}", cache]
    weights = run_training(tmp_path, *options, "trainer.max_steps=2")
    run = RunFolder(tmp_path)
    prior = load_prior(run)
    assert not prior.training
    for name, tensor in weights.items():
        assert torch.equal(prior.state_dict()[name], tensor)
    family = FAMILIES["wavelet"]
    assert family.variants(tmp_path) == [entropy]
    content = (tmp_path / ENGINE_FILE).read_bytes()
    digest = hashlib.sha256(content).digest()
    assert digest == read_digest(run) == family.digest(tmp_path)
    assert family.identifier(tmp_path, entropy) == digest[:6]
    assert family.load(tmp_path, entropy, "cpu", 1).identifier == digest[:6]


def test_one_shot_trains_the_prior_and_what_restores(tmp_path: Path, cache: str) -> None:
    run_training(tmp_path / "run", *RESTORING, "trainer.max_steps=2", cache)
    run = RunFolder(tmp_path / "run")
    restoration = run.restoration("one_shot")
    network = load_restoration(restoration)
    content = (restoration.path / RESTORATION_FILE).read_bytes()
    assert content == graph(network)
    assert hashlib.sha256(content).digest() == read_digest(restoration)
    family = FAMILIES["wavelet"]
    model = family.load(run.path, "progressive", "cpu", 1)
    # The restoration network changes the decoded pictures, but not the files.
    assert model.identifier == family.digest(run.path)[:6]
    assert model.fingerprint != model.fast().fingerprint == model.identifier
    assert read_config(restoration)["codec"] == str(run.path)


def test_what_restores_is_added_to_a_codec(tmp_path: Path, cache: str) -> None:
    run_training(tmp_path / "codec", "recon=residual_scaling", "trainer.max_steps=1", cache)
    run = RunFolder(tmp_path / "codec")
    before = read_digest(run)
    config = configure(*RESTORING, f"codec={run.path}", cache)
    entry.train(*entry.prepared(config))
    assert read_digest(run) == before
    assert (run.restoration("one_shot").path / RESTORATION_FILE).is_file()
    with pytest.raises(UserError, match="already contains a training: resume it with resume="):
        entry.prepared(config)
    # Another run starts from its weights.
    other = RunFolder(tmp_path / "other")
    run_training(other.path, "recon=residual_scaling", "trainer.max_steps=1", cache)
    still = ["restoration.optimizer.lr=0", "averaging.decay=null", f"start_from={run.path}"]
    config = configure(*RESTORING, *still, f"codec={other.path}", cache)
    entry.train(*entry.prepared(config))
    weights = [load_file(x.restoration("one_shot").weights) for x in (run, other)]
    assert_same(*weights)


def test_adding_needs_something_to_add(tmp_path: Path, cache: str) -> None:
    run_training(tmp_path, "trainer.max_steps=1", cache)
    with pytest.raises(UserError, match="set recon=one_shot to train a restoration network for it"):
        entry.prepared(configure(f"codec={tmp_path}", cache))
    with initialize_config_dir(str(ROOT / "conf"), version_base="1.3"):
        config = compose("train", ["recon=one_shot", f"codec={tmp_path}", cache])
    with pytest.raises(UserError, match="set network=wavelet, as for the codec"):
        entry.prepared(config)
    with pytest.raises(UserError, match=r"restoration\.crop_size must be a multiple of 32"):
        check(configure(*RESTORING, "restoration.crop_size=80", cache))


def test_a_resumed_restoration_equals_an_uninterrupted_one(
    tmp_path: Path, cache: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = [*RESTORING, "trainer.max_steps=1", cache]
    run_training(tmp_path / "whole", *options)
    original = RestorationTraining.training_step

    def interrupt(self: RestorationTraining, batch: torch.Tensor, batch_idx: int) -> torch.Tensor:
        if self.global_step == 1:
            signal.raise_signal(signal.SIGINT)
        return original(self, batch, batch_idx)

    monkeypatch.setattr(RestorationTraining, "training_step", interrupt)
    with pytest.raises(UserError, match=r"resume=.*one_shot"):
        run_training(tmp_path / "parts", *options)
    monkeypatch.undo()
    words = [f"resume={tmp_path / 'parts' / 'recon' / 'one_shot'}"]
    with initialize_config_dir(str(ROOT / "conf"), version_base="1.3"):
        config = compose("train", words)
    saved, run = entry.resumed(config, words)
    assert run.path == tmp_path / "parts"
    entry.train(saved, run)
    weights = [
        load_file(RunFolder(tmp_path / name).restoration("one_shot").weights)
        for name in ("whole", "parts")
    ]
    assert_same(*weights)


def test_resumed_equals_uninterrupted(
    tmp_path: Path, cache: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = ["trainer.max_steps=5", "trainer.val_check_interval=2", cache]
    options += ["recon=residual_scaling", "trainer.accumulate_grad_batches=2"]
    whole = run_training(tmp_path / "whole", *options)

    original = PriorTraining.training_step

    def interrupt(self: PriorTraining, batch: torch.Tensor, batch_idx: int) -> torch.Tensor:
        if self.global_step == 3 and batch_idx % 2:
            signal.raise_signal(signal.SIGINT)
        return original(self, batch, batch_idx)

    monkeypatch.setattr(PriorTraining, "training_step", interrupt)
    with pytest.raises(UserError, match="resume="):
        run_training(tmp_path / "parts", *options)
    monkeypatch.undo()
    assert not RunFolder(tmp_path / "parts").weights.exists()
    assert not (tmp_path / "parts" / ENGINE_FILE).exists()
    assert_same(run_training(tmp_path / "parts", *options), whole)
    engines = [read_engine_file(tmp_path / name)[1] for name in ("whole", "parts")]
    assert engines[0] == engines[1]


def test_a_resumed_run_is_given_no_options_of_another_family(tmp_path: Path, cache: str) -> None:
    run_training(tmp_path, "trainer.max_steps=1", cache)
    run = RunFolder(tmp_path)
    identity, before = read_identity(run), read_config(run)
    with initialize_config_dir(str(ROOT / "conf"), version_base="1.3"):
        words = [f"resume={tmp_path}", "trainer.max_steps=2"]
        config = compose("train", words)
    saved, resumed = entry.resumed(config, words)
    assert resumed == run
    assert set(saved) == set(before)
    FAMILIES["wavelet"].check(saved, run)
    entry.train(saved, run)
    assert torch.load(run.checkpoint, weights_only=True)["global_step"] == 2
    assert read_identity(run) != identity


def test_a_run_starts_from_another_ones_weights(tmp_path: Path, cache: str) -> None:
    first = run_training(tmp_path / "first", "trainer.max_steps=2", cache)
    start = f"start_from={tmp_path / 'first'}"
    still = ["optimizer.lr=0", "averaging.decay=null"]
    still += ["trainer.max_steps=1", "recon=residual_scaling", start, cache]
    assert_same(run_training(tmp_path / "next", *still), first)
    assert RunFolder(tmp_path / "next").start.read_text().strip() == (
        FAMILIES["wavelet"].digest(tmp_path / "first").hex()
    )
    with pytest.raises(UserError, match="is a run of cell=gru, this one is of cell=lstm: "):
        check(configure(start, "cell=lstm", cache))
    with pytest.raises(UserError, match="another architecture"):
        check(configure(start, "network.depth=12", cache))


def test_weights_of_a_checkpoint_do_where_none_were_exported(tmp_path: Path, cache: str) -> None:
    exported = run_training(tmp_path, "trainer.max_steps=2", cache)
    RunFolder(tmp_path).weights.unlink()
    loaded = load_prior(RunFolder(tmp_path)).state_dict()
    assert all(torch.equal(loaded[name], tensor) for name, tensor in exported.items())


def test_what_is_exported_again_is_the_same(tmp_path: Path, cache: str) -> None:
    run_training(tmp_path / "run", "trainer.max_steps=1", "export.dtype=float16", cache)
    run = RunFolder(tmp_path / "run")
    content = (run.path / ENGINE_FILE).read_bytes()
    export_engine(run)
    assert (run.path / ENGINE_FILE).read_bytes() == content
    files = export_run(run, tmp_path / "kept")
    assert tmp_path / "kept" / ENGINE_FILE in files
    assert (tmp_path / "kept" / ENGINE_FILE).read_bytes() == content
    assert read_digest(RunFolder(tmp_path / "kept")) == read_digest(run)
    export_run(run, tmp_path / "coarse", dtype=torch.bfloat16)
    coarse = read_engine_file(tmp_path / "coarse")[1]
    assert coarse == read_digest(RunFolder(tmp_path / "coarse")) != read_digest(run)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["entropy=none"], "a wavelet network is not a codec without its prior: set entropy=prog"),
        (["recon.name=both"], "recon=both is not available for wavelet networks: set recon=add"),
        (["late=larger_crops"], "set late=none"),
        (["data.crop_size=80"], "data.crop_size must be a multiple of 32, at least 64, with wave"),
        (["data.crop_size=32"], "with wavelet networks, not 32"),
        (["trainer.compile=true", "trainer.deferred_weight_gradients=false"], "trainer.compile is"),
        (["network.depth=0"], "depth of a codec must be a whole number of at least 1, not 0"),
        (["network.depth=7", "cell=associative_lstm"], "needs an even depth, not 7"),
        (["cell=lstm", "cell.encoder.forget_bias=abc"], "forget_bias cannot be"),
        (["+codec.more=1"], "a codec has no part more"),
        (["most_bits=0"], "most_bits cannot be 0"),
        (["gained_crops=2"], "gained_crops cannot be 2"),
        (["optimizer.lr=-1"], "learning rate"),
        (["start_from=nowhere"], "nowhere"),
    ],
)
def test_mistakes_end_in_one_sentence(options: list[str], message: str, cache: str) -> None:
    with pytest.raises(UserError) as error:
        check(configure(*options, cache))
    assert message in str(error.value)
    assert "\n" not in str(error.value)


def test_a_codec_of_another_family_is_no_start(tmp_path: Path, cache: str) -> None:
    with initialize_config_dir(str(ROOT / "conf"), version_base="1.3"):
        write_config(RunFolder(tmp_path), plain(compose("train")))
    with pytest.raises(UserError, match="is a codec of another family"):
        check(configure(f"start_from={tmp_path}", cache))


@pytest.mark.parametrize("experiment", ["first_run", "wavelet", "wavelet_cpu"])
def test_experiments_are_configured(experiment: str, cache: str) -> None:
    data = ["data=photos"] if experiment != "first_run" else []
    with initialize_config_dir(str(ROOT / "conf"), version_base="1.3"):
        config = compose("train", [f"experiment={experiment}", *data, cache])
    check(config)
    assert config.codec.family == "wavelet"
    assert (config.data.crop_size, config.optimizer.lr) == (128, 0.0025)
