"""Models by name and by identifier; what an identifier depends on."""

import os
import shutil
import sys
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rnn_codec.errors import UserError
from rnn_codec.families.binary.entropy.none import NoneCoder
from rnn_codec.families.binary.identity import codec_digest, digest, model_identifier
from rnn_codec.families.binary.weights import load_codec
from rnn_codec.models import find
from rnn_codec.models.find import (
    DEFAULT_MODEL,
    SEPARATE_MODELS,
    SHIPPED,
    NoModelError,
    find_folder,
    find_model,
    load_model,
    packaged_places,
)
from rnn_codec.models.protocol import open_file
from rnn_codec.rates import Levels
from rnn_codec.runs.folder import RunFolder, read_config, write_config, write_digest
from rnn_codec.runs.weights import write_weights
from tests.model_folders import write_model
from tests.runs.damaged import CHECKPOINTS, CONFIGS, DIGESTS, ODD_YAML, WEIGHTS, write_damaged

PIXELS = np.full((20, 30, 3), 77, np.uint8)


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of three models: with two entropy coders, with one, and with none."""
    folder = tmp_path_factory.mktemp("models")
    write_model(folder / "two", "progressive", "single_iteration", seed=1)
    write_model(folder / "one", "single_iteration", seed=2)
    write_model(folder / "plain", seed=3)
    return folder


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("RNN_CODEC_MODELS", raising=False)


@pytest.mark.parametrize(
    ("name", "best"), [("two", "progressive"), ("one", "single_iteration"), ("plain", "none")]
)
def test_the_best_coder_is_the_default(models: Path, name: str, best: str) -> None:
    assert load_model(models / name).coder.name == best


def test_models_whose_files_have_another_version_are_passed_over(models: Path) -> None:
    identifier = load_model(models / "plain").identifier
    assert find_model(identifier, [models], version=2).path == models / "plain"
    with pytest.raises(NoModelError):
        find_model(identifier, [models], version=3)


def test_a_number_of_threads_is_that_of_the_process(models: Path) -> None:
    before = torch.get_num_threads()
    try:
        load_model(models / "plain", threads=3)
        assert torch.get_num_threads() == 3
        load_model(models / "plain")
        assert torch.get_num_threads() == 3
    finally:
        torch.set_num_threads(before)
    with pytest.raises(UserError, match="threads must be at least 1, not 0"):
        load_model(models / "plain", threads=0)


def test_every_coder_makes_files_that_find_their_model(models: Path) -> None:
    identifiers = set()
    for name in ("progressive", "single_iteration", "none"):
        model = load_model(models / "two", name)
        data = model.compress(PIXELS, Levels(1))
        found = find_model(open_file(data).head.model, [models])
        assert (found.coder.name, found.path) == (name, models / "two")
        assert np.array_equal(found.decompress(data), model.decompress(data))
        identifiers.add(model.identifier)
    assert len(identifiers) == 3


def test_a_coder_that_the_model_has_not(models: Path) -> None:
    with pytest.raises(UserError, match="has no entropy coder progressive: it has single_it"):
        load_model(models / "one", "progressive")


def test_names_are_looked_up_where_models_are(
    models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(NoModelError, match="no model one, neither here nor in results, runs"):
        find_folder("one")
    for place in ("runs", "results"):
        write_model(tmp_path / place / "one")
        assert find_folder("one") == Path(place, "one")
    monkeypatch.setenv("RNN_CODEC_MODELS", os.pathsep.join(["/nowhere", str(models)]))
    assert find_folder("one") == models / "one"
    write_model(tmp_path / "one")
    assert find_folder("one") == Path("one")


def test_a_model_itself_may_be_listed(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RNN_CODEC_MODELS", str(models / "plain"))
    assert find_model(load_model(models / "plain").identifier).path == models / "plain"


def test_folders_that_are_no_models(models: Path, tmp_path: Path) -> None:
    with pytest.raises(NoModelError, match="there is no folder runs/one"):
        find_folder("runs/one")
    with pytest.raises(NoModelError, match="is not a model's folder"):
        find_folder(models)


def test_unreadable_models_are_passed_over(models: Path, tmp_path: Path) -> None:
    broken = write_model(tmp_path / "models" / "a_broken")
    RunFolder(broken).weights.write_bytes(b"broken")
    half = write_model(tmp_path / "models" / "b", "progressive")
    RunFolder(half).coder("progressive").weights.write_bytes(b"broken")
    identifier = load_model(half, "none").identifier
    assert find_model(identifier, [tmp_path / "models"]).path == half
    with pytest.raises(UserError, match=r"weights in .*a_broken cannot be read"):
        find_model(identifier, [broken])


def test_a_model_that_is_nowhere(models: Path) -> None:
    with pytest.raises(NoModelError, match=r"the model 000000000000 is not in .*runs.*--model"):
        find_model(bytes(6))
    with pytest.raises(NoModelError, match=r"000000000000 of the file is not in .*models"):
        find_model(bytes(6), [models])


def test_models_of_other_packages_are_found(
    models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "site" / "some_models"
    shutil.copytree(models / "plain", package / "theirs")
    (package / "__init__.py").write_text("raise RuntimeError('it is not imported')")
    about = package.with_name("some_models-1.dist-info")
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: some-models\nVersion: 1\n")
    entries = "[rnn_codec.models]\nsome = some_models\nremoved = no_such_package.models\n"
    (about / "entry_points.txt").write_text(entries)
    monkeypatch.syspath_prepend(str(package.parent))
    assert find_folder("theirs") == package / "theirs"
    assert find_model(load_model(models / "plain").identifier).path == package / "theirs"
    assert next(packaged_places()) == SHIPPED


def test_models_of_the_separate_package_are_found_by_name_and_by_file() -> None:
    for name, (_, with_coder) in SEPARATE_MODELS.items():
        folder = find_folder(name)
        assert (folder.parent.name, folder.name) == ("rnn_codec_models", name)
        assert find_model(bytes.fromhex(with_coder), version=2).path == folder


def test_what_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(find, "PACKAGES", "no such group")
    rest = "of rnn-codec-models, which is not installed: pip install ./models in a checkout"
    with pytest.raises(NoModelError, match=f"the model lstm is {rest}"):
        load_model("lstm")
    for identifier in SEPARATE_MODELS["flagship"]:
        with pytest.raises(NoModelError, match=f"made by the model flagship {rest}"):
            find_model(bytes.fromhex(identifier), version=2)
    # The user said where to look, so the message names that folder only.
    with pytest.raises(NoModelError, match="the model 5f4331e187ec of the file is not in runs"):
        find_model(bytes.fromhex("5f4331e187ec"), [Path("runs")])


def test_other_packages_are_looked_through_last(
    models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Looking through them takes as long as loading a model."""
    monkeypatch.setattr(find, "PACKAGES", "no such group")
    monkeypatch.setitem(sys.modules, "importlib.metadata", None)
    assert load_model().path == SHIPPED / DEFAULT_MODEL
    assert find_model(load_model().identifier, version=3).path == SHIPPED / DEFAULT_MODEL
    with pytest.raises(ImportError):
        find_folder("one")


