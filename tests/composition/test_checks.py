"""Checks of configurations: options must be known, texts must not be empty."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hydra import initialize_config_dir

from rnn_codec.composition import composed
from rnn_codec.composition.folder import configuration_folder
from rnn_codec.errors import UserError
from tests.conftest import ROOT

COMMANDS = sorted(path.stem for path in (ROOT / "conf").glob("*.yaml"))
RECIPES = sorted(path.stem for path in (ROOT / "conf" / "experiment").glob("*.yaml"))


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("HOME", str(tmp_path))
    with initialize_config_dir(str(configuration_folder()), version_base="1.3"):
        yield tmp_path


def refusal(name: str, *words: str) -> str:
    with pytest.raises(UserError) as error:
        composed(name, words)
    return str(error.value)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_refuses_options_that_nothing_reads(name: str) -> None:
    composed(name, [])
    assert refusal(name, "++nothing.like.it=1").startswith("there is no option nothing: did you")


@pytest.mark.parametrize("recipe", RECIPES)
def test_recipes_set_options_that_there_are(recipe: str) -> None:
    composed("train", [f"experiment={recipe}"])


@pytest.mark.parametrize("group", ["loss", "cell.encoder", "restoration", "recon.framework"])
def test_with_a_recipe_unknown_options_are_refused_too(group: str) -> None:
    said = refusal("train", "experiment=wavelet", f"+{group}.nothing=1")
    assert said.startswith(f"there is no option {group}.nothing: did you mean {group}.")


@pytest.mark.parametrize(
    "group",
    [
        *("averaging", "cell", "checkpoint", "codec", "codec.encoder", "coder", "coder.optimizer"),
        *("coder.schedule", "data", "entropy", "export", "late", "logger", "loss", "network"),
        *("network.decoder", "optimizer", "recon", "recon.framework", "schedule", "trainer"),
    ],
)
def test_every_group_of_a_training_refuses_unknown_options(group: str) -> None:
    said = refusal("train", f"++{group}.nothing=1")
    assert said.startswith(f"there is no option {group}.nothing: did you mean {group}.")


@pytest.mark.parametrize(
    ("option", "meant"),
    [
        ("++seeed=3", "seed"),
        ("+trainer.max_stps=9", "trainer.max_steps"),
        ("++max_steps=9", "coder.max_steps or trainer.max_steps"),
        ("+networks.width=1", "network"),
        ("optimizer.ls=1", "optimizer.lr"),
        ("trainner=gpu", "trainer"),
    ],
)
def test_the_nearest_option_is_named(option: str, meant: str) -> None:
    assert refusal("train", option).endswith(f": did you mean {meant}?")


@pytest.mark.parametrize(
    "words",
    [
        ["+optimizer.amsgrad=true"],
        ["++optimizer.eps=1e-6", "+logger.prefix=mine"],
        ["optimizer._target_=torch.optim.SGD", "+optimizer.momentum=0.9"],
        # Other options refer to them.
        ["+tag=mine", "name='${tag}'"],
        ["+mine.rate=1", "optimizer.lr='${mine.rate}'"],
        # A part of another kind; its class checks the options.
        ["network=transform", "++network.decoder.free_part={name:residual,hidden_depth:8}"],
        ["data.name=folder", "+data.root=a"],
    ],
)
def test_what_is_read_may_be_added(words: list[str]) -> None:
    composed("train", words)


def test_axes_of_a_grid_have_any_names() -> None:
    assert composed("grid", ["+grid.axes.seed=[1]"]).grid.axes.seed == [1]
    assert refusal("grid", "+grid.axis.seed=[1]").endswith("did you mean grid.axes?")


@pytest.mark.parametrize(
    ("name", "words", "option"),
    [
        ("train", ["data=folder", "data.root="], "data.root"),
        ("train", ["output="], "output"),
        ("train", ["output=''"], "output"),
        ("train", ["resume="], "resume"),
        ("train", ["codec="], "codec"),
        ("train", ["start_from="], "start_from"),
        ("train", ["coder.cache_dir="], "coder.cache_dir"),
        ("evaluate", ["model="], "model"),
        ("evaluate", ["cache_dir="], "cache_dir"),
        ("table", ["records="], "records"),
        ("table", ["compressai="], "compressai"),
        ("report", ["models=[a,'']"], "models[1]"),
        ("bench", ["data.kodak_root="], "data.kodak_root"),
        ("grid", ["grid.records="], "grid.records"),
    ],
)
def test_empty_texts_are_refused(name: str, words: list[str], option: str) -> None:
    assert refusal(name, *words) == f"{option} is empty: give it a value, or leave it out"


@pytest.mark.parametrize("quote", ["", "'"])
def test_a_tilde_is_the_home_folder_in_every_option(quote: str, home: Path) -> None:
    place = f"{quote}~/a b{quote}" if quote else "~/a"
    expected = str(home / place.strip("'")[2:])
    words = [f"{option}={place}" for option in ("output", "data.root", "data.validation_root")]
    config = composed("train", ["data=folder", *words, f"codec={place}", f"resume={place}"])
    assert {config.output, config.codec, config.resume} == {expected}
    assert {config.data.root, config.data.validation_root} == {expected}
    assert composed("report", [f"models=[{place},x]"]).models == [expected, "x"]
    assert composed("table", [f"records={place}"]).published == f"{expected}/published"


def test_paths_in_the_environment_and_in_files_have_tildes_too(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RNN_CODEC_CACHE", "~/${cache}")
    config = composed("train", [])
    assert config.data.cache_dir == f"{home}/${{cache}}/data"
    assert config.coder.cache_dir == f"{home}/${{cache}}/codes"
