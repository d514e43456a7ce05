"""Pillow reads and writes the same `.rnc` files as the library, and raises errors of its own."""

import re
import shutil
import subprocess
import sys
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import example, given
from hypothesis import strategies as st
from PIL import Image, ImageFile, PngImagePlugin, UnidentifiedImageError

import rnn_codec.pillow
from rnn_codec import rates
from rnn_codec.errors import UserError
from rnn_codec.families.binary.format import write
from rnn_codec.models.find import DEFAULT_MODEL, load_model
from rnn_codec.models.protocol import Encoded, Model, open_file
from rnn_codec.pictures.reading import read_rgb
from rnn_codec.pillow import coding
from rnn_codec.rates import (
    PSNR,
    BitsPerPixel,
    Bytes,
    Levels,
    Rate,
)
from rnn_codec.rnc.fields import BadFileError
from rnn_codec.rnc.file import Head
from rnn_codec.runs.folder import RunFolder
from rnn_codec.runs.weights import read_weights, write_weights
from tests.data.pictures import noise
from tests.model_folders import write_model
from tests.pictures.profiles import cmyk_profile, grey_profile, rgb_profile

HEIGHT, WIDTH = 33, 40
PIXELS = noise(HEIGHT, WIDTH)
ORIENTATION = 0x0112


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model's folder."""
    return write_model(tmp_path_factory.mktemp("models") / "mine", "progressive")


@pytest.fixture(scope="module")
def model(folder: Path) -> Model:
    return load_model(folder)


@pytest.fixture(scope="module")
def data(model: Model) -> bytes:
    """A file of five iterations."""
    return model.compress(PIXELS, Levels(5))


