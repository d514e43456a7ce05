"""The codec: encoder and decoder agree, for every part and every size."""

import gc
import weakref
from dataclasses import replace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from rnn_codec.families.binary.codec import (
    FADE,
    Codes,
    pad_to_multiple,
    to_image,
    to_signal,
    to_symbols,
)
from tests.conftest import FRAMEWORKS, NETWORKS, PAIRS, make_codec


def encoder_side(codec, image, iterations):
    """The bits, and the reconstructions that the encoder subtracted, as decode returns them."""
    signal = pad_to_multiple(to_signal(image), codec.reconstruction.patch)
    state, bits, images = codec.initial_state(torch.zeros_like(signal)), [], []
    with torch.inference_mode():
        for _ in range(iterations):
            step, state = codec.eval().iterate(signal, state)
            bits.append(step > 0)
            height, width = image.shape[-2:]
            images.append(to_image(state.reconstruction.signal)[..., :height, :width])
    return torch.stack(bits), images


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize(("cell", "recon"), PAIRS)
def test_decoder_computes_what_the_encoder_subtracted(
    cell, recon, network, layout, picture
) -> None:
    codec = make_codec(cell, recon, network=network).to(memory_format=layout)
    codes = codec.encode(picture.contiguous(memory_format=layout), 4)
    bits, expected = encoder_side(codec, picture, 4)
    assert torch.equal(codes.bits, bits)
    for reconstruction, wanted in zip(codec.decode(codes), expected, strict=True):
        assert torch.equal(reconstruction, wanted)


