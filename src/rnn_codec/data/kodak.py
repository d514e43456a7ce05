"""The Kodak suite: 24 photographs (768×512 or 512×768) that codecs are compared on."""

import hashlib
from collections.abc import Iterator, Mapping
from http.client import HTTPException
from importlib.resources import files
from pathlib import Path
from urllib.request import urlopen

from rnn_codec.data import DATA
from rnn_codec.data.folders import find_images
from rnn_codec.errors import UserError
from rnn_codec.files import atomic_path, make_folder
from rnn_codec.pictures.reading import NamedImage, read_rgb
from rnn_codec.progress import progress

TIMEOUT_SECONDS = 30


@DATA.register("kodak")
class Kodak:
    """The suite as pictures to measure on; `rnn_codec.data.modules` has pictures to train on."""

    evaluation_name = "kodak"

    def __init__(self, kodak_root: str, url: str) -> None:
        self.kodak_root = kodak_root
        self.url = url

    def evaluation_images(self) -> Iterator[NamedImage]:
        """Name and pixels (H, W, 3) of all 24 images.

        Raises:
            UserError: an image is missing, or is another picture.
        """
        paths, checksums = kodak_paths(self.kodak_root), kodak_checksums()
        others = [path for path in paths if checksum(path) != checksums[path.name]]
        if others:
            raise UserError(
                f"{others[0]} is not the original Kodak image: delete it and run `make kodak`, or "
                "measure with data=folder"
            )
        return ((path.name, read_rgb(path)) for path in paths)

    def download(self) -> None:
        """Download those of the 24 images that are missing."""
        download(self.kodak_root, self.url, kodak_checksums())


def is_kodak(root: Path) -> bool:
    """Whether a folder contains the 24 original images and no others."""
    paths = {root / name: expected for name, expected in kodak_checksums().items()}
    whole = all(path.is_file() and checksum(path) == paths[path] for path in paths)
    return whole and len(find_images(root)) == len(paths)


def checksum(path: Path) -> str:
    """The SHA-256 checksum of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def kodak_checksums() -> dict[str, str]:
    """The SHA-256 checksum of each of the 24 files, by name."""
    # The format of `sha256sum`: a checksum, two spaces, a name.
    text = files("rnn_codec.data").joinpath("kodak.sha256").read_text(encoding="ascii")
    return {name: checksum for checksum, name in map(str.split, text.splitlines())}


def kodak_paths(root: str | Path) -> list[Path]:
    """The 24 files in `root`, by number; `UserError` if one of them is missing."""
    paths = [Path(root) / name for name in sorted(kodak_checksums())]
    missing = [path.name for path in paths if not path.is_file()]
    if missing:
        listed = ", ".join(missing[:3]) + (", …" if len(missing) > 3 else "")
        raise UserError(
            f"the folder {root} lacks {len(missing)} of the 24 Kodak images ({listed}): "
            "run `make kodak`, or set data.kodak_root to a folder that has them"
        )
    return paths


def download(root: str | Path, base_url: str, checksums: Mapping[str, str]) -> None:
    """Download the files named in `checksums` into `root`, except those already there and correct.

    Raises:
        UserError: a file cannot be downloaded, or is not the right one. Files before it are kept.
    """
    folder = make_folder(root)
    for name in progress(list(checksums), "Downloading"):
        path = folder / name
        if not path.is_file() or checksum(path) != checksums[name]:
            content = fetch(f"{base_url.rstrip('/')}/{name}", checksums[name])
            with atomic_path(path) as partial:
                partial.write_bytes(content)


def fetch(url: str, expected: str) -> bytes:
    """The content of `url`, whose SHA-256 must be `expected`.

    Raises:
        UserError: there is no network, no such file, or the file is not the expected one.
    """
    try:
        with urlopen(url, timeout=TIMEOUT_SECONDS) as response:
            content: bytes = response.read()
    except (OSError, HTTPException, ValueError) as error:
        raise UserError(
            f"{url} cannot be downloaded ({error}): check the network, name another source "
            "by --url, or copy the Kodak images to their folder yourself"
        ) from error
    if hashlib.sha256(content).hexdigest() != expected:
        raise UserError(f"{url} is not the original file (its SHA-256 is not {expected})")
    return content