def test_a_device_that_is_not_there(models: Path) -> None:
    with pytest.raises(UserError, match="the device abacus cannot be used"):
        load_model(models / "plain", device="abacus")


def test_the_identifier_is_that_of_the_values(models: Path, tmp_path: Path) -> None:
    run, copy = RunFolder(models / "plain"), RunFolder(tmp_path / "copy")
    write_config(copy, read_config(run))
    codec = load_codec(run)
    write_weights(copy, codec.state_dict(), torch.float32)  # the original is in half precision
    assert digest(copy) == digest(run)
    with torch.no_grad():
        next(codec.parameters()).view(-1)[0] += 0.001
    write_weights(copy, codec.state_dict(), torch.float32)
    assert digest(copy) != digest(run)


def test_the_identifier_depends_on_everything() -> None:
    node, weights = {"width": 1}, {"a": torch.ones(2, 3), "b": torch.zeros(1)}
    digests = [
        codec_digest(node, weights),
        codec_digest({"width": 2}, weights),
        codec_digest(node, {"a": torch.ones(3, 2), "b": torch.zeros(1)}),
        codec_digest(node, {"a": torch.ones(2, 3), "c": torch.zeros(1)}),
        codec_digest(node, {"a": torch.ones(2, 3), "b": torch.ones(1)}),
    ]
    assert len(set(digests)) == len(digests)
    assert digests[0] == codec_digest(node, dict(reversed(weights.items())))
    assert len({model_identifier(each, NoneCoder().digest()) for each in digests}) == len(digests)


def exported(folder: Path, *coders: str, seed: int) -> Path:
    """A model with the digests that an export writes."""
    run = RunFolder(write_model(folder, *coders, seed=seed))
    write_digest(run, digest(run))
    for coder in run.coders():
        write_digest(coder, digest(coder))
    return folder


