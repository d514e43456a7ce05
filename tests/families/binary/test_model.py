"""Pictures to files and back: exactly, from any prefix, to any budget; errors are explained."""

import functools
import tracemalloc
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from rnn_codec.cells.gru import GRUCell
from rnn_codec.errors import UserError
from rnn_codec.families.binary import tiling
from rnn_codec.families.binary.codec import RecurrentCodec
from rnn_codec.families.binary.entropy.coder import CorruptStreamError, EntropyCoder, StreamShape
from rnn_codec.families.binary.entropy.none import NoneCoder
from rnn_codec.families.binary.entropy.progressive import Progressive
from rnn_codec.families.binary.entropy.single_iteration import SingleIteration
from rnn_codec.families.binary.format import Stream, seed, stream_of, write
from rnn_codec.families.binary.model import BinaryModel
from rnn_codec.families.binary.networks.transform import (
    LinearFreePart,
    TransformDecoder,
    TransformEncoder,
)
from rnn_codec.families.binary.reconstruction.framework import OneShot
from rnn_codec.metrics.images import pixels_to_batch
from rnn_codec.metrics.ms_ssim import ImageTooSmallError, ms_ssim
from rnn_codec.metrics.psnr import psnr
from rnn_codec.models.protocol import (
    Encoded,
    NothingArrivedError,
    Pixels,
    WrongModelError,
    open_file,
    truncated,
)
from rnn_codec.rates import MSSSIM, PSNR, BitsPerPixel, Bytes, Levels
from rnn_codec.rnc.fields import BadFileError, pack_crc, pack_number
from rnn_codec.rnc.file import Head
from tests.conftest import PAIRS, make_codec

CODERS = ["none", "single_iteration", "progressive"]
SIZES = [(1, 1), (17, 33), (3, 1000)]
IDENTIFIER = b"\1\2\3\4\5\6"


@cache
def coder(name: str) -> EntropyCoder:
    torch.manual_seed(0)
    if name == "none":
        return NoneCoder()
    return {"single_iteration": SingleIteration, "progressive": Progressive}[name](16).quantise()


@cache
def codec(cell: str, recon: str, network: str) -> RecurrentCodec:
    return make_codec(cell, recon, network=network).eval()


def make_model(
    cell: str = "gru", recon: str = "one_shot", entropy: str = "none", network: str = "paper"
) -> BinaryModel:
    its_codec = codec(cell, recon, network)
    labels = {"family": "binary", "entropy": entropy}
    return BinaryModel(its_codec, coder(entropy), IDENTIFIER, Path("models/mine"), labels)


def waves(height: int, width: int) -> Pixels:
    y, x = np.mgrid[:height, :width]
    planes = [128 + 100 * np.sin(x / (5 + c) + y / (9 - c)) for c in range(3)]
    return np.stack(planes, axis=-1).astype(np.uint8)


def own_reconstruction(model: BinaryModel, pixels: Pixels, iterations: int) -> Pixels:
    codes = model.codec.encode(pixels_to_batch(pixels), iterations)
    *_, last = model.codec.decode(codes)
    return last[0].permute(1, 2, 0).numpy()


def claims(data: bytes, iterations: int | None = None, **sides: int) -> bytes:
    """The file with other values in its header, and a matching check value."""
    file = open_file(data)
    stream, coded = stream_of(file)
    head = replace(file.head, **sides)
    levels, kind = iterations or stream.levels, stream.coder
    packed = head.pack() + bytes([levels, kind]) + pack_number(len(coded))
    return packed + pack_crc(packed) + coded


def header_length(data: bytes) -> int:
    return stream_of(open_file(data))[0].start


def levels(model: BinaryModel, data: bytes) -> int:
    """The number of complete levels in a file."""
    return model.contents(open_file(data)).levels


def is_adaptive(encoded: Encoded) -> bool:
    body = encoded.contents.file.body
    assert isinstance(body, Stream)
    return body.adaptive


@pytest.mark.parametrize(
    ("network", "entropy"), [("paper", entropy) for entropy in CODERS] + [("transform", "none")]
)
@pytest.mark.parametrize(("cell", "recon"), PAIRS)
def test_the_picture_is_the_codecs_own_reconstruction(
    cell: str, recon: str, network: str, entropy: str
) -> None:
    model = make_model(cell, recon, entropy, network)
    for height, width in SIZES:
        pixels = waves(height, width)
        data = model.compress(pixels, Levels(2))
        assert np.array_equal(model.decompress(data), own_reconstruction(model, pixels, 2))


