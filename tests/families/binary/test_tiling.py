"""Tiles: one tile is the plain codec, several agree between encoder and decoder, no seams."""

from itertools import count

import numpy as np
import pytest
import torch
from torch import Tensor

from rnn_codec.errors import InvalidOptionError
from rnn_codec.families.binary import tiling
from rnn_codec.families.binary.code import STRIDE
from rnn_codec.families.binary.codec import Codes, RecurrentCodec
from rnn_codec.families.binary.tiling import FADE, HALO, TILE
from tests.conftest import FRAMEWORKS, make_codec

SMALL = 96
"""The side of a tile in tests, in pixels."""


def waves(height: int, width: int) -> Tensor:
    """A smooth picture, uint8 (1, 3, H, W)."""
    y, x = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
    planes = [128 + 100 * torch.sin(x / (9 + 3 * c) + y / (15 - c)) for c in range(3)]
    return torch.stack(planes).to(torch.uint8)[None]


@pytest.mark.parametrize("network", ["paper", "transform"])
@pytest.mark.parametrize("recon", FRAMEWORKS)
@pytest.mark.parametrize("size", [(1, 1), (17, 33), (96, 70)])
def test_an_image_of_one_tile_is_coded_as_by_the_codec(
    recon: str, network: str, size: tuple[int, int]
) -> None:
    codec, image = make_codec("gru", recon, network=network).eval(), waves(*size)
    codes = tiling.encode(codec, image, 2, tile=SMALL).codes
    plain = codec.encode(image, 2)
    assert torch.equal(codes.bits, plain.bits)
    *_, expected = codec.decode(plain)
    assert torch.equal(tiling.decode(codec, codes, tile=SMALL), expected)


