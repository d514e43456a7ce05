"""Downloading, from a server on this machine; the checks of the Kodak images."""

import hashlib
import re
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from hydra import compose, initialize_config_dir

from rnn_codec.configuration import build
from rnn_codec.data import DATA, kodak
from rnn_codec.data.kodak import Kodak, download, kodak_checksums, kodak_paths
from rnn_codec.errors import UserError
from tests.commands.program import run
from tests.conftest import ROOT
from tests.data.pictures import noise, save

FILES = {"one.png": b"first", "two.png": b"second", "three.png": b"third"}
CHECKSUMS = {name: hashlib.sha256(content).hexdigest() for name, content in FILES.items()}


class Server(ThreadingHTTPServer):
    """Serves a folder and records the requests."""

    def __init__(self, folder: Path) -> None:
        self.asked: list[str] = []
        super().__init__(("127.0.0.1", 0), partial(Handler, directory=str(folder)))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class Handler(SimpleHTTPRequestHandler):
    server: Server

    def log_message(self, format: str, *args: object) -> None:
        self.server.asked.append(self.path)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    source = tmp_path / "source"
    source.mkdir()
    for name, content in FILES.items():
        (source / name).write_bytes(content)
    with Server(source) as running:
        Thread(target=running.serve_forever, daemon=True).start()
        yield running
        running.shutdown()


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_downloads_what_is_missing_or_wrong(server: Server, tmp_path: Path) -> None:
    root = tmp_path / "deep" / "kodak"
    download(root, server.url + "/", CHECKSUMS)
    assert contents(root) == FILES
    (root / "two.png").write_bytes(b"half")
    server.asked.clear()
    download(root, server.url, CHECKSUMS)
    assert contents(root) == FILES
    assert server.asked == ["/two.png"]


def test_wrong_file_is_refused_and_earlier_ones_kept(server: Server, tmp_path: Path) -> None:
    wrong = CHECKSUMS | {"two.png": "0" * 64}
    with pytest.raises(UserError, match=r"two\.png is not the original file"):
        download(tmp_path / "kodak", server.url, wrong)
    assert contents(tmp_path / "kodak") == {"one.png": b"first"}


@pytest.mark.parametrize("url", ["http://127.0.0.1:9", "nonsense", "http://[", "http://no.invalid"])
def test_no_network_is_one_sentence(tmp_path: Path, url: str) -> None:
    with pytest.raises(UserError, match=r"one\.png cannot be downloaded .*check the network"):
        download(tmp_path, url, CHECKSUMS)


def test_the_command_ends_with_a_sentence_and_a_failure(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("kodak", "--root", str(tmp_path), "--url", "http://127.0.0.1:9") == 1
    assert "error: http://127.0.0.1:9/kodim01.png cannot be downloaded" in capsys.readouterr().err


def test_there_are_24_checksums() -> None:
    assert sorted(kodak_checksums()) == [f"kodim{number:02}.png" for number in range(1, 25)]
    assert all(re.fullmatch("[0-9a-f]{64}", checksum) for checksum in kodak_checksums().values())


def test_missing_images_are_named(tmp_path: Path) -> None:
    for number in range(1, 24):
        save(tmp_path / f"kodim{number:02}.png", noise(2, 3, number))
    with pytest.raises(UserError, match=r"lacks 1 of the 24 Kodak images \(kodim24\.png\).*make"):
        kodak_paths(tmp_path)
    with pytest.raises(UserError, match=r"lacks 24 .*kodim03\.png, ….*make kodak.*kodak_root"):
        kodak_paths(tmp_path / "nowhere")


@pytest.fixture
def stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """24 pictures that pass for the originals."""
    folder = tmp_path / "Kodak"
    files = [save(folder / f"kodim{number:02}.png", noise(2, 3, number)) for number in range(1, 25)]
    checksums = {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in files}
    monkeypatch.setattr(kodak, "kodak_checksums", lambda: checksums)
    return folder


def test_kodak_yields_its_images(stand_in: Path) -> None:
    data = Kodak(str(stand_in), "")
    named = list(data.evaluation_images())
    assert [name for name, _ in named][::23] == ["kodim01.png", "kodim24.png"]
    assert (named[4][1] == noise(2, 3, 5)).all()


def test_other_pictures_are_not_measured_as_kodak(stand_in: Path) -> None:
    save(stand_in / "kodim05.png", noise(2, 3, 99))
    with pytest.raises(UserError, match=r"kodim05\.png is not the original Kodak image"):
        Kodak(str(stand_in), "").evaluation_images()


def folder_name(root: Path) -> str:
    """The name in records of the pictures of a folder."""
    with initialize_config_dir(str(ROOT / "conf"), version_base="1.3"):
        config = compose("train", ["data=folder", f"data.root={root}"])
    return build(DATA, config.data).evaluation_name


def test_only_the_24_pictures_may_be_called_kodak(stand_in: Path, tmp_path: Path) -> None:
    assert folder_name(stand_in) == "kodak"
    save(stand_in / "more.png", noise(2, 3))
    assert folder_name(stand_in) == "Kodak-folder"
    (stand_in / "more.png").unlink()
    save(stand_in / "kodim05.png", noise(2, 3, 99))
    assert folder_name(stand_in) == "Kodak-folder"
    assert folder_name(tmp_path / "nowhere" / "kodak") == "kodak-folder"
    assert folder_name(tmp_path / "photos") == "photos-folder"
    assert folder_name(tmp_path / "mine") == "mine"