@pytest.mark.parametrize("entropy", CODERS)
def test_every_prefix_is_a_picture_or_says_why_not(entropy: str) -> None:
    model, pixels = make_model(entropy=entropy), waves(33, 40)
    data = model.compress(pixels, Levels(2))
    wholes = [own_reconstruction(model, pixels, n) for n in (1, 2)]
    arrived = []
    for length in range(len(data) + 1):
        try:
            decoded = model.decode(open_file(data[:length]))
        except NothingArrivedError:
            assert not arrived
        except BadFileError:
            assert length < header_length(data)
        else:
            contents = decoded.contents
            assert len(contents.file.data) == length
            arrived.append(contents.levels + contents.part)
            if contents.part == 0:
                assert np.array_equal(decoded.pixels, wholes[contents.levels - 1])
    assert arrived == sorted(arrived)
    thirds = {round(3 * amount) for amount in arrived}
    assert {1, 2, 3, 4, 5, 6} <= thirds


def test_rows_that_arrived_are_used() -> None:
    model, pixels = make_model(), waves(48, 64)
    encoded = model.encode(pixels, Levels(2))
    cut = model.decode(open_file(encoded.data[:-8]))
    assert cut.contents.words == "1 iteration and 2 of 3 rows of the next"
    before, now = own_reconstruction(model, pixels, 1), cut.pixels
    assert not np.array_equal(now[:16], before[:16])
    assert np.array_equal(now[44:], before[44:])


@pytest.mark.parametrize("entropy", CODERS)
@pytest.mark.parametrize("bpp", [0.3, 0.5, 1.1, 3.0])
def test_a_budget_is_kept_and_all_that_was_promised_arrives(entropy: str, bpp: float) -> None:
    model, pixels = make_model(entropy=entropy), waves(70, 90)
    encoded = model.encode(pixels, BitsPerPixel(bpp))
    assert 8 * len(encoded.data) <= bpp * 70 * 90
    assert model.contents(open_file(encoded.data)) == encoded.contents
    assert encoded.contents.file.bits_per_pixel == 8 * len(encoded.data) / (70 * 90)
    begun = encoded.contents.levels + (encoded.contents.part > 0)
    assert encoded.contents.file.body.levels == begun
    model.decompress(encoded.data)


def test_a_budget_too_small_says_the_least() -> None:
    model, pixels = make_model(), waves(33, 40)
    with pytest.raises(UserError, match="allow") as caught:
        model.compress(pixels, Bytes(15))
    least = int(str(caught.value).split("allow ")[1].split()[0])
    data = model.compress(pixels, Bytes(least))
    assert len(data) <= least
    model.decompress(data)
    with pytest.raises(UserError, match="too few"):
        model.compress(pixels, Bytes(header_length(data)))


def test_a_target_is_the_first_iteration_to_reach_it() -> None:
    model, pixels = make_model(recon="additive"), waves(33, 40)
    scores = [
        float(psnr(pixels_to_batch(own_reconstruction(model, pixels, n)), pixels_to_batch(pixels)))
        for n in range(1, 17)
    ]
    target = sorted(scores)[8]
    expected = next(n for n, score in enumerate(scores, start=1) if score >= target)
    encoded = model.encode(pixels, PSNR(target))
    assert (encoded.contents.levels, encoded.reached) == (expected, True)
    encoded = model.encode(pixels, PSNR(99))
    assert (encoded.contents.levels, encoded.reached) == (16, False)


def test_ms_ssim_of_a_small_picture() -> None:
    with pytest.raises(ImageTooSmallError):
        make_model().compress(waves(33, 40), MSSSIM(0.9))


@pytest.mark.parametrize("entropy", CODERS)
def test_truncation_to_iterations_is_what_a_shorter_encoding_holds(entropy: str) -> None:
    model, pixels = make_model(entropy=entropy), waves(33, 40)
    data = model.compress(pixels, Levels(4))
    for iterations in range(1, 5):
        shorter = check_truncated(model, data, iterations)
        expected = own_reconstruction(model, pixels, iterations)
        assert np.array_equal(model.decompress(shorter), expected)
    assert model.truncate(open_file(data), 16) == data
    model, _, encoded = adaptive(entropy)
    for iterations in range(1, encoded.contents.levels):
        check_truncated(model, encoded.data, iterations)