@pytest.mark.parametrize("network", ["paper", "transform"])
@pytest.mark.parametrize("recon", FRAMEWORKS)
@pytest.mark.parametrize("size", [(300, 10), (10, 300), (193, 230)])
def test_several_tiles_decode_to_a_whole_picture(
    recon: str, network: str, size: tuple[int, int]
) -> None:
    codec, image = make_codec("gru", recon, network=network).eval(), waves(*size)
    codes = tiling.encode(codec, image, 2, tile=SMALL).codes
    patch = codec.reconstruction.patch
    padded = [-(-side // patch) * patch // STRIDE for side in size]
    assert list(codes.bits.shape) == [2, 1, 32, *padded]
    decoded = tiling.decode(codec, codes, tile=SMALL)
    assert decoded.shape == image.shape
    assert torch.equal(tiling.decode(codec, codes, tile=SMALL), decoded)


@pytest.mark.parametrize("network", ["paper", "transform"])
@pytest.mark.parametrize("recon", FRAMEWORKS)
def test_the_decoder_computes_what_the_encoder_subtracted(
    recon: str, network: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In every window, bit for bit: the encoder's own reconstruction is the decoder's."""
    codec, image = make_codec("gru", recon, network=network).eval(), waves(193, 230)
    seen: list[Tensor] = []
    step = codec.decode_step

    def spy(*arguments):
        state = step(*arguments)
        seen.append(state.reconstruction.signal.clone())
        return state

    monkeypatch.setattr(codec, "decode_step", spy)
    codes = tiling.encode(codec, image, 3, tile=SMALL).codes
    of_encoder, seen = seen, []
    tiling.decode(codec, codes, tile=SMALL)
    assert len(seen) == len(of_encoder) == 3 * 9
    assert all(torch.equal(one, two) for one, two in zip(of_encoder, seen, strict=True))


def test_earlier_tiles_bits_stay_as_they_were() -> None:
    """Bits of the first tile do not depend on whether there are others."""
    codec, image = make_codec("lstm", "one_shot").eval(), waves(SMALL, 200)
    first = codec.encode(image[..., :SMALL], 2).bits
    tiled = tiling.encode(codec, image, 2, tile=SMALL).codes.bits
    assert torch.equal(tiled[..., : SMALL // STRIDE], first)


def test_rows_that_arrived_are_used_in_every_tile() -> None:
    codec, image = make_codec("gru", "one_shot").eval(), waves(300, 120)
    codes = tiling.encode(codec, image, 2, tile=SMALL).codes
    before = tiling.decode(codec, Codes(codes.bits[:1], 300, 120), tile=SMALL)
    after = tiling.decode(codec, codes, tile=SMALL)
    cut = tiling.decode(codec, Codes(codes.bits, 300, 120, rows=8), tile=SMALL)
    assert torch.equal(cut[..., 160:, :], before[..., 160:, :])
    assert torch.equal(cut[..., :64, :], after[..., :64, :])
    assert not torch.equal(after[..., :64, :], before[..., :64, :])


def colour_windows(codec: RecurrentCodec, colours: list[int], patch: pytest.MonkeyPatch) -> None:
    """Make the codec decode the windows, in turn, to areas of these colours."""
    order = count()

    def decode_last(codes: Codes) -> Tensor:
        colour = colours[next(order)]
        return torch.full((1, 3, codes.height, codes.width), colour, dtype=torch.uint8)

    patch.setattr(codec, "decode_last", decode_last)


@pytest.mark.parametrize("colours", [[0, 255, 255, 0], [10, 90, 200, 60]])
def test_where_four_tiles_meet_no_step_is_left(
    colours: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    codec = make_codec("gru", "one_shot").eval()
    colour_windows(codec, colours, monkeypatch)
    codes = Codes(torch.zeros(1, 1, 32, 12, 12, dtype=torch.bool), 192, 192)
    decoded = tiling.decode(codec, codes, tile=SMALL)[0, 0].float()
    ramp = ((torch.arange(192) - SMALL + FADE + 0.5) / FADE).clamp(0, 1)
    one, two, three, four = colours
    across = torch.stack([one + ramp * (two - one), three + ramp * (four - three)])
    expected = (1 - ramp)[:, None] * across[0] + ramp[:, None] * across[1]
    assert (decoded - expected).abs().max() <= 1  # rounded to bytes twice
    steps = [decoded.diff(dim=dim).abs().max() for dim in (0, 1)]
    assert max(steps) <= 255 / FADE + 1


@pytest.mark.parametrize("recon", FRAMEWORKS)
def test_a_tile_shows_what_its_own_window_decodes(recon: str) -> None:
    codec, image = make_codec("gru", recon).eval(), waves(192, 192)
    codes = tiling.encode(codec, image, 2, tile=SMALL).codes
    decoded = tiling.decode(codec, codes, tile=SMALL)
    *_, first = codec.decode(Codes(codes.bits[..., :6, :6], SMALL, SMALL))
    assert torch.equal(decoded[..., : SMALL - FADE, : SMALL - FADE], first[..., :-FADE, :-FADE])
    start = (SMALL - HALO) // STRIDE
    *_, fourth = codec.decode(Codes(codes.bits[..., start:, start:], 160, 160))
    assert torch.equal(decoded[..., SMALL:, SMALL:], fourth[..., HALO:, HALO:])


def test_a_memory_mapped_picture(tmp_path) -> None:
    """Pixels interleaved as in files, read one window at a time."""
    codec, image = make_codec("gru", "one_shot").eval(), waves(130, 100)
    file = tmp_path / "picture"
    image[0].permute(1, 2, 0).contiguous().numpy().tofile(file)
    mapped = torch.from_numpy(np.memmap(file, np.uint8, "c", shape=(130, 100, 3)))
    of_file = tiling.encode(codec, mapped.permute(2, 0, 1)[None], 2, tile=SMALL).codes
    assert torch.equal(of_file.bits, tiling.encode(codec, image, 2, tile=SMALL).codes.bits)


def test_codes_without_a_picture_are_refused() -> None:
    codec = make_codec("gru", "residual_scaling").eval()
    with pytest.raises(ValueError, match="another codec"):
        # Every window of these codes has a size that is possible with 32-pixel patches.
        tiling.decode(codec, Codes(torch.zeros(1, 1, 32, 8, 8).bool(), 96, 96), tile=SMALL)
    with pytest.raises(ValueError, match="no iteration"):
        tiling.decode(codec, Codes(torch.zeros(0, 1, 32, 6, 6).bool(), 96, 96), tile=SMALL)


def test_no_window_is_larger_than_a_tile_and_its_halo(monkeypatch: pytest.MonkeyPatch) -> None:
    """Memory grows with the picture only by its own pixels and bits."""
    codec, image = make_codec("gru", "one_shot").eval(), waves(500, 400)
    sizes = []
    original = RecurrentCodec.initial_state

    def spy(self: RecurrentCodec, zeros: Tensor):
        sizes.append(max(zeros.shape[-2:]))
        return original(self, zeros)

    monkeypatch.setattr(RecurrentCodec, "initial_state", spy)
    tiling.decode(codec, tiling.encode(codec, image, 1, tile=SMALL).codes, tile=SMALL)
    assert max(sizes) == SMALL + HALO


@pytest.mark.parametrize("tile", [-32, 0, 16, 100])
def test_tiles_that_are_no_multiple_of_the_patch_are_refused(tile: int) -> None:
    codec = make_codec("gru", "one_shot").eval()
    with pytest.raises(InvalidOptionError, match="32"):
        tiling.encode(codec, waves(10, 10), 1, tile=tile)


def test_tile_and_halo_fit_every_patch() -> None:
    assert TILE % 32 == HALO % 32 == 0
