"""Paths that begin with `~`, and empty paths, wherever a user gives one."""

from pathlib import Path

import numpy as np
import pytest

import rnn_codec as rnc
from rnn_codec.errors import InvalidOptionError, UserError
from rnn_codec.models.find import default_places, find_folder
from rnn_codec.paths import expanded, user_path
from tests.families.wavelet.priors import write_model

PIXELS = np.full((64, 64, 3), 90, np.uint8)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's home folder, with a model in it; the working folder is another one."""
    folder = tmp_path / "home"
    write_model(folder / "models" / "mine")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    monkeypatch.setenv("HOME", str(folder))
    monkeypatch.delenv("RNN_CODEC_MODELS", raising=False)
    return folder


def test_a_tilde_at_the_beginning_is_a_home_folder(home: Path) -> None:
    assert expanded("~") == str(home)
    assert user_path("it", "~/a b") == user_path("it", Path("~/a b")) == home / "a b"
    for other in ("a~", "./~", "~nobody-of-this-name/a"):
        assert expanded(other) == other


def test_the_library_finds_models_and_files_at_home(home: Path) -> None:
    place = "~/models/mine"
    assert rnc.load(place).path == rnc.load(Path(place)).path == home / "models" / "mine"
    data = rnc.compress(PIXELS, rnc.BitsPerPixel(1), model=place)
    (home / "a.rnc").write_bytes(data)
    assert rnc.open("~/a.rnc").data == rnc.open(Path("~/a.rnc")).data == data


def test_folders_of_models_are_listed_with_tildes(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RNN_CODEC_MODELS", "~/other:~/models")
    assert list(default_places())[:2] == [home / "other", home / "models"]
    assert find_folder("mine") == home / "models" / "mine"


def test_empty_text_is_no_path() -> None:
    with pytest.raises(InvalidOptionError, match="it is empty: give it a value, or leave it out"):
        user_path("it", "")
    for given in (rnc.load, rnc.open, lambda place: rnc.compress(PIXELS, model=place)):
        with pytest.raises(UserError, match=r"^the name of the \w+ is empty: give it a value"):
            given("")