def test_an_exported_model_is_found_by_its_digests_alone(tmp_path: Path) -> None:
    for number, name in enumerate("abc"):
        exported(tmp_path / name, "single_iteration", seed=number)
    identifiers = {name: load_model(tmp_path / name).identifier for name in "bc"}
    # Other models are not read, so their damage goes unnoticed.
    for run in (RunFolder(tmp_path / "a"), RunFolder(tmp_path / "c")):
        run.weights.write_bytes(b"broken")
        run.coder("single_iteration").weights.write_bytes(b"broken")
    found = find_model(identifiers["b"], [tmp_path])
    assert (found.path, found.coder.name) == (tmp_path / "b", "single_iteration")
    with pytest.raises(UserError, match="cannot be read"):
        find_model(identifiers["c"], [tmp_path])


def test_weights_that_changed_after_the_export(tmp_path: Path) -> None:
    run = RunFolder(exported(tmp_path / "a", seed=1))
    identifier = load_model(run.path).identifier
    shutil.copyfile(RunFolder(write_model(tmp_path / "b", seed=2)).weights, run.weights)
    with pytest.raises(UserError, match="other weights than when it was exported"):
        find_model(identifier, [tmp_path])


@pytest.mark.parametrize("content", ["", "not hexadecimal", "ff"])
def test_a_damaged_digest(content: str, tmp_path: Path) -> None:
    run = RunFolder(exported(tmp_path / "a", seed=1))
    identifier = load_model(run.path).identifier
    run.digest.write_text(content)
    if content == "ff":
        with pytest.raises(NoModelError):
            find_model(identifier, [tmp_path])
    else:
        assert find_model(identifier, [tmp_path]).path == run.path


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An exported model."""
    return exported(tmp_path_factory.mktemp("whole") / "model", seed=4)


@given(
    CONFIGS,
    st.none() | CHECKPOINTS,
    st.none() | WEIGHTS,
    st.none() | DIGESTS,
    st.booleans(),
)
@settings(max_examples=80, suppress_health_check=list(HealthCheck))
def test_damaged_neighbours_hinder_nobody(
    whole: Path,
    tmp_path_factory: pytest.TempPathFactory,
    config: bytes,
    checkpoint: bytes | None,
    weights: bytes | None,
    written: bytes | None,
    sound: bool,
) -> None:
    folder = tmp_path_factory.mktemp("runs")
    config = (whole / "config.yaml").read_bytes() if sound else config
    run = write_damaged(folder / "a", config, checkpoint, weights, written)
    identifier = model_identifier(bytes.fromhex((whole / "digest").read_text()), CODER)
    assert find_model(identifier, [folder, whole]).path == whole
    for use in (read_config, load_codec, digest, lambda run: load_model(run.path)):
        with suppress(UserError):
            use(run)
    # In the damaged folder alone, the model cannot be found.
    with pytest.raises(UserError):
        find_model(identifier, [folder])


CODER = NoneCoder().digest()


@pytest.mark.parametrize("text", ODD_YAML)
def test_odd_configurations_end_in_a_sentence(text: str, whole: Path, tmp_path: Path) -> None:
    weights = (whole / "weights.safetensors").read_bytes()
    run = write_damaged(tmp_path / "a", text.encode(), weights=weights)
    with pytest.raises(UserError):
        load_model(run.path)
    identifier = load_model(whole).identifier
    assert find_model(identifier, [tmp_path, whole]).path == whole


def test_a_damaged_copy_does_not_hide_a_whole_one(whole: Path, tmp_path: Path) -> None:
    shutil.copytree(whole, tmp_path / "copy")
    RunFolder(tmp_path / "copy").weights.write_bytes(b"broken")
    identifier = load_model(whole).identifier
    assert find_model(identifier, [tmp_path, whole]).path == whole
    with pytest.raises(UserError, match="cannot be read"):
        find_model(identifier, [tmp_path])


@pytest.mark.parametrize("method", ["iterdir", "is_file", "read_text"])
def test_folders_that_may_not_be_read_are_passed_over(
    method: str, whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(whole, tmp_path / "closed" / "model")
    allowed = getattr(Path, method)

    def refuse(path: Path, *args: object, **options: object) -> object:
        if "closed" in path.parts:
            raise PermissionError(13, "Permission denied", str(path))
        return allowed(path, *args, **options)

    identifier = load_model(whole).identifier
    monkeypatch.setattr(Path, method, refuse)
    assert find_model(identifier, [tmp_path / "closed", whole]).path == whole
    with pytest.raises(UserError):
        load_model(tmp_path / "closed")


@pytest.mark.parametrize("name", ["a" * 300, "a" * 5000, "\0", "a/" * 3000])
def test_names_that_no_folder_can_have(name: str) -> None:
    with pytest.raises(NoModelError):
        find_folder(name)
    with pytest.raises(NoModelError):
        find_model(bytes(6), [Path(name)])
