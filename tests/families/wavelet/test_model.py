"""Round trips, prefixes, damage: pictures and files of all kinds."""

from itertools import product
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from rnn_codec.errors import UserError
from rnn_codec.families.wavelet import layout
from rnn_codec.families.wavelet.format import PlanesBody, stream_of
from rnn_codec.families.wavelet.layout import Segment
from rnn_codec.metrics.pixels import ms_ssim, psnr
from rnn_codec.models.protocol import (
    BudgetError,
    NothingArrivedError,
    WrongModelError,
    open_file,
)
from rnn_codec.rates import PSNR, BitsPerPixel, Bytes, Levels
from rnn_codec.rnc.fields import BadFileError
from tests.families.wavelet.priors import CELLS, restoration, tiny_model, write_model

ALL_PLANES = Levels(15)


def photograph(height: int, width: int) -> NDArray[np.uint8]:
    """Edges, gradients and a little noise, in colour."""
    y, x = np.mgrid[:height, :width]
    rng = np.random.default_rng(height * 1000 + width)
    waves = [120 + 60 * np.sin(x / 9 + c) + 40 * (y > height / 2 + x / 4) for c in range(3)]
    return (
        (np.stack(waves, -1) + rng.normal(0, 4, (height, width, 3))).clip(0, 255).astype(np.uint8)
    )


def check_size(height: int, width: int) -> None:
    """Check that a picture of this size is decoded at the same size and hardly changed."""
    model, pixels = tiny_model(), photograph(height, width)
    found = model.decompress(model.compress(pixels, ALL_PLANES, "psnr"))
    assert found.shape == pixels.shape
    assert np.abs(found.astype(int) - pixels).max() <= 4
    assert psnr(found, pixels) > 48


def check_size_restored(height: int, width: int) -> None:
    """Check that a few planes of a picture of this size are restored as the encoder restores."""
    model, pixels = tiny_model(scaling="one_shot"), photograph(height, width)
    encoded = model.encode(pixels, Levels(3), "balanced")
    assert encoded.decoded is not None
    found = model.decompress(encoded.data)
    assert found.shape == pixels.shape
    assert np.array_equal(found, encoded.decoded())
    assert model.fast().decompress(encoded.data).shape == pixels.shape


@pytest.mark.parametrize("height", [*range(1, 11), *range(14, 70, 5), 15, 16, 17, 31, 32, 33, 65])
def test_sizes_come_back(height: int) -> None:
    """Heights of every kind, each with another width: `make sizes` tries all pairs."""
    check_size(height, 1 + 9 * height % 70)


@pytest.mark.parametrize("height", [1, 2, 31, 32, 33, 64, 65])
def test_sizes_are_restored(height: int) -> None:
    check_size_restored(height, 1 + 9 * height % 70)


PICTURES = {
    "black": np.zeros((40, 50, 3), np.uint8),
    "middle": np.full((40, 50, 3), 128, np.uint8),
    "flat": np.full((33, 70, 3), (200, 13, 90), np.uint8),
    "grey": np.repeat(photograph(60, 45)[..., :1], 3, axis=2),
    "noise": np.random.default_rng(0).integers(0, 256, (48, 65, 3), np.uint8),
    "text": np.repeat(
        np.where(np.random.default_rng(1).random((50, 60, 1)) < 0.2, 0, 255), 3, axis=2
    ).astype(np.uint8),
    "photograph": photograph(64, 70),
    "saturated": np.where(photograph(40, 50) > 120, 255, 0).astype(np.uint8),
}


@pytest.mark.parametrize("name", PICTURES)
def test_all_kinds_of_pictures_come_back(name: str) -> None:
    model, pixels = tiny_model(), PICTURES[name]
    for tune in ("psnr", "balanced", "ms-ssim"):
        decoded = model.decode(model.encode(pixels, ALL_PLANES, tune).contents.file)
        assert psnr(decoded.pixels, pixels) > (48 if tune == "psnr" else 40)
        assert decoded.contents.part == 0


@pytest.mark.parametrize("name", ["photograph", "flat"])
def test_levels_are_what_their_files_decode_to(name: str) -> None:
    model, pixels = tiny_model(), PICTURES[name]
    session = model.session(pixels)
    whole = session.first(15).contents.file
    for level in session.levels(15):
        shorter = session.first(level.number).contents.file
        assert len(shorter.data) == level.file_bytes
        assert np.array_equal(model.decode(shorter).pixels, level.pixels)
        assert np.array_equal(model.decode(whole, level.number).pixels, level.pixels)