def check_truncated(model: BinaryModel, data: bytes, iterations: int) -> bytes:
    """Return and check the shortest prefix with this number of complete iterations."""
    shorter = model.truncate(open_file(data), iterations)
    assert data.startswith(shorter)
    assert levels(model, shorter) == iterations
    assert levels(model, shorter[:-1]) < iterations
    return shorter


def test_truncation_of_what_is_cut_already() -> None:
    model, pixels = make_model(entropy="progressive"), waves(33, 40)
    data = model.compress(pixels, Levels(3))
    for length in range(len(model.truncate(open_file(data), 1)), len(data)):
        cut = data[:length]
        assert levels(model, model.truncate(open_file(cut), 1)) == 1
        assert cut.startswith(model.truncate(open_file(cut), 2))


def test_truncation_to_bytes_needs_no_model() -> None:
    data = make_model().compress(waves(33, 40), Levels(2))
    file, least = open_file(data), header_length(data) + 1
    for size in (least, 50, 10**6):
        assert truncated(file, size) == data[:size]
    with pytest.raises(UserError, match=f"nothing of the picture: allow at least {least}"):
        truncated(file, least - 1)


@pytest.mark.parametrize("entropy", CODERS)
def test_every_changed_byte_of_a_whole_file_is_noticed(entropy: str) -> None:
    model = make_model(entropy=entropy)
    files = [(model, model.compress(waves(33, 40), rate)) for rate in (Levels(2), Bytes(80))]
    with_stops, _, encoded = adaptive(entropy)
    for coded_by, data in [*files, (with_stops, encoded.data)]:
        for place in range(0, len(data), 1 + len(data) // 150):
            damaged = bytearray(data)
            damaged[place] ^= 0x55
            try:
                decoded = coded_by.decompress(bytes(damaged))
            except UserError:
                continue
            # The last byte may have bits that nothing depends on.
            assert place == len(data) - 1
            assert np.array_equal(decoded, coded_by.decompress(data))


@cache
def small_file(entropy: str) -> tuple[bytes, Pixels]:
    model = make_model(entropy=entropy)
    data = model.compress(waves(17, 33), Levels(2))
    return data, model.decompress(data)


@settings(max_examples=300)
@given(
    entropy=st.sampled_from(CODERS),
    place=st.integers(0, 10**6),
    change=st.integers(1, 255),
    length=st.integers(0, 10**6),
)
def test_damage_is_noticed(entropy: str, place: int, change: int, length: int) -> None:
    data, pixels = small_file(entropy)
    damaged = bytearray(data)
    damaged[place % len(data)] ^= change
    try:
        decoded = make_model(entropy=entropy).decode(
            open_file(bytes(damaged[: length % len(data) + 1]))
        )
    except UserError:
        return
    # Only rows of an iteration whose check value has not arrived may be wrong.
    assert decoded.contents.levels < 2 or np.array_equal(decoded.pixels, pixels)


def test_a_stream_belongs_to_its_header() -> None:
    model = make_model(entropy="progressive")
    data = model.compress(waves(48, 32), Levels(1))
    with pytest.raises(CorruptStreamError):
        model.decompress(claims(data, width=48, height=32))


def test_a_file_of_another_model() -> None:
    model = make_model()
    data = replace(model, identifier=b"\6\5\4\3\2\1").compress(waves(8, 8), Levels(1))
    with pytest.raises(WrongModelError, match=r"model 060504030201, not by models/mine \(0102"):
        model.decompress(data)


@pytest.mark.parametrize("stream", [b"", b"\x55" * 5])
def test_a_large_claim_takes_no_memory(stream: bytes) -> None:
    head = Head(2, IDENTIFIER, 2**14, 2**14)
    whole = write(head, bytes(1000), 16, 0, cut=False, adaptive=False).data
    data = whole[:-1000] + stream
    tracemalloc.start()
    with pytest.raises(NothingArrivedError, match="nothing of the picture has arrived"):
        make_model().decompress(data)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 2**20


def test_the_limit_on_pixels() -> None:
    data = make_model().compress(waves(10, 10), Levels(1))
    make_model().decompress(data, max_pixels=100)
    with pytest.raises(UserError, match="the limit is 99 pixels"):
        make_model().decompress(data, max_pixels=99)


@pytest.mark.parametrize(
    ("pixels", "problem"),
    [
        (np.zeros((4, 4), np.uint8), ValueError),
        (np.zeros((4, 4, 4), np.uint8), ValueError),
        (np.zeros((4, 4, 3), np.float32), ValueError),
        (np.zeros((0, 4, 3), np.uint8), UserError),
    ],
)
def test_what_is_no_picture(pixels: np.ndarray, problem: type[Exception]) -> None:
    with pytest.raises(problem):
        make_model().compress(pixels)


@pytest.mark.parametrize("flip", [np.s_[..., ::-1], np.s_[:, ::-1], np.s_[::-1]])
def test_a_mirrored_view_is_compressed_like_its_copy(flip: tuple) -> None:
    view = waves(40, 50)[flip]
    model = make_model()
    for rate in (Levels(2), PSNR(5)):
        assert model.compress(view, rate) == model.compress(view.copy(), rate)


# -- adaptive files ----------------------------------------------------------------------------


def uneven(height: int = 96, width: int = 80) -> Pixels:
    """A picture that is grey on the left and busy on the right."""
    noise = np.random.default_rng(0).integers(0, 256, (height, width, 3))
    share = np.linspace(-1, 1, width).clip(min=0)[:, None]
    return (128 + share * (noise - 128)).astype(np.uint8)


@cache
def adaptive(entropy: str) -> tuple[BinaryModel, Pixels, Encoded]:
    """A file with stops, by a network that is useful without training."""
    model, pixels = make_model(entropy=entropy, network="transform"), uneven()
    encoded = model.encode(pixels, BitsPerPixel(0.4), "psnr")
    assert is_adaptive(encoded)
    return model, pixels, encoded


def off(one: Pixels, other: Pixels) -> float:
    return float(((one.astype(np.float64) - other) ** 2).mean())


@pytest.mark.parametrize("entropy", CODERS)
def test_an_adaptive_file_is_better_than_a_uniform_one_of_its_length(entropy: str) -> None:
    model, pixels, encoded = adaptive(entropy)
    assert 0.98 * 0.4 < encoded.contents.file.bits_per_pixel <= 0.4
    uniform = model.compress(pixels, Levels(16))
    same = model.decompress(uniform[: len(encoded.data)])
    assert off(model.decompress(encoded.data), pixels) < off(same, pixels)


@pytest.mark.parametrize("entropy", CODERS)
def test_an_adaptive_file_decodes_to_what_was_measured(entropy: str) -> None:
    """Bits and stops come back from header and stream."""
    model, pixels, encoded = adaptive(entropy)
    file = encoded.contents.file
    body, stream = stream_of(file)
    shape = StreamShape(body.levels, 6, 5, adaptive=True)
    arrived = model.coder.decode(stream, shape, seed(file.head))
    assert arrived.stops is not None
    assert len(set(arrived.stops.ravel().tolist())) > 2
    # The busy side has the bits.
    assert arrived.stops[:, 3:].mean() > arrived.stops[:, :2].mean() + 1
    image, stops = pixels_to_batch(pixels), torch.from_numpy(arrived.stops)[None]
    codes = model.codec.encode(image, body.levels, stops)
    whole = arrived.bits[: arrived.iterations]
    alive = np.arange(len(whole))[:, None, None, None] < arrived.stops
    assert np.array_equal(whole, codes.bits[: len(whole), 0].numpy() & alive)


@pytest.mark.parametrize("entropy", CODERS)
def test_every_prefix_of_an_adaptive_file_is_a_picture_or_says_why_not(entropy: str) -> None:
    model, pixels, encoded = adaptive(entropy)
    arrived, quality = [], []
    for length in range(0, len(encoded.data) + 1, 3):
        try:
            decoded = model.decode(open_file(encoded.data[:length]))
        except (NothingArrivedError, BadFileError):
            assert not arrived
            continue
        arrived.append(decoded.contents.levels + decoded.contents.part)
        quality.append(off(decoded.pixels, pixels))
    assert arrived == sorted(arrived)
    assert len(set(arrived)) > 2 * encoded.contents.levels
    assert quality[-1] < 0.95 * quality[0]


def test_tunes_spend_bits_for_what_they_are_named_after() -> None:
    model, pixels = make_model(network="transform"), uneven(192, 208)
    scores = {}
    for tune in ("psnr", "ms-ssim"):
        decoded = pixels_to_batch(model.decompress(model.compress(pixels, Bytes(2600), tune)))
        reference = pixels_to_batch(pixels)
        scores[tune] = float(psnr(decoded, reference)), float(ms_ssim(decoded, reference))
    assert scores["psnr"][0] > scores["ms-ssim"][0]
    assert scores["psnr"][1] < scores["ms-ssim"][1]


def test_there_is_no_effort_to_choose() -> None:
    with pytest.raises(UserError, match="no effort to choose"):
        make_model().compress(uneven(64, 64), Bytes(300), effort=1)


def test_a_mask_keeps_bits_where_it_is_white() -> None:
    model, pixels = make_model(network="transform"), waves(96, 96)
    mask = np.zeros((96, 96), np.uint8)
    mask[32:64, 32:64] = 255
    plain = model.decompress(model.compress(pixels, Bytes(260)))
    masked = model.decompress(model.compress(pixels, Bytes(260), importance=mask))
    inside = np.s_[32:64, 32:64]
    assert off(masked[inside], pixels[inside]) < 0.8 * off(plain[inside], pixels[inside])
    assert off(masked, pixels) > off(plain, pixels)


@pytest.mark.parametrize("iterations", [4, 9])
def test_a_quality_is_met_in_an_adaptive_file(iterations: int) -> None:
    model, pixels = make_model(network="transform"), uneven(192, 208)
    reached = model.decompress(model.compress(pixels, Levels(iterations)))
    target = float(psnr(pixels_to_batch(reached), pixels_to_batch(pixels))) + 0.03
    encoded = model.encode(pixels, PSNR(target), "psnr")
    score = float(psnr(pixels_to_batch(model.decompress(encoded.data)), pixels_to_batch(pixels)))
    assert encoded.reached
    assert is_adaptive(encoded)
    assert score == pytest.approx(target, abs=0.05)


def test_large_pictures_are_adaptive_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """In tiles: the stops form one grid, and the decoder's windows see those of the encoder."""
    for name in ("encode", "decode"):
        monkeypatch.setattr(tiling, name, functools.partial(getattr(tiling, name), tile=64))
    model, pixels = make_model(network="transform"), uneven(150, 170)
    encoded = model.encode(pixels, BitsPerPixel(0.4), "psnr")
    assert is_adaptive(encoded)
    uniform = model.compress(pixels, Levels(16))
    same = model.decompress(uniform[: len(encoded.data)])
    assert off(model.decompress(encoded.data), pixels) < off(same, pixels)


def test_iterations_that_the_model_does_not_have() -> None:
    data = claims(make_model().compress(waves(33, 40), Levels(2)), iterations=17)
    with pytest.raises(BadFileError, match="claims 17 iterations, but its model has 16"):
        make_model().decompress(data)


def test_a_network_of_few_iterations_codes_with_defaults() -> None:
    """The network has fewer iterations than the paper's 16, and than the default rate may use."""
    networks = (
        TransformEncoder(GRUCell, 8, iterations=3, groups=4),
        TransformDecoder(GRUCell, 8, 1, 3, 4, 0.0, LinearFreePart),
    )
    model = replace(make_model(), codec=RecurrentCodec(*networks, OneShot()).eval())
    pixels = uneven(48, 64)
    assert model.most_levels == 3
    assert model.encode(pixels).contents.levels == 3
    decoded = [level.pixels for level in model.session(pixels).levels(model.most_levels)]
    assert np.array_equal(decoded[-1], model.decompress(model.compress(pixels, Levels(3))))
    assert len(decoded) == 3
    encoded = model.encode(pixels, PSNR(99))
    assert (encoded.contents.levels, encoded.reached) == (3, False)
    with pytest.raises(UserError, match="1 … 3, not 4"):
        model.compress(pixels, Levels(4))
