"""The codec: encoder and decoder agree, for every part and every size."""

import gc
import weakref

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from rnn_codec.codec import Codes, to_image, to_signal
from rnn_codec.padding import crop, pad_to_multiple
from tests.conftest import PAIRS, make_codec


def encoder_side(codec, image, iterations):
    """The bits, and the reconstructions that the encoder subtracted, as decode would show them."""
    signal = pad_to_multiple(to_signal(image), codec.reconstruction.patch)
    state, bits, images = codec.initial_state(torch.zeros_like(signal)), [], []
    with torch.inference_mode():
        for _ in range(iterations):
            step, state = codec.eval().iterate(signal, state)
            bits.append(step > 0)
            images.append(crop(to_image(state.reconstruction.signal), *image.shape[-2:]))
    return torch.stack(bits), images


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
@pytest.mark.parametrize(("cell", "recon"), PAIRS)
def test_decoder_computes_what_the_encoder_subtracted(cell, recon, layout, picture) -> None:
    codec = make_codec(cell, recon).to(memory_format=layout)
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


def test_codes_of_another_codec_are_refused(picture) -> None:
    codes = make_codec("gru", "one_shot").encode(picture, 1)
    with pytest.raises(ValueError, match="another codec"):
        next(make_codec("gru", "residual_scaling").decode(Codes(codes.bits, 16, 32)))


@given(st.integers(0, 255))
def test_signal_and_image_are_inverse(value: int) -> None:
    image = torch.tensor([value], dtype=torch.uint8)
    assert to_image(to_signal(image)) == image