def test_grey_pictures_pay_nothing_for_colour() -> None:
    body, _ = stream_of(tiny_model().encode(PICTURES["grey"], ALL_PLANES).contents.file)
    assert all(chroma == 0 for _, chroma in body.settings.first)


@pytest.mark.parametrize(
    ("tune", "height", "width", "every"),
    [("psnr", 24, 34, 1), ("balanced", 24, 34, 5), ("ms-ssim", 35, 17, 3)],
)
def test_every_prefix_decodes_or_says_that_nothing_arrived(
    tune: str, height: int, width: int, every: int
) -> None:
    model, pixels = tiny_model(), photograph(height, width)
    data = model.compress(pixels, Levels(7), tune)
    least = open_file(data).body.least_bytes
    whole, errors, arrived = model.decompress(data), [], 0.0
    for size in range(1, len(data), every):
        try:
            decoded = model.decode(open_file(data[:size]))
        except NothingArrivedError:
            assert not errors
            assert size < least + 40
        except BadFileError:
            assert size < least
        else:
            contents = decoded.contents
            assert contents.levels + contents.part >= arrived
            arrived = contents.levels + contents.part
            errors.append(psnr(decoded.pixels, pixels))
    assert errors[-1] == pytest.approx(psnr(whole, pixels), abs=0.5)
    assert errors[-1] > errors[0] + 5
    # A longer prefix is hardly ever worse.
    assert np.diff(errors).min() > -0.7


@given(st.data())
@settings(max_examples=12)
def test_budgets_are_kept_and_used(data: st.DataObject) -> None:
    height, width = data.draw(st.integers(1, 90)), data.draw(st.integers(1, 90))
    model, pixels = tiny_model(), photograph(height, width)
    session = model.session(pixels, "psnr")
    everything = len(session.first(15).data)
    size = data.draw(st.integers(1, everything + 10))
    try:
        found = session.within(size)
    except BudgetError:
        assert size < 60
        return
    assert len(found.data) <= size
    assert np.array_equal(
        model.decode(found.contents.file).pixels,
        model.decompress(model.compress(pixels, Bytes(size), "psnr")),
    )


def test_files_are_hardly_shorter_than_asked_for() -> None:
    pixels = photograph(256, 384)
    session = tiny_model().session(pixels, "psnr")
    for bpp in (0.25, 0.5, 1.0, 2.0):
        size = BitsPerPixel(bpp).bytes_for(256 * 384)
        assert 0.995 * size <= len(session.within(size).data) <= size


def test_the_step_depends_on_the_size() -> None:
    """It is chosen so that a plane ends with the file: `test_steps.py` has the rule."""
    session = tiny_model().session(photograph(256, 384), "psnr")
    steps = set()
    for size in (4000, 5000, 6000, 9000):
        body, _ = stream_of(session.within(size).contents.file)
        steps.add(body.settings.step)
    assert len(steps) > 2


@pytest.mark.parametrize(
    ("decibels", "recon"),
    [(25, "one_shot"), (33.3, "residual_scaling"), (41, "one_shot")],
)
def test_qualities_are_reached_by_the_coarsest_threshold(decibels: float, recon: str) -> None:
    model, pixels = tiny_model(scaling=recon), photograph(70, 90)
    found = model.session(pixels, "psnr").reaching(PSNR(decibels))
    assert found.reached
    decoded = model.decode(found.contents.file)
    assert decibels <= psnr(decoded.pixels, pixels) < decibels + 0.2
    assert decoded.contents.part == 0
    assert np.array_equal(decoded.pixels, found.decoded())


def test_what_cannot_be_reached_is_said() -> None:
    assert not tiny_model().encode(photograph(50, 50), PSNR(90)).reached


@pytest.mark.parametrize("levels", [1, 4, 8])
def test_truncated_files_hold_the_planes_and_no_byte_more(levels: int) -> None:
    model, pixels = tiny_model(), photograph(90, 70)
    file = model.encode(pixels, Levels(11)).contents.file
    data = model.truncate(file, levels)
    assert model.contents(open_file(data)).levels == levels
    if len(data) > file.body.least_bytes:
        assert model.contents(open_file(data[:-1])).levels < levels
    # A few cheap segments of the next plane may be certain already.
    shorter = model.decode(open_file(data), levels)
    assert np.array_equal(shorter.pixels, model.decode(file, levels).pixels)
    assert model.truncate(file, 15) == file.data