@pytest.fixture(autouse=True)
def _current_folder(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Work in an empty folder, from which the model is found."""
    monkeypatch.setenv("RNN_CODEC_MODELS", str(folder.parent))
    monkeypatch.chdir(tmp_path)


def opened(data: bytes) -> ImageFile.ImageFile:
    return Image.open(BytesIO(data))


def saved(image: Image.Image, **options: Any) -> bytes:
    """The bytes of an image saved with the model of these tests, by default in one iteration."""
    options = {"model": "mine", "iterations": 1} | options
    file = BytesIO()
    image.save(file, "RNC", **options)
    return file.getvalue()


def test_importing_and_opening_is_light(data: bytes) -> None:
    Path("a.rnc").write_bytes(data)
    lines = [
        "import sys, rnn_codec.pillow",
        "from PIL import Image",
        "image = Image.open('a.rnc')",
        "print(image.size, image.mode, image.format, Image.registered_extensions()['.rnc'])",
        "print(image.get_format_mimetype(), {'torch', 'numpy'} & {*sys.modules})",
    ]
    run = subprocess.run(
        [sys.executable, "-c", "\n".join(lines)], capture_output=True, text=True, check=True
    )
    assert run.stdout == f"({WIDTH}, {HEIGHT}) RGB RNC RNC\nimage/x-rnc set()\n"


def test_the_header_is_in_info(data: bytes, model: Model) -> None:
    assert opened(data).info == {
        "model": model.identifier.hex(),
        "iterations": 5,
        "bits_per_pixel": 8 * len(data) / (HEIGHT * WIDTH),
    }
    half = opened(data[: len(data) // 2]).info
    assert half["bits_per_pixel"] == 8 * (len(data) // 2) / (HEIGHT * WIDTH)
    assert half["iterations"] == 5


def test_every_prefix_is_opened_as_the_library_does(data: bytes, model: Model) -> None:
    pictures = 0
    for length in (*range(len(model.truncate(open_file(data), 1)) + 1), len(data)):
        prefix = data[:length]
        try:
            open_file(prefix)
        except BadFileError as error:
            sentence = str(error) if length >= 3 else "cannot identify image file"
            with pytest.raises(UnidentifiedImageError, match=re.escape(sentence)):
                opened(prefix)
            continue
        try:
            pixels = model.decompress(prefix)
        except UserError as error:
            with pytest.raises(OSError, match=re.escape(str(error))):
                opened(prefix).load()
        else:
            pictures += 1
            assert np.array_equal(np.asarray(opened(prefix)), pixels)
    assert pictures > 10


@given(st.binary(max_size=40))
@example(b"")
def test_any_bytes_after_the_magic_are_opened_or_refused(rest: bytes) -> None:
    data = b"RNC" + rest
    try:
        head = open_file(data).head
    except BadFileError as error:
        sentence = str(error)
    else:
        assert opened(data).size == (head.width, head.height)
        return
    with pytest.raises(UnidentifiedImageError, match=re.escape(sentence)):
        opened(data)


def test_a_parser_waits_for_all(data: bytes, model: Model) -> None:
    parser = ImageFile.Parser()
    for start in range(0, len(data), 50):
        parser.feed(data[start : start + 50])
    assert np.array_equal(np.asarray(parser.close()), model.decompress(data))


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda data: data + b"!", "more bytes follow the end of its stream"),
        (lambda data: data[:40] + bytes([data[40] ^ 255]) + data[41:], r"iteration \d is corrupt"),
    ],
)
def test_damage_is_explained_when_pixels_are_wanted(data: bytes, change, sentence: str) -> None:
    image = opened(change(data))
    for _ in range(2):
        with pytest.raises(OSError, match=sentence):
            image.load()


def test_pillows_limit_on_pixels_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    head = Head(2, bytes(6), 2**14, 2**15)
    large = write(head, bytes(1000), 1, 0, cut=False, adaptive=False).data
    with pytest.raises(Image.DecompressionBombError):
        opened(large)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", None)
    assert opened(large).size == (2**14, 2**15)


def test_a_model_that_is_not_to_be_found(data: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    coding._model_of_file.cache_clear()
    monkeypatch.delenv("RNN_CODEC_MODELS")
    with pytest.raises(OSError, match=r"the model [0-9a-f]{12} is not in results, runs, "):
        opened(data).load()


def test_models_are_kept(data: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    loaded = []
    for name in ("find_model", "load_model"):
        load = getattr(coding, name)
        spy = lambda *args, load=load, **kwargs: loaded.append(args[0]) or load(*args, **kwargs)  # noqa: E731
        monkeypatch.setattr(coding, name, spy)
    coding._model_of_file.cache_clear()
    coding._named_model.cache_clear()
    for _ in range(2):
        opened(data).load()
        saved(Image.fromarray(PIXELS))
    assert len(loaded) == 2


def test_a_model_that_was_trained_on_is_loaded_anew(folder: Path) -> None:
    run = RunFolder(Path(shutil.copytree(folder, "copy")).absolute())
    image = Image.fromarray(PIXELS)
    before = saved(image, model=run.path)
    weights = {name: tensor * 1.5 for name, tensor in read_weights(run).items()}
    write_weights(run, weights, torch.float16)
    assert saved(image, model=run.path) != before


def test_networks_run_where_they_are_told_to(data: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(OSError, match="the device abacus cannot be used"):
        saved(Image.fromarray(PIXELS), device="abacus")
    monkeypatch.setattr(rnn_codec.pillow, "DEVICE", "abacus")
    with pytest.raises(OSError, match="the device abacus cannot be used"):
        opened(data).load()
    with pytest.raises(OSError, match="the device abacus cannot be used"):
        saved(Image.fromarray(PIXELS), device=None)
    assert saved(Image.fromarray(PIXELS), device="cpu")


@pytest.mark.parametrize(
    ("options", "rate"),
    [
        ({}, rates.DEFAULT),
        ({"iterations": 2}, Levels(2)),
        ({"bytes": 150}, Bytes(150)),
        ({"bpp": 0.9, "quality": 90}, BitsPerPixel(0.9)),
        ({"psnr": 5, "bytes": None}, PSNR(5)),
    ],
)
def test_a_picture_is_saved_at_a_rate(options: dict[str, Any], rate: Rate, model: Model) -> None:
    Image.fromarray(PIXELS).save("a.rnc", model="mine", **options)
    assert Path("a.rnc").read_bytes() == model.compress(PIXELS, rate)


def test_a_target_out_of_reach_is_a_warning() -> None:
    with pytest.warns(UserWarning, match="a PSNR of 90 dB is not reached") as caught:
        Image.fromarray(PIXELS).save("a.rnc", model="mine", psnr=90)
    assert caught[0].filename == __file__


def test_the_model_is_a_choice(model: Model, folder: Path) -> None:
    image = Image.fromarray(PIXELS)
    for choice in ("mine", folder, model):
        assert saved(image, model=choice) == model.compress(PIXELS, Levels(1))
    plain = load_model(folder, "none").compress(PIXELS, Levels(1))
    assert saved(image, entropy="none") == plain


def test_a_model_comes_with_the_package() -> None:
    file = saved(Image.fromarray(PIXELS[:16, :16]), model=None)
    assert open_file(file).head.model == load_model().identifier
    assert opened(file).convert("L").size == (16, 16)


@pytest.mark.parametrize(
    ("options", "kind", "sentence"),
    [
        ({"bpp": 0.5, "psnr": 30}, ValueError, "only one of bpp and psnr can be met"),
        ({"bpp": 0}, ValueError, "bits per pixel must be positive"),
        ({"iterations": 0}, ValueError, "at least 1 level, not 0"),
        ({"bytes": 20}, ValueError, "20 bytes are too few"),
        ({"model": "other"}, OSError, "there is no model other"),
        ({"entropy": "zip"}, OSError, "has no entropy coder zip"),
    ],
)
def test_a_failure_leaves_no_file(
    options: dict[str, Any], kind: type[Exception], sentence: str
) -> None:
    with pytest.raises(kind, match=sentence):
        Image.fromarray(PIXELS).save("a.rnc", **{"model": "mine"} | options)
    assert not Path("a.rnc").exists()
    file = BytesIO()
    with pytest.raises(kind, match=sentence):
        Image.fromarray(PIXELS).save(file, "RNC", **{"model": "mine"} | options)
    assert file.getvalue() == b""


def test_a_picture_without_pixels() -> None:
    with pytest.raises(OSError, match="the picture has no pixels"):
        saved(Image.new("RGB", (0, 4)))


def test_what_is_opened_can_be_saved_again_in_its_place(data: bytes, model: Model) -> None:
    Path("a.rnc").write_bytes(data)
    image = Image.open("a.rnc")
    image.save("a.rnc", model="mine", bytes=150)
    # The properties of the opened file are not options of the new one.
    again = model.compress(model.decompress(data), Bytes(150))
    assert Path("a.rnc").read_bytes() == again


def made(mode: str) -> Image.Image:
    """A picture of a mode, with something in every channel."""
    if mode.startswith(("I", "F")):
        levels = np.linspace(0, 1 if mode == "F" else 65535, HEIGHT * WIDTH)
        kinds = {"F": np.float32, "I": np.int32, "I;16": np.uint16}
        return Image.fromarray(levels.reshape(HEIGHT, WIDTH).astype(kinds[mode]))
    grey = Image.fromarray(PIXELS[..., 0])
    if mode == "CMYK":
        return Image.merge("CMYK", [grey.rotate(90 * turn) for turn in range(4)])
    colours = Image.fromarray(PIXELS)
    if mode in {"RGBA", "LA"}:
        colours.putalpha(grey)
    return colours.convert(mode)


@pytest.mark.parametrize(
    ("mode", "suffix"),
    [
        *(("1", "png"), ("L", "png"), ("LA", "png"), ("P", "png"), ("RGB", "webp")),
        *(("RGBA", "png"), ("I;16", "png"), ("I", "tif"), ("F", "tif"), ("CMYK", "tif")),
        *(("YCbCr", "tif"), ("CMYK", "jpg")),
    ],
)
def test_every_mode_is_read_like_a_file(mode: str, suffix: str, model: Model) -> None:
    path = f"a.{suffix}"
    made(mode).save(path)
    expected = model.compress(read_rgb(path), Levels(1))
    with Image.open(path) as image:
        assert saved(image) == expected


def test_transparent_colours_of_a_palette(model: Model) -> None:
    made("P").save("a.png", transparency=3)
    with Image.open("a.png") as image:
        assert saved(image) == model.compress(read_rgb("a.png"), Levels(1))


@pytest.mark.parametrize("mode", ["La", "RGBa"])
def test_colours_that_are_multiplied_by_their_opacity(mode: str) -> None:
    image = made("LA" if mode == "La" else "RGBA").convert(mode)
    assert saved(image) == saved(image.convert(mode.upper()))


def exif(orientation: int) -> Image.Exif:
    tags = Image.Exif()
    tags[ORIENTATION] = orientation
    return tags


XMP = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:Description tiff:Orientation="8"/></x:xmpmeta>'


def chunks(**bodies: bytes) -> PngImagePlugin.PngInfo:
    """Chunks of a PNG."""
    info = PngImagePlugin.PngInfo()
    for kind, body in bodies.items():
        info.add(kind.encode(), body)
    return info


GAMMA = (100_000).to_bytes(4, "big")
PRIMARIES = b"".join(n.to_bytes(4, "big") for n in (31270, 32900, 64, 33, 21, 71, 15, 6))
BLOCK = exif(6).tobytes()


@pytest.mark.parametrize(
    ("mode", "suffix", "said"),
    [
        ("RGB", "png", {"pnginfo": chunks(gAMA=GAMMA)}),
        ("RGB", "png", {"pnginfo": chunks(gAMA=GAMMA, cHRM=PRIMARIES)}),
        (
            "RGB",
            "png",
            {"pnginfo": chunks(tEXt=b"Raw profile type exif\0\n\n\n" + BLOCK.hex().encode())},
        ),
        ("RGB", "jpg", {"exif": exif(6)}),
        ("RGB", "png", {"exif": exif(5)}),
        ("RGB", "tif", {"exif": exif(3)}),
        ("RGB", "webp", {"exif": exif(7), "lossless": True}),
        ("RGB", "webp", {"xmp": XMP, "lossless": True}),
        ("RGB", "png", {"icc_profile": rgb_profile()}),
        ("L", "png", {"icc_profile": grey_profile(1.0)}),
        ("CMYK", "tif", {"icc_profile": cmyk_profile()}),
    ],
)
def test_what_a_picture_says_of_itself_is_followed(
    mode: str, suffix: str, said: dict[str, Any], model: Model
) -> None:
    path = f"a.{suffix}"
    made(mode).save(path, **said)
    expected = model.compress(read_rgb(path), Levels(1))
    with Image.open(path) as image:
        assert saved(image) == expected
    # Without the metadata the file would be different.
    assert expected != saved(made(mode))
    assert opened(expected).info.keys() == {"model", "iterations", "bits_per_pixel"}


@pytest.mark.parametrize(
    "said", [{"icc_profile": cmyk_profile()}, {"pnginfo": chunks(gAMA=GAMMA, sRGB=b"\0")}]
)
def test_what_does_not_count_is_not_followed(said: dict[str, Any]) -> None:
    made("RGB").save("a.png", **said)
    with Image.open("a.png") as image:
        assert saved(image) == saved(made("RGB"))


def test_options_say_what_the_pixels_are_as_for_other_formats() -> None:
    image = Image.fromarray(PIXELS)
    turned = saved(image.transpose(Image.Transpose.ROTATE_270))
    assert saved(image, exif=exif(6)) == saved(image, exif=exif(6).tobytes()) == turned
    assert saved(image, icc_profile=rgb_profile()) != saved(image)
    image.info["exif"] = exif(6).tobytes()
    assert saved(image) == turned
    assert saved(image, exif=exif(1)) == saved(image, exif=None) == saved(Image.fromarray(PIXELS))


def test_keywords_of_the_model_are_passed_on(model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    passed: list[dict[str, Any]] = []

    def encode(self: Model, pixels: np.ndarray, rate: Rate, **others: Any) -> Encoded:
        passed.append(others)
        return own(self, pixels, rate)

    own = Model.encode
    monkeypatch.setattr(Model, "encode", encode)
    grey = Image.fromarray(PIXELS[..., 0])
    saved(Image.fromarray(PIXELS), tune="psnr", importance=grey, effort=2, exif=exif(6), quality=3)
    saved(Image.fromarray(PIXELS), tune=None)
    first, second = passed
    assert first["tune"] == "psnr"
    # The mask is turned with the picture.
    assert np.array_equal(first["importance"], np.rot90(PIXELS[..., 0], -1))
    assert first.keys() == {"tune", "importance", "effort"}
    assert second == {}


@pytest.mark.parametrize(
    ("times", "iterations"), [(1, 5), (1.9, 5), (2, 4), (2.9, 4), (3, 2), (8, 1), (10**6, 1)]
)
def test_a_draft_decodes_the_first_iterations(
    times: float, iterations: int, data: bytes, model: Model
) -> None:
    image = opened(data)
    answer = image.draft("RGB", (WIDTH / times, HEIGHT / times))
    assert answer == (None if iterations == 5 else ("RGB", (0, 0, WIDTH, HEIGHT)))
    assert image.size == (WIDTH, HEIGHT)
    expected = model.decompress(model.truncate(open_file(data), iterations))
    assert np.array_equal(np.asarray(image), expected)
    assert image.draft("RGB", (1, 1)) is None


def test_a_draft_of_a_file_of_planes_decodes_it_whole() -> None:
    """The first planes are not a picture of a smaller size."""
    model = load_model(DEFAULT_MODEL)
    data = model.compress(PIXELS, BitsPerPixel(2.0))
    image = opened(data)
    assert image.draft("RGB", (1, 1)) is None
    assert np.array_equal(np.asarray(image), model.decompress(data))


def test_a_draft_of_a_prefix_is_no_more_than_what_arrived(data: bytes, model: Model) -> None:
    two = model.truncate(open_file(data), 2)
    for length in (len(two), len(two) - 20):
        prefix = two[:length]
        image = opened(prefix)
        image.draft(None, (WIDTH // 2, HEIGHT // 2))
        assert np.array_equal(np.asarray(image), model.decompress(prefix))


def test_a_draft_of_a_stream_longer_than_its_iterations_can_need(folder: Path) -> None:
    plain = load_model(folder, "none")
    data = plain.compress(noise(64, 64), Levels(16))
    image = opened(data)
    image.draft(None, (8, 8))
    assert np.array_equal(np.asarray(image), plain.decompress(plain.truncate(open_file(data), 1)))


def test_a_draft_finds_damage_in_what_it_reads(data: bytes) -> None:
    image = opened(data[:40] + bytes([data[40] ^ 255]) + data[41:])
    image.draft(None, (1, 1))
    with pytest.raises(OSError, match="iteration 1 is corrupt"):
        image.load()


def test_the_last_draft_counts(data: bytes, model: Model) -> None:
    image = opened(data)
    image.draft("RGB", (1, 1))
    assert image.draft("RGB", None) is None
    assert image.draft("RGB", image.size) is None
    assert np.array_equal(np.asarray(image), model.decompress(data))


def test_a_thumbnail_decodes_what_its_size_needs(data: bytes, model: Model) -> None:
    for side, iterations in ((WIDTH // 2, 5), (WIDTH // 4, 4), (WIDTH // 8, 2), (2, 1)):
        image = opened(data)
        image.thumbnail((side, side))
        expected = Image.fromarray(model.decompress(model.truncate(open_file(data), iterations)))
        expected.thumbnail((side, side))
        assert np.array_equal(np.asarray(image), np.asarray(expected))
