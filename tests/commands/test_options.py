"""Options of subcommands on files: paths that begin with `~`, and empty values."""

from pathlib import Path

import pytest

from rnn_codec.commands.options import add_files, new_parser
from tests.commands.program import run


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def test_a_tilde_is_the_home_folder_in_files_and_options(home: Path) -> None:
    parser = new_parser("shrink", None, "--model", "--device")
    add_files(parser, "picture")
    group = parser.add_mutually_exclusive_group()
    group.add_argument("--importance", type=Path)
    words = ["~/a.png", "b~.png", "--output-folder=~/out", "--importance", "~/mask.png"]
    found = parser.parse_args([*words, "--model=~/mine", "--device=cpu"])
    assert found.files == [home / "a.png", Path("b~.png")]
    assert (found.output_folder, found.importance) == (home / "out", home / "mask.png")
    assert (found.model, found.device) == (str(home / "mine"), "cpu")


@pytest.mark.parametrize(
    ("command", "option"),
    [
        (["compress", "a.png", "--output-folder", ""], "--output-folder"),
        (["compress", "a.png", "a.rnc", "--model="], "--model"),
        (["compress", "a.png", "a.rnc", "--importance", ""], "--importance"),
        (["compress", "", "a.rnc"], "files"),
        (["decompress", "a.rnc", ""], "files"),
        (["truncate", "a.rnc", "b.rnc", "--bpp", "1", "--model", ""], "--model"),
        (["info", ""], "file.rnc"),
        (["export", "", "here"], "model"),
        (["export", "mine", ""], "output"),
        (["kodak", "--root="], "--root"),
    ],
)
def test_empty_text_is_refused_by_name(
    command: list[str], option: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(*command) == 2
    said = f"error: argument {option}: it is empty: give it a value, or leave it out\n"
    assert capsys.readouterr().err.endswith(said)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "command",
    [
        "info ~/nowhere.rnc",
        "compress ~/nowhere.png a.rnc",
        "decompress ~/nowhere.rnc a.png",
        "export ~/nowhere here",
        "info a.rnc --model=~/nowhere",
    ],
)
def test_every_command_looks_for_a_tilde_at_home(
    command: str, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(*command.split()) == 1
    assert f"{home}/nowhere" in capsys.readouterr().err
