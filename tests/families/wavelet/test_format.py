"""Version 3 of the format, byte by byte."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnn_codec.families.wavelet.format import (
    PlanesBody,
    Settings,
    file_bytes,
    most_stream_bytes,
    write,
)
from rnn_codec.families.wavelet.layout import GROUPS, Segment
from rnn_codec.families.wavelet.rotation import Rotation
from rnn_codec.models.protocol import open_file
from rnn_codec.rnc.fields import BadFileError, pack_crc, pack_number
from rnn_codec.rnc.file import Head

nibble = st.integers(0, 15)
angle = st.integers(-127, 127)


@st.composite
def contents(draw: st.DrawFn) -> tuple[Head, Settings, Segment | None, bytes]:
    head = Head(
        3, draw(st.binary(min_size=6, max_size=6)), *draw(st.tuples(*[st.integers(1, 300)] * 2))
    )
    first = [[draw(nibble), draw(nibble)] for _ in range(6)]
    rotation = Rotation(draw(angle), draw(angle), draw(angle))
    settings = Settings(draw(st.integers(1, 255)), draw(nibble), draw(nibble), rotation, first)
    ends = [
        Segment(plane, scale, draw(st.integers(0, 20)), group, draw(st.integers(0, 31)))
        for scale in range(6)
        for group in (0, 7)
        for plane in range(first[scale][GROUPS[group].colour])
    ]
    end = draw(st.sampled_from(ends)) if ends else None
    stream = draw(st.binary(min_size=1, max_size=300)) if end else b""
    return head, settings, end, stream


@given(contents())
def test_files_are_read_as_they_were_written(
    content: tuple[Head, Settings, Segment | None, bytes],
) -> None:
    head, settings, end, stream = content
    file = write(head, settings, end, stream)
    assert len(file.data) == file_bytes(head, end, len(stream))
    found = open_file(file.data)
    assert found == file
    assert isinstance(found.body, PlanesBody)
    assert (found.head, found.body.settings, found.body.end) == (head, settings, end)
    assert found.data[found.body.start : found.body.stream_end] == stream
    assert found.whole


@given(contents(), st.data())
def test_a_change_is_noticed(
    content: tuple[Head, Settings, Segment | None, bytes], data: st.DataObject
) -> None:
    file = write(*content)
    position = data.draw(st.integers(0, len(file.data) - 1))
    changed = bytearray(file.data)
    changed[position] ^= data.draw(st.integers(1, 255))
    with pytest.raises(BadFileError):
        open_file(bytes(changed))


@given(st.binary(max_size=60))
def test_no_bytes_crash_the_reader(rubbish: bytes) -> None:
    for data in (rubbish, b"RNC\3" + rubbish):
        with pytest.raises(BadFileError):
            open_file(data)


SETTINGS = Settings(32, 0, 0, Rotation(0, 0, 0), [[9, 8]] + [[7, 6]] * 5)


def packed(settings: Settings = SETTINGS, end: bytes = b"\1", stream: bytes = b"ab") -> bytes:
    """A file with correct check values, whatever its contents."""
    header = Head(3, bytes(6), 40, 30).pack() + settings.pack() + end + bytes([len(stream)])
    return header + pack_crc(header) + stream + pack_crc(stream)


def test_what_stands_where() -> None:
    file = write(Head(3, bytes(range(6)), 768, 512), SETTINGS, Segment(3, 4, 0, 5, 6), b"ab")
    assert file.data.hex(" ") == (
        "52 4e 43 03 00 01 02 03 04 05 80 06 80 04 20 00 00 00 00 98 76 76 76 76 76 "
        "a7 39 02 " + pack_crc(file.data[:28]).hex(" ") + " 61 62 " + pack_crc(b"ab").hex(" ")
    )
    assert open_file(packed()).whole


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (packed(Settings(0, 0, 0, Rotation(0, 0, 0), SETTINGS.first)), "no encoder writes it"),
        (packed(Settings(1, 0, 0, Rotation(-128, 0, 0), SETTINGS.first)), "no encoder writes it"),
        (packed(end=b"\0"), "no encoder writes it"),
        (packed(stream=b""), "no encoder writes it"),
        (packed(end=pack_number(9 * 8 * 8 * 32 + 1)), "where nothing is coded"),
        (packed(end=pack_number(6 * 8 * 32 + 1)), "where nothing is coded"),
        (packed()[:-1] + b"x", "check value at its end"),
        (packed() + b"x", "more bytes follow"),
    ],
)
def test_invalid_headers_are_refused(data: bytes, words: str) -> None:
    with pytest.raises(BadFileError, match=words):
        open_file(data)


def test_streams_longer_than_can_be_are_refused() -> None:
    stream = bytes(most_stream_bytes(2, 2) + 1)
    file = write(Head(3, bytes(6), 2, 2), SETTINGS, Segment(0, 0, 0, 0, 0), stream)
    with pytest.raises(BadFileError, match="more than the"):
        open_file(file.data)


def test_a_header_is_short() -> None:
    head = Head(3, bytes(6), 768, 512)
    assert file_bytes(head, Segment(5, 5, 0, 7, 31), 10_000) == 10_033
