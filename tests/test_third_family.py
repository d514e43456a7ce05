"""A family of codecs defined in this file: raw pixels, of which the package knows nothing."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import yaml
from PIL import Image

import rnn_codec as rnc
from rnn_codec.models.protocol import (
    FAMILIES,
    BudgetError,
    Contents,
    Decoded,
    Encoded,
    Facts,
    Level,
    Mask,
    Model,
    OtherRate,
    Pixels,
)
from rnn_codec.rates import Quality
from rnn_codec.rnc.fields import CRC_BYTES, BadFileError, pack_crc
from rnn_codec.rnc.file import Body, File, Head
from tests.commands.program import run

VERSION = 200
PLANES = 8


@dataclass(frozen=True)
class RawBody(Body):
    """The bit planes of all pixels, the most significant first, one after another."""

    levels: int
    start: int
    file_bytes: int

    @property
    def least_bytes(self) -> int:  # type: ignore[override]
        return self.start + (self.file_bytes - self.start) // self.levels

    def __str__(self) -> str:
        return f"{self.levels} planes"


class RawFormat:
    """A count of planes, a check value, the planes."""

    version = VERSION

    def read(self, data: bytes, head: Head, start: int) -> RawBody:
        end = start + 1 + CRC_BYTES
        if len(data) < end or data[start + 1 : end] != pack_crc(data[: start + 1]):
            raise BadFileError("the header of raw pixels is damaged")
        plane = -(-3 * head.pixels // 8)
        return RawBody(data[start], end, end + data[start] * plane)

    def check(self, data: bytes, body: Body) -> None:
        """Nothing follows the planes."""


@dataclass(frozen=True)
class RawSession:
    model: "RawModel"
    pixels: Pixels

    def first(self, levels: int) -> Encoded:
        height, width, _ = self.pixels.shape
        head = Head(VERSION, self.model.identifier, width, height)
        packed = head.pack() + bytes([levels])
        packed += pack_crc(packed)
        planes = np.unpackbits(self.pixels.reshape(-1, 1), axis=1)[:, :levels].T
        data = packed + b"".join(np.packbits(plane).tobytes() for plane in planes)
        file = File(head, RawBody(levels, len(packed), len(data)), data)
        return Encoded(Contents(file, levels, 0.0, f"{levels} planes"))

    def within(self, size: int) -> Encoded:
        fitting = [f for n in range(1, PLANES + 1) if len((f := self.first(n)).data) <= size]
        if not fitting:
            raise BudgetError(f"{size} bytes hold no plane")
        return fitting[-1]

    def reaching(self, quality: Quality) -> Encoded:
        return self.first(PLANES)

    def levels(self, most: int) -> Iterator[Level]:
        for number in range(1, most + 1):
            file = self.first(number).contents.file
            yield Level(number, len(file.data), self.model.decode(file).pixels)

    def other_rates(self, most: int) -> Mapping[str, OtherRate]:
        return {}


@dataclass(frozen=True)
class RawModel(Model):
    path: Path
    labels: Mapping[str, str]
    identifier: bytes = hashlib.sha256(b"raw").digest()[:6]
    most_levels = PLANES

    def facts(self) -> Facts:
        return Facts(parameters=0, macs_per_pixel=0.0)

    def begun(
        self, pixels: Pixels, tune: str | None, importance: "Mask | None", effort: int
    ) -> RawSession:
        return RawSession(self, pixels)

    def decode(self, file: File, levels: int | None = None) -> Decoded:
        head, body = file.head, file.body
        assert isinstance(body, RawBody)
        plane = (body.file_bytes - body.start) // body.levels
        arrived = min((len(file.data) - body.start) // plane, levels or body.levels)
        bits = np.zeros((PLANES, 3 * head.pixels), np.uint8)
        for number in range(arrived):
            data = file.data[body.start + number * plane :][:plane]
            bits[number] = np.unpackbits(np.frombuffer(data, np.uint8))[: 3 * head.pixels]
        pixels = np.packbits(bits.T, axis=1).reshape(head.height, head.width, 3)
        return Decoded(pixels, Contents(file, arrived, 0.0, f"{arrived} planes"))

    def contents(self, file: File) -> Contents:
        return self.decode(file).contents

    def truncate(self, file: File, levels: int) -> bytes:
        assert isinstance(file.body, RawBody)
        plane = (file.body.file_bytes - file.body.start) // file.body.levels
        return file.data[: file.body.start + levels * plane]


class RawFamily:
    format = RawFormat()

    def variants(self, folder: Path) -> list[str]:
        return ["planes"]

    def identifier(self, folder: Path, variant: str) -> bytes:
        return RawModel.identifier

    def load(self, folder: Path, variant: str, device: str, threads: int | None) -> RawModel:
        return RawModel(folder, {"family": "raw", "order": "planes"})

    def digest(self, folder: Path) -> bytes:
        return hashlib.sha256(b"raw").digest()

    def complete(self, folder: Path) -> None:
        """Nothing is needed."""

    def check(self, config: object, run: object) -> None:
        raise AssertionError("nothing is trained")

    def stages(self, config: object, run: object) -> list[object]:
        return []


@pytest.fixture
def model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(FAMILIES, "_registered", dict(FAMILIES._registered))
    FAMILIES.register("raw")(RawFamily())  # type: ignore[arg-type]
    folder = tmp_path / "models" / "raw"
    folder.mkdir(parents=True)
    config = {"name": "raw-pixels", "seed": 0, "codec": {"family": "raw"}}
    (folder / "config.yaml").write_text(yaml.safe_dump(config))
    monkeypatch.setenv("RNN_CODEC_MODELS", str(folder.parent))
    monkeypatch.chdir(tmp_path)
    return folder


@pytest.fixture
def picture() -> Pixels:
    y, x = np.mgrid[:170, :180]
    return np.stack([(x + c * y) % 256 for c in range(3)], -1).astype(np.uint8)


def test_it_compresses_and_decompresses(
    model: Path, picture: Pixels, capsys: pytest.CaptureFixture[str]
) -> None:
    Image.fromarray(picture).save("a.png")
    assert run("compress", "a.png", "a.rnc", "--model", "raw", "--bpp", "25") == 0
    assert run("decompress", "a.rnc", "b.png") == 0
    assert np.array_equal(np.asarray(Image.open("b.png")), picture)
    assert run("truncate", "a.rnc", "short.rnc", "--iterations", "4") == 0
    capsys.readouterr()
    assert run("info", "short.rnc") == 0
    printed = capsys.readouterr().out
    assert "4 planes arrived, 8 planes when complete" in printed
    assert str(model) in printed
    assert np.array_equal(rnc.decompress("short.rnc"), picture & 0xF0)


def test_it_is_opened_by_pillow(model: Path, picture: Pixels) -> None:
    Path("a.rnc").write_bytes(rnc.compress(picture, rnc.Levels(8), model=rnc.load(model)))
    import rnn_codec.pillow  # noqa: F401

    with Image.open("a.rnc") as image:
        assert np.array_equal(np.asarray(image), picture)


def test_it_is_measured_and_stands_in_the_table(model: Path, picture: Pixels) -> None:
    Path("pictures").mkdir()
    Image.fromarray(picture).save("pictures/a.png")
    data = ["data=folder", "data.root=pictures"]
    output = "output=records/study/raw"
    assert run("evaluate", "model=raw", *data, output, "beside=[]", "cut_at=[0.5]") == 0
    folders = ["records=records", "output=table", "published=null"]
    assert run("table", *folders, "dataset=pictures") == 0
    text = Path("table/ablation.md").read_text()
    assert "study" in text
    assert "| planes |" in text