@settings(max_examples=20, deadline=None)
@given(
    height=st.integers(1, 70),
    width=st.integers(1, 70),
    recon=st.sampled_from(["one_shot", "residual_scaling"]),
)
def test_any_size(height: int, width: int, recon: str) -> None:
    codec = make_codec("gru", recon)
    image = torch.randint(0, 256, (2, 3, height, width), dtype=torch.uint8)
    codes = codec.encode(image, 2)
    patch = codec.reconstruction.patch
    assert codes.bits.shape[-2] == -(-height // patch) * patch // 16
    shapes = [reconstruction.shape for reconstruction in codec.decode(codes)]
    assert shapes == [image.shape] * 2


def test_fewer_iterations_are_a_prefix_of_more(picture) -> None:
    codec = make_codec("lstm", "additive")
    few, many = codec.encode(picture, 2), codec.encode(picture, 5)
    assert torch.equal(few.bits, many.bits[:2])


def test_coding_draws_no_random_numbers_and_keeps_the_mode(picture) -> None:
    codec = make_codec("gru", "one_shot").train()
    first, before = codec.encode(picture, 2), torch.get_rng_state()
    assert torch.equal(codec.encode(picture, 2).bits, first.bits)
    list(codec.decode(first))
    assert torch.equal(torch.get_rng_state(), before)
    assert codec.training


def test_images_in_a_batch_do_not_meet(picture) -> None:
    codec = make_codec("gru", "one_shot").double()
    both = torch.cat([picture, picture.flip(-1)])
    assert torch.equal(codec.encode(both, 3).bits[:, :1], codec.encode(picture, 3).bits)


def test_decoding_keeps_no_past_iteration(picture) -> None:
    codec = make_codec("gru", "one_shot")
    codes, references = codec.encode(picture, 6), []
    for reconstruction in codec.decode(codes):
        references.append(weakref.ref(reconstruction))
    del reconstruction
    gc.collect()
    assert all(reference() is None for reference in references)


@pytest.mark.parametrize("iterations", [0, 17])
def test_iterations_outside_the_range_are_refused(iterations: int, picture) -> None:
    with pytest.raises(ValueError, match="1 … 16"):
        make_codec("gru", "one_shot").encode(picture, iterations)


@pytest.mark.parametrize("rows", [None, 0, 2])
@pytest.mark.parametrize("stops", [None, 3])
def test_the_last_picture_alone_is_the_last_of_all(rows, stops, picture) -> None:
    codec = make_codec("gru", "residual_scaling", network="transform")
    bits = codec.encode(picture, 3).bits
    alive = None if stops is None else torch.randint(0, stops, bits[0, :, 0].shape) + 1
    codes = Codes(bits, 45, 70, rows, alive)
    *_, last = codec.decode(codes)
    assert torch.equal(codec.decode_last(codes), last)


def test_codes_of_another_codec_are_refused(picture) -> None:
    codes = make_codec("gru", "one_shot").encode(picture, 1)
    with pytest.raises(ValueError, match="another codec"):
        next(make_codec("gru", "residual_scaling").decode(Codes(codes.bits, 16, 32)))


@given(st.integers(0, 255))
def test_signal_and_image_are_inverse(value: int) -> None:
    image = torch.tensor([value], dtype=torch.uint8)
    assert to_image(to_signal(image)) == image


# -- bits and layouts ------------------------------------------------------------------------


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_the_layout_of_the_bits_does_not_round_differently(layout) -> None:
    """The encoder's bits have the layout of a convolution, those of a file any: one x̂."""
    codec = make_codec("gru", "additive").to(memory_format=layout).eval()
    bits = to_symbols(torch.rand(1, 32, 3, 5) < 0.5, torch.float32)
    with torch.inference_mode():
        start = codec.initial_state(torch.zeros(1, 3, 48, 80))
        one = codec.decode_step(bits, start)
        other = codec.decode_step(bits.contiguous(memory_format=torch.channels_last), start)
    # Compared as floats: rounding to pixels would hide differences that change the next bits.
    assert torch.equal(one.reconstruction.signal, other.reconstruction.signal)
    for ours, theirs in zip(one.decoder, other.decoder, strict=True):
        assert all(torch.equal(a, b) for a, b in zip(ours, theirs, strict=True))


def test_encoding_around_fixed_bits(picture) -> None:
    """Fixed bits stay and are decoded; the bits encoded next to them take them into account."""
    codec = make_codec("gru", "additive")
    free = codec.encode(picture, 3).bits
    bits = ~free
    codec.encode_into(bits, picture, above=1, left=2)
    assert torch.equal(bits[..., :1, :], ~free[..., :1, :])
    assert torch.equal(bits[..., :, :2], ~free[..., :, :2])
    # In the first iteration nothing has been decoded that the fixed bits could have changed.
    assert torch.equal(bits[0, ..., 1:, 2:], free[0, ..., 1:, 2:])
    assert not torch.equal(bits[1:, ..., 1:, 2:], free[1:, ..., 1:, 2:])
    again = bits.clone()
    codec.encode_into(again, picture, above=1, left=2)
    assert torch.equal(again, bits)


# -- stops ---------------------------------------------------------------------------------


def stops_of(codec, image, seed: int, iterations: int):
    """A random number of iterations for each position."""
    shape = codec.encode(image, 1).bits[0, :, 0].shape
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(0, iterations + 1, shape, generator=generator)


@pytest.mark.parametrize("network", ["paper", "transform"])
@pytest.mark.parametrize("recon", ["one_shot", "additive", "residual_scaling"])
def test_the_decoder_takes_zero_where_a_position_has_stopped(picture, recon, network) -> None:
    """The result is that of symbols set by hand, and the encoder subtracts the same."""
    codec = make_codec("gru", recon, network=network).eval()
    stops = stops_of(codec, picture, 1, 4)
    codes = codec.encode(picture, 4, stops)
    decoded = list(codec.decode(codes))
    state = codec.initial_state(codec.empty_signal(codes))
    signal = pad_to_multiple(to_signal(picture), codec.reconstruction.patch)
    for iteration in range(4):
        with torch.inference_mode():
            bits, _ = codec.encode_step(signal, state)
            assert torch.equal(bits > 0, codes.bits[iteration])
            bits, state = codec.encode_step(signal, state)
            alive = (stops > iteration)[:, None]
            state = codec.decode_step(torch.where(alive, bits, 0.0), state)
        height, width = picture.shape[-2:]
        image = to_image(state.reconstruction.signal)[..., :height, :width]
        assert torch.equal(decoded[iteration], image)


def test_bits_after_a_stop_mean_nothing(picture) -> None:
    codec = make_codec("gru", "one_shot", network="transform").eval()
    codes = codec.encode(picture, 3, stops_of(codec, picture, 2, 3))
    stopped = codes.stops[None, :, None] <= torch.arange(3)[:, None, None, None, None]
    flipped = replace(codes, bits=codes.bits ^ stopped)
    assert not torch.equal(codes.bits, flipped.bits)
    pairs = zip(codec.decode(codes), codec.decode(flipped), strict=True)
    assert all(torch.equal(*pair) for pair in pairs)


def test_stops_behind_the_end_change_nothing(picture) -> None:
    codec = make_codec("lstm", "additive").eval()
    plain, stops = codec.encode(picture, 3), stops_of(codec, picture, 0, 0) + 3
    codes = codec.encode(picture, 3, stops)
    assert torch.equal(codes.bits, plain.bits)
    assert torch.equal([*codec.decode(codes)][-1], [*codec.decode(plain)][-1])


def test_errors_are_those_of_the_reconstructions(picture) -> None:
    codec = make_codec("gru", "one_shot", network="transform").eval()
    image = picture[..., :32, :32]
    bits = torch.empty(3, len(image), 32, 2, 2, dtype=torch.bool)
    errors = codec.encode_into(bits, image)
    assert errors.shape == (4, len(image), 2, 2)
    for error, decoded in zip(errors[1:], codec.decode(Codes(bits, 32, 32)), strict=True):
        squares = (decoded.double() - image.double()).square()
        blocks = squares.view(len(image), 3, 2, 16, 2, 16).mean(dim=(1, 3, 5))
        # Pictures are rounded, measured errors are not.
        assert torch.allclose(error.double(), blocks, atol=0.5 + 0.02 * float(blocks.max()))


# -- iterations cut short --------------------------------------------------------------------


@pytest.fixture
def tall():
    """A picture with six rows of codes under residual scaling and five otherwise."""
    y, x = torch.meshgrid(torch.arange(75.0), torch.arange(40.0), indexing="ij")
    waves = [128 + 100 * torch.sin(x / (5 + c) + y / (9 - c)) for c in range(3)]
    return torch.stack(waves).to(torch.uint8)[None]


@pytest.mark.parametrize("recon", FRAMEWORKS)
def test_rows_that_arrived_are_new_and_the_rest_is_the_iteration_before(recon, tall) -> None:
    codec = make_codec("gru", recon)
    bits = codec.encode(tall, 3).bits
    first, second, third = codec.decode(Codes(bits, 75, 40))
    *whole, cut = codec.decode(Codes(bits, 75, 40, rows=3))
    assert torch.equal(whole[0], first)
    assert torch.equal(whole[1], second)
    assert torch.equal(cut[..., 48 + FADE :, :], second[..., 48 + FADE :, :])
    # Pixels of the last known row and some above it depend on the unknown bits as well.
    assert torch.equal(cut[..., :8, :], third[..., :8, :])
    assert not torch.equal(second[..., :8, :], third[..., :8, :])


@pytest.mark.parametrize("recon", FRAMEWORKS)
def test_cut_iteration_against_one_decoded_by_hand(recon, tall) -> None:
    """Unknown bits as zeros; 8 pixels of linear cross-fade below the last known row."""
    codec = make_codec("lstm", recon).eval()
    codes = codec.encode(tall, 2)
    with torch.inference_mode():
        one = codec.decode_step(
            codes.bits[0].float() * 2 - 1, codec.initial_state(codec.empty_signal(codes))
        )
        bits = codes.bits[1].float() * 2 - 1
        bits[:, :, 2:] = 0.0
        two = codec.decode_step(bits, one).reconstruction.signal
        expected = one.reconstruction.signal.clone()
        expected[:, :, :32] = two[:, :, :32]
        for pixel in range(8):
            share = (7.5 - pixel) / 8
            row = 32 + pixel
            expected[:, :, row] = share * two[:, :, row] + (1 - share) * expected[:, :, row]
        signal = codec.decode_rows(to_symbols(codes.bits[1], torch.float32), 2, one)
    assert torch.allclose(signal, expected, atol=1e-6)
    cut = codec.decode_last(Codes(codes.bits, 75, 40, rows=2))
    assert torch.equal(cut, to_image(signal)[..., :75, :40])


@pytest.mark.parametrize("recon", FRAMEWORKS)
@pytest.mark.parametrize("iterations", [1, 2])
def test_unknown_bits_are_not_looked_at(recon, iterations, tall) -> None:
    codec = make_codec("gru", recon)
    bits = codec.encode(tall, iterations).bits
    other = bits.clone()
    other[-1, :, :, 2:] = ~other[-1, :, :, 2:]
    kept = other.clone()
    ours, theirs = (codec.decode_last(Codes(b, 75, 40, rows=2)) for b in (bits, other))
    assert torch.equal(ours, theirs)
    assert torch.equal(other, kept)  # decoding leaves the codes alone


def test_all_rows_known_is_a_whole_iteration(tall) -> None:
    codec = make_codec("gru", "one_shot")
    codes = codec.encode(tall, 2)
    rows = codes.bits.shape[-2]
    cut = Codes(codes.bits, 75, 40, rows=rows)
    whole = [Codes(codes.bits, 75, 40, rows=known).whole for known in (0, rows - 1, rows)]
    assert whole == [1, 1, 2]
    pairs = zip(codec.decode(cut), codec.decode(codes), strict=True)
    assert all(torch.equal(*pair) for pair in pairs)


def test_no_row_known_is_the_iteration_before_or_grey(tall) -> None:
    codec = make_codec("gru", "one_shot")
    bits = codec.encode(tall, 2).bits
    first, nothing = codec.decode(Codes(bits, 75, 40, rows=0))
    assert torch.equal(first, nothing)
    assert codec.decode_last(Codes(bits[:1], 75, 40, rows=0)).unique().tolist() == [128]


@pytest.mark.parametrize("rows", [-1, 5])
def test_rows_that_there_are_not_are_refused(rows: int) -> None:
    with pytest.raises(ValueError, match="rows must be 0 … 4"):
        Codes(torch.zeros(1, 1, 32, 4, 6, dtype=torch.bool), 64, 96, rows=rows)