@pytest.mark.parametrize("memory", ["progressive", "single_iteration"])
def test_large_pictures_are_coded_in_stripes(memory: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The size from which pictures count as large is lowered."""
    model, pixels = tiny_model(memory=memory), photograph(90, 75)
    whole = model.session(pixels, "psnr").first(9)
    monkeypatch.setattr(layout, "STRIPE_POSITIONS", 400)
    monkeypatch.setattr(layout, "LEAST_STRIPE", 6)
    session = model.session(pixels, "psnr")
    striped = session.first(9)
    assert abs(len(striped.data) - len(whole.data)) < 0.03 * len(whole.data)
    decoded = model.decode(striped.contents.file)
    assert np.array_equal(decoded.pixels, session.code.pixels(session.code.last_run_of(9)))
    for size in (300, 777, 1500, len(striped.data) - 1):
        encoded = session.within(size)
        shorter = encoded.contents
        assert encoded.decoded is not None
        assert np.array_equal(encoded.decoded(), model.decompress(encoded.data))
        found = model.decode(shorter.file)
        assert found.contents.words == shorter.words
        assert psnr(found.pixels, pixels) > 20
    stripes = {segment.stripe for segment in session.code.segments if segment.scale == 5}
    assert len(stripes) == 5


def test_an_importance_mask_moves_bits() -> None:
    model, pixels = tiny_model(), photograph(128, 128)
    mask = np.zeros((128, 128), np.uint8)
    mask[:, 64:] = 255
    found = model.decompress(model.compress(pixels, BitsPerPixel(4.0), "psnr", mask))
    error = np.square(found.astype(float) - pixels).mean((0, 2))
    assert error[64:].mean() < 0.5 * error[:64].mean()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("loud", None), "no tune loud: the model has balanced, psnr, ms-ssim"),
    ],
)
def test_what_cannot_be_is_said(arguments: tuple[object, ...], words: str) -> None:
    with pytest.raises(UserError, match=words):
        tiny_model().session(PICTURES["black"], *arguments)  # type: ignore[arg-type]


def loss(tune: str, found: NDArray[np.uint8], pixels: NDArray[np.uint8]) -> float:
    """The loss that a tune minimises."""
    return -psnr(found, pixels) if tune == "psnr" else 1 - ms_ssim(found, pixels)


@pytest.mark.parametrize("recon", ["residual_scaling", "one_shot"])
@pytest.mark.parametrize("tune", ["psnr", "ms-ssim"])
def test_effort_makes_files_of_a_size_better(tune: str, recon: str) -> None:
    model, pixels = tiny_model(scaling=recon), photograph(180, 200)
    without, found = (
        model.encode(pixels, BitsPerPixel(0.8), tune, effort=effort) for effort in (0, 3)
    )
    assert 0.95 * len(without.data) < len(found.data) <= 0.1 * 180 * 200
    assert found.decoded is not None
    assert without.decoded is not None
    assert np.array_equal(model.decompress(found.data), found.decoded())
    assert loss(tune, found.decoded(), pixels) < loss(tune, without.decoded(), pixels)


def test_effort_makes_files_of_a_quality_smaller() -> None:
    model, pixels = tiny_model(scaling="one_shot"), photograph(100, 90)
    without, found = (model.encode(pixels, PSNR(32.0), "psnr", effort=e) for e in (0, 4))
    assert psnr(model.decompress(found.data), pixels) >= 32.0
    assert len(found.data) < len(without.data)


def test_effort_makes_levels_better() -> None:
    model, pixels = tiny_model(scaling="one_shot"), photograph(100, 90)
    without, found = (model.encode(pixels, Levels(4), "psnr", effort=e) for e in (0, 3))
    assert found.contents.levels == without.contents.levels == 4
    scores = [psnr(model.decompress(encoded.data), pixels) for encoded in (without, found)]
    assert scores[1] > scores[0]


@pytest.mark.parametrize("name", PICTURES)
def test_effort_is_for_all_kinds_of_pictures(name: str) -> None:
    model, pixels = tiny_model(scaling="one_shot"), PICTURES[name]
    for rate in (BitsPerPixel(0.5), PSNR(20.0), Levels(1), Levels(15)):
        encoded = model.encode(pixels, rate, effort=2)
        assert encoded.decoded is not None
        assert np.array_equal(model.decompress(encoded.data), encoded.decoded())


def test_a_model_without_gains_has_one_tune() -> None:
    model = tiny_model(scaling="additive")
    with pytest.raises(UserError, match="the model has psnr"):
        model.session(PICTURES["black"], "ms-ssim")
    with pytest.raises(UserError, match="recon=residual_scaling"):
        model.session(PICTURES["black"], importance=np.zeros((40, 50), np.uint8))


@pytest.mark.parametrize(
    ("cell", "memory", "scaling"),
    product(CELLS, ["progressive", "single_iteration"], ["additive", "residual_scaling"]),
)
def test_all_kinds_of_priors_code(cell: str, memory: str, scaling: str) -> None:
    model, pixels = tiny_model(cell, memory, scaling), photograph(37, 70)
    found = model.decompress(model.compress(pixels, ALL_PLANES))
    assert psnr(found, pixels) > 40


def test_another_model_is_refused(tmp_path: Path) -> None:
    from rnn_codec.families.wavelet.model import load

    other = load(write_model(tmp_path, seed=1), "cpu", 1)
    data = tiny_model().compress(PICTURES["photograph"])
    with pytest.raises(WrongModelError, match=r"not by .*"):
        other.decompress(data)


def test_the_graphics_card_is_refused(tmp_path: Path) -> None:
    from rnn_codec.families.wavelet.model import load

    with pytest.raises(UserError, match="--device cpu, not cuda"):
        load(write_model(tmp_path), "cuda", 1)


def test_a_prior_that_computes_otherwise_is_refused(tmp_path: Path) -> None:
    from safetensors.numpy import load_file, save_file

    from rnn_codec.families.wavelet.model import load

    folder = write_model(tmp_path)
    path = folder / "prior.safetensors"
    tensors = load_file(path)
    tensors["answer"] = np.array(tensors["answer"] ^ 1, np.uint32)
    save_file(tensors, path)
    with pytest.raises(UserError, match="computes the prior differently"):
        load(folder, "cpu", 1)


def test_a_changed_byte_is_noticed() -> None:
    model, pixels = tiny_model(), photograph(60, 70)
    data = model.compress(pixels, BitsPerPixel(2.0))
    rng = np.random.default_rng(5)
    for position in range(len(data)):
        damaged = bytearray(data)
        damaged[position] ^= int(rng.integers(1, 256))
        with pytest.raises(UserError):
            model.decompress(bytes(damaged))


def test_sizes_that_lie_take_no_memory() -> None:
    """Decoding a small file of an enormous picture ends soon, whatever the stream."""
    from rnn_codec.families.wavelet import format as file_format
    from rnn_codec.families.wavelet.format import Settings
    from rnn_codec.families.wavelet.rotation import Rotation
    from rnn_codec.rnc.file import Head

    model = tiny_model()
    settings = Settings(32, 0, 0, Rotation(0, 0, 0), [[15, 15]] * 6)
    head = Head(3, model.identifier, 16384, 16384)
    file = file_format.write(head, settings, Segment(0, 5, 0, 7, 31), bytes(range(40)))
    with pytest.raises(BadFileError, match="damaged"):
        model.decode(file)
    assert isinstance(file.body, PlanesBody)


def test_budgets_that_do_not_hold_the_gains_hold_nothing() -> None:
    pixels = np.tile(photograph(64, 64), (8, 8, 1))
    for size in (0, 1, 33, 45):
        with pytest.raises(BudgetError, match="allow at least"):
            tiny_model().session(pixels, "balanced").within(size)


def test_files_decode_with_and_without_the_network_that_restores() -> None:
    pixels = photograph(100, 70)
    plain, restored = tiny_model(), tiny_model(scaling="one_shot")
    assert plain.identifier == restored.identifier
    assert plain.fingerprint != restored.fingerprint
    assert plain.fast().fingerprint == restored.fast().fingerprint == plain.fingerprint
    assert (plain.labels["recon"], restored.labels["recon"]) == ("residual_scaling", "one_shot")
    more = restored.facts().parameters - plain.facts().parameters
    assert more == sum(weight.numel() for weight in restoration().parameters())
    for tune in ("psnr", "balanced"):
        encoded = restored.encode(pixels, BitsPerPixel(2.0), tune)
        assert encoded.data == plain.encode(pixels, BitsPerPixel(2.0), tune).data
        assert encoded.decoded is not None
        found = restored.decompress(encoded.data)
        assert np.array_equal(found, encoded.decoded())
        without = plain.decompress(encoded.data)
        assert np.array_equal(restored.fast().decompress(encoded.data), without)
        assert not np.array_equal(found, without)


def test_prefixes_are_restored_too() -> None:
    model, pixels = tiny_model(scaling="one_shot"), photograph(90, 64)
    data = model.compress(pixels, BitsPerPixel(3.0))
    for size in range(80, len(data), 97):
        found = model.decode(open_file(data[:size]))
        fast = model.fast().decode(open_file(data[:size]))
        assert found.contents.words == fast.contents.words
        assert found.pixels.shape == fast.pixels.shape == pixels.shape
