"""The file format: what is written is read back, and anything else is refused with a reason."""

import re
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from rnn_codec.families.binary.format import VERSION, Stream, most_stream_bytes, seed, write
from rnn_codec.models.protocol import open_file
from rnn_codec.rnc.fields import BadFileError, pack_crc, pack_number
from rnn_codec.rnc.file import LONGEST_HEADER, MAX_PIXELS, File, Head

MODEL = b"\xa0\xa1\xa2\xa3\xa4\xa5"
HEAD = Head(VERSION, MODEL, 768, 512)
FILE = write(HEAD, bytes(60_000), 16, 1, cut=False, adaptive=False).data


def claiming(head: Head, iterations: int, stream_bytes: int, kind: int = 0) -> bytes:
    """A header alone, whatever it claims."""
    return with_crc(head.pack() + bytes([iterations, kind]) + pack_number(stream_bytes))


def with_crc(packed: bytes) -> bytes:
    """A header with a correct check value, whatever its contents."""
    return packed + pack_crc(packed)


@st.composite
def files(draw: st.DrawFn) -> File:
    """A file that an encoder could write, with a meaningless stream."""
    width = draw(st.integers(1, 2**28))
    height = draw(st.integers(1, MAX_PIXELS // width))
    coder, model = draw(st.integers(0, 7)), draw(st.binary(min_size=6, max_size=6))
    stream, iterations = draw(st.binary(max_size=100)), draw(st.integers(1, 32))
    cut, adaptive = draw(st.booleans()), draw(st.booleans())
    return write(Head(VERSION, model, width, height), stream, iterations, coder, cut, adaptive)


@given(files(), st.integers(0, 100))
def test_what_is_written_is_read(file: File, missing: int) -> None:
    assert open_file(file.data) == file
    assert file.whole
    assert isinstance(file.body, Stream)
    cut = file.data[: max(len(file.data) - missing, file.body.start)]
    assert open_file(cut) == File(file.head, file.body, cut)


def test_a_kodak_header_is_short() -> None:
    longest = most_stream_bytes(768, 512, 16)
    assert len(claiming(HEAD, 16, longest, kind=2)) == 21
    largest = Head(VERSION, MODEL, 2**34, 2**34)
    assert len(claiming(largest, 32, 2**35 - 1)) <= LONGEST_HEADER


@given(st.binary(max_size=200) | st.binary(max_size=40).map(lambda d: with_crc(b"RNC\2" + d)))
@example(b"RNC\2")
def test_any_bytes_are_parsed_or_refused(data: bytes) -> None:
    try:
        file = open_file(data)
    except BadFileError:
        return
    assert file.data == data
    assert data.startswith(file.head.pack())


@given(st.binary(max_size=60), st.integers(0, 63))
def test_a_crc_follows_a_cut_stream(stream: bytes, place: int) -> None:
    file = write(Head(VERSION, MODEL, 40, 40), stream, 2, 1, cut=True, adaptive=False).data
    for missing in range(3):
        assert open_file(file[: len(file) - missing]).body.file_bytes == len(file)
    damaged = bytearray(file)
    damaged[-1 - place % (len(stream) + 2)] ^= 16
    with pytest.raises(BadFileError, match="the check value at its end does not agree"):
        open_file(bytes(damaged))


@given(files(), st.integers(0, 39), st.integers(1, 255))
def test_a_changed_byte_of_the_header_is_noticed(file: File, place: int, change: int) -> None:
    assert isinstance(file.body, Stream)
    changed = bytearray(file.data)
    changed[place % file.body.start] ^= change
    with pytest.raises(BadFileError):
        open_file(bytes(changed))


@given(files())
def test_every_cut_in_the_header_is_noticed(file: File) -> None:
    assert isinstance(file.body, Stream)
    for length in range(1, file.body.start):
        with pytest.raises(BadFileError, match=f"within its header, after {length} bytes"):
            open_file(file.data[:length])


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", "the file is empty"),
        (b"\x89PNG\r\n\x1a\n", "the file is not a .rnc file"),
        (b"R\0", "the file is not a .rnc file"),
        (b"RN", "cut off within its header, after 2 bytes"),
        (b"RNC\4", "version 4 of the format and this program reads version 3: install a newer"),
        (b"RNC\1", "version 1 of the format and this program reads version 3: decompress it"),
        (b"RNC\0" + FILE[4:], "the file's header is damaged"),
        (FILE[:10] + b"\x81" + FILE[11:], "the file's header is damaged"),
        (FILE + b"!", "more bytes follow the end of its stream"),
        (with_crc(b"RNC\2" + MODEL + b"\0\1" + b"\1\0\1"), "a picture of 0×1 pixels"),
        (with_crc(b"RNC\2" + MODEL + b"\1\0" + b"\1\0\1"), "a picture of 1×0 pixels"),
        (with_crc(b"RNC\2" + MODEL + b"\x80\0\1" + b"\1\0\1"), "an invalid number"),
        (with_crc(b"RNC\2" + MODEL + b"\xff" * 5 + b"\1"), "an invalid number"),
        (with_crc(b"RNC\2" + MODEL + b"\1\1" + b"\0\0\1"), "invalid: 0 iterations"),
        (with_crc(b"RNC\2" + MODEL + b"\1\1" + b"\x21\0\1"), "33 iterations (at most 32)"),
        (with_crc(b"RNC\2" + MODEL + b"\1\1" + b"\1\x20\1"), "flags 0x20"),
        (
            claiming(Head(VERSION, MODEL, 2**20, 2**20), 1, 9),
            "1048576×1048576 pixels; the",
        ),
        (claiming(Head(VERSION, MODEL, 16, 16), 1, 10**6), "claims 1000000 bytes for 16×16"),
    ],
)
def test_what_is_wrong_is_named(data: bytes, sentence: str) -> None:
    with pytest.raises(BadFileError, match=re.escape(sentence)):
        open_file(data)


def test_the_seed_depends_on_the_picture_and_the_model() -> None:
    others = Head(VERSION, MODEL[::-1], 768, 512), Head(VERSION, MODEL, 512, 768)
    assert len({seed(head) for head in (HEAD, *others)}) == 3


@pytest.mark.parametrize(
    ("head", "iterations", "coder"),
    [
        (HEAD, 0, 0),
        (HEAD, 33, 0),
        (HEAD, 1, 8),
        (Head(VERSION, MODEL[1:], 1, 1), 1, 0),
        (Head(VERSION, MODEL, 1, 2**35), 1, 0),
        (Head(VERSION, MODEL, -1, 1), 1, 0),
    ],
)
def test_a_header_that_cannot_be_written(head: Head, iterations: int, coder: int) -> None:
    with pytest.raises(ValueError):  # noqa: PT011
        write(head, b"", iterations, coder, cut=False, adaptive=False)


@pytest.mark.parametrize("length", [0, 22, 10**6])
def test_a_file_is_read_no_further_than_it_goes(length: int, tmp_path: Path) -> None:
    path = tmp_path / "a.rnc"
    path.write_bytes(FILE[: len(FILE) - 1] + bytes(length))
    if length == 0:
        assert open_file(path).data == FILE[:-1]
    else:
        with pytest.raises(BadFileError, match="more bytes follow"):
            open_file(path)


@given(st.integers(0, 2**35 - 1))
def test_numbers_take_seven_bits_a_byte(number: int) -> None:
    packed = pack_number(number)
    assert len(packed) == max(1, -(-number.bit_length() // 7))
    assert sum((byte & 127) << 7 * place for place, byte in enumerate(packed)) == number
