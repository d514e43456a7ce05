"""The command `rnn-codec` itself: its subcommands, and messages about mistakes."""

import re
import tomllib
from pathlib import Path

import pytest
from PIL import Image

from rnn_codec import commands
from rnn_codec.__main__ import subcommands
from tests.commands.program import FOR_BINARY, FOR_FILES, FOR_TRAINING, run, run_without
from tests.conftest import ROOT
from tests.families.wavelet.priors import write_model


def test_help_lists_every_subcommand_with_a_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--help") == 0
    printed = capsys.readouterr().out
    assert {"train", "evaluate", "compress", "grid"} <= subcommands().keys()
    for name, (_, sentence) in subcommands().items():
        assert f"  {name} " in printed
        assert sentence.endswith(".")
        assert sentence in printed


@pytest.mark.parametrize("words", [[], ["-h"], ["help"]])
def test_help_has_many_names(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--help") == 0
    expected = capsys.readouterr().out
    assert run(*words) == 0
    assert capsys.readouterr().out == expected


def test_help_of_a_subcommand(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("help", "info") == 0
    assert capsys.readouterr().out.startswith("usage: rnn-codec info")
    assert run("help", "nothing") == 1
    assert "has no subcommand nothing" in capsys.readouterr().err


@pytest.mark.parametrize("word", ["--version", "-V"])
def test_the_version_is_that_of_the_project(word: str, capsys: pytest.CaptureFixture[str]) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert run(word) == 0
    assert capsys.readouterr().out == f"rnn-codec {project['version']}\n"


def test_a_subcommand_is_one_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    text = '"""Count words."""\n\n\ndef main(words):\n    """Count."""\n    print(len(words))\n'
    (tmp_path / "count_words.py").write_text(text)
    monkeypatch.setattr(commands, "__path__", [*commands.__path__, str(tmp_path)])
    assert run("count-words", "--one", "two") == 0
    assert capsys.readouterr().out == "2\n"
    assert run("--help") == 0
    assert re.search(r"^  count-words +Count words\.$", capsys.readouterr().out, re.MULTILINE)


def test_what_a_command_imports_is_not_looked_through_for_garbage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    text = (
        '"""Say how garbage is collected."""\n\nimport gc\n\n'
        "def main(words):\n    print(while_imported, gc.isenabled(), gc.get_freeze_count() > 0)\n"
        "\nwhile_imported = gc.isenabled()\n"
    )
    (tmp_path / "garbage.py").write_text(text)
    monkeypatch.setattr(commands, "__path__", [*commands.__path__, str(tmp_path)])
    assert run("garbage") == 0
    assert capsys.readouterr().out == "False True True\n"


@pytest.mark.parametrize("command", ["train", "table", "compress a.png a.rnc", "info a.rnc"])
def test_a_working_folder_that_has_been_deleted_is_named(
    command: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    folder = tmp_path / "gone"
    folder.mkdir()
    monkeypatch.chdir(folder)
    folder.rmdir()
    assert run(*command.split()) == 1
    assert capsys.readouterr().err == (
        "error: the working folder has been deleted: change to one that exists\n"
    )


def test_help_needs_no_package() -> None:
    done = run_without(FOR_FILES | FOR_BINARY | FOR_TRAINING, "--help")
    assert (done.returncode, done.stderr) == (0, "")
    assert re.findall(r"^  ([a-z-]+)  ", done.stdout, re.MULTILINE) == sorted(subcommands())


def test_files_of_the_binary_family_need_nothing_of_training(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Image.linear_gradient("L").convert("RGB").resize((200, 170)).save("a.png")
    done = run_without(
        FOR_TRAINING,
        "compress a.png a.rnc --model lstm --ms-ssim 0.5",
        "info a.rnc",
        "truncate a.rnc b.rnc --iterations 1",
        "decompress b.rnc b.png",
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert Image.open("b.png").size == (200, 170)


def test_a_mistaken_subcommand_ends_in_one_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("compres", "a.png", "a.rnc") == 1
    assert capsys.readouterr().err.startswith("error: rnn-codec has no subcommand compres: it has ")


@pytest.mark.parametrize(
    ("name", "missing", "extra"),
    [("train", "lightning", "train"), ("kodak", "hydra", "train"), ("export", "torch", "train")],
)
def test_a_package_that_is_not_installed_is_named_with_its_extra(
    name: str, missing: str, extra: str
) -> None:
    done = run_without({missing}, name)
    assert done.returncode == 1
    assert done.stderr == (
        f"error: rnn-codec {name} needs {missing}, of the extra {extra}: "
        f"pip install 'rnn-codec[{extra}]'\n"
    )


def test_compressing_imports_neither_the_laboratory_nor_training(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write_model(tmp_path / "results" / "tiny")
    Image.linear_gradient("L").convert("RGB").resize((40, 30)).save("a.png")
    done = run_without(
        {"rnn_codec_lab", "rnn_codec.training"},
        *("compress a.png a.rnc --model tiny --bpp 2", "compress a.png b.rnc --model lstm --bpp 2"),
    )
    assert (done.returncode, done.stderr) == (0, "")
