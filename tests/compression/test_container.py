"""The file format: what is written is read, and everything else is explained."""

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from rnn_codec.compression.container import (
    MAX_PIXELS,
    BadFileError,
    Header,
    most_stream_bytes,
    pack_crc,
    pack_number,
    parse,
)

MODEL = b"\xa0\xa1\xa2\xa3\xa4\xa5"
HEADER = Header(768, 512, 16, coder=1, model=MODEL, stream_bytes=60_000)
FILE = HEADER.pack() + bytes(60_000)


def with_crc(packed: bytes) -> bytes:
    """A header whose check value agrees, whatever it says."""
    return packed + pack_crc(packed)


@st.composite
def files(draw: st.DrawFn) -> tuple[Header, bytes]:
    """A header that an encoder may write, and a prefix of a stream for it."""
    width = draw(st.integers(1, 2**28))
    height = draw(st.integers(1, MAX_PIXELS // width))
    iterations = draw(st.integers(1, 32))
    length = draw(st.integers(0, most_stream_bytes(width, height, iterations)))
    coder, model = draw(st.integers(0, 7)), draw(st.binary(min_size=6, max_size=6))
    stream = draw(st.binary(max_size=min(length, 100)))
    cut, adaptive = draw(st.booleans()), draw(st.booleans())
    return Header(width, height, iterations, coder, model, length, cut, adaptive), stream


@given(files())
def test_what_is_packed_is_parsed(file: tuple[Header, bytes]) -> None:
    header, stream = file
    assert parse(header.pack() + stream) == (header, stream)


def test_a_kodak_header_is_short() -> None:
    longest = most_stream_bytes(768, 512, 16)
    assert len(Header(768, 512, 16, 2, MODEL, longest).pack()) == 21


@given(st.binary(max_size=200))
@example(b"RNC\2")
def test_any_bytes_are_parsed_or_refused(data: bytes) -> None:
    try:
        header, stream = parse(data)
    except BadFileError:
        return
    assert data == header.pack() + stream


@given(st.binary(max_size=60), st.integers(0, 63))
def test_a_crc_follows_a_cut_stream(stream: bytes, place: int) -> None:
    header = Header(40, 40, 2, 1, MODEL, len(stream), cut=True)
    file = header.pack() + stream + pack_crc(stream)
    assert len(file) == header.file_bytes
    for missing in range(3):
        assert parse(file[: len(file) - missing]) == (header, stream)
    damaged = bytearray(file)
    damaged[-1 - place % (len(stream) + 2)] ^= 16
    with pytest.raises(BadFileError, match="the check value at its end does not agree"):
        parse(bytes(damaged))


@given(st.binary(max_size=40))
def test_any_bytes_after_the_magic_and_before_a_right_crc(data: bytes) -> None:
    data = with_crc(b"RNC\2" + data)
    try:
        header, stream = parse(data)
    except BadFileError:
        return
    assert data == header.pack() + stream


@given(files(), st.integers(0, 39), st.integers(1, 255))
def test_a_changed_byte_of_the_header_is_noticed(
    file: tuple[Header, bytes], place: int, change: int
) -> None:
    packed = bytearray(file[0].pack())
    packed[place % len(packed)] ^= change
    with pytest.raises(BadFileError):
        parse(bytes(packed) + file[1])


@given(files())
def test_every_cut_in_the_header_is_noticed(file: tuple[Header, bytes]) -> None:
    packed = file[0].pack()
    for length in range(1, len(packed)):
        with pytest.raises(BadFileError, match=f"within its header, after {length} bytes"):
            parse(packed[:length])


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", "the file is empty"),
        (b"\x89PNG\r\n\x1a\n", "the file is no .rnc file"),
        (b"R\0", "the file is no .rnc file"),
        (b"RN", "cut off within its header, after 2 bytes"),
        (b"RNC\3", "version 3 of the format and this program reads version 2: install a newer"),
        (b"RNC\1", "version 1 of the format and this program reads version 2: decompress it"),
        (b"RNC\0" + FILE[4:], "the file's header is damaged"),
        (FILE[:10] + b"\x81" + FILE[11:], "the file's header is damaged"),
        (FILE + b"!", "more bytes follow the end of its stream"),
        (with_crc(b"RNC\2" + MODEL + b"\0\1" + b"\1\0\1"), "a picture of 0×1 pixels"),
        (with_crc(b"RNC\2" + MODEL + b"\1\0" + b"\1\0\1"), "a picture of 1×0 pixels"),
        (with_crc(b"RNC\2" + MODEL + b"\x80\0\1" + b"\1\0\1"), "a number of no valid form"),
        (with_crc(b"RNC\2" + MODEL + b"\xff" * 5 + b"\1"), "a number of no valid form"),
        (with_crc(b"RNC\2" + MODEL + b"\1\1" + b"\0\0\1"), "claims 0 iterations of kind 0"),
        (with_crc(b"RNC\2" + MODEL + b"\1\1" + b"\x21\0\1"), "claims 33 iterations"),
        (with_crc(b"RNC\2" + MODEL + b"\1\1" + b"\1\x20\1"), "iterations of kind 32"),
        (Header(2**20, 2**20, 1, 0, MODEL, 9).pack(), "1048576×1048576 pixels; the limit is"),
        (Header(16, 16, 1, 0, MODEL, 10**6).pack(), "claims 1000000 bytes for 16×16 pixels"),
    ],
)
def test_what_is_wrong_is_named(data: bytes, sentence: str) -> None:
    with pytest.raises(BadFileError, match=re.escape(sentence)):
        parse(data)


def test_the_limit_on_pixels_can_be_moved() -> None:
    assert parse(FILE, max_pixels=768 * 512)[0] == HEADER
    with pytest.raises(BadFileError, match="the limit is"):
        parse(FILE, max_pixels=768 * 512 - 1)


def test_the_seed_depends_on_the_picture_and_the_model_but_not_on_the_amount() -> None:
    cut = Header(768, 512, 3, coder=1, model=MODEL, stream_bytes=777)
    other_model = Header(768, 512, 16, coder=1, model=MODEL[::-1], stream_bytes=60_000)
    turned = Header(512, 768, 16, coder=1, model=MODEL, stream_bytes=60_000)
    assert cut.seed == HEADER.seed
    assert len({HEADER.seed, other_model.seed, turned.seed}) == 3


@pytest.mark.parametrize(
    "header",
    [
        Header(1, 1, 0, 0, MODEL, 0),
        Header(1, 1, 33, 0, MODEL, 0),
        Header(1, 1, 1, 8, MODEL, 0),
        Header(1, 1, 1, 0, MODEL[1:], 0),
        Header(1, 2**35, 1, 0, MODEL, 0),
        Header(-1, 1, 1, 0, MODEL, 0),
    ],
)
def test_a_header_that_cannot_be_written(header: Header) -> None:
    with pytest.raises(ValueError):  # noqa: PT011
        header.pack()


@given(st.integers(0, 2**35 - 1))
def test_numbers_take_seven_bits_a_byte(number: int) -> None:
    packed = pack_number(number)
    assert len(packed) == max(1, -(-number.bit_length() // 7))
    assert sum((byte & 127) << 7 * place for place, byte in enumerate(packed)) == number
