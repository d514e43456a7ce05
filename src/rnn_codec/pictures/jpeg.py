"""JPEG files that are complete except for their end marker [ITU-T T.81].

All pixels are there, but decoders wait for more, and cannot distinguish such files from those that
are cut off within their pixels. So the coded data is checked here, bit by bit.
"""

import re
from collections.abc import Iterator
from itertools import product
from typing import NamedTuple

from rnn_codec.pictures.jpeg_scans import COEFFICIENTS, Component, Scan, Table, huffman_table

START, END = b"\xff\xd8\xff", b"\xff\xd9"

_BASELINE, _SEQUENTIAL, _PROGRESSIVE = 0xC0, 0xC1, 0xC2
"""Frames with Huffman codes. Others are rare; without an end marker they are not read."""
_DHT, _EOI, _SOS, _DRI, _FILL = 0xC4, 0xD9, 0xDA, 0xDD, 0xFF
_ALONE = frozenset([0x01, *range(0xD0, 0xD9)])
"""Markers without a length field: restart markers, and two more."""
_AFTER_SCAN = re.compile(rb"\xff+[^\x00\xff\xd0-\xd7]")
"""A marker that ends the pixels of a scan."""
_RESTART = re.compile(rb"\xff+[\xd0-\xd7]")


class _Segment(NamedTuple):
    """A marker, the start and the end of the body after it, and the place of the next marker."""

    marker: int
    start: int
    end: int
    following: int


def lacks_end(data: bytes) -> bool:
    """Whether a file is a JPEG without its end marker."""
    if not data.startswith(START) or data.endswith(END):
        return False
    return all(segment.marker != _EOI for segment in _segments(data))


def with_end(data: bytes) -> bytes:
    """A JPEG with its missing end marker added; unchanged if pixels are missing too.

    Pillow refuses files with missing pixels. The check takes seconds for ten million pixels.

    Args:
        data: a file for which `lacks_end` holds.
    """
    # The first byte of the marker may be there.
    body = data.rstrip(b"\xff")
    try:
        return body + END if _has_all_pixels(body) else data
    except (LookupError, ValueError, ArithmeticError):
        # Invalid codes, missing tables, sides of zero.
        return data


def _segments(data: bytes) -> Iterator[_Segment]:
    """All complete segments, in order, up to the end marker."""
    position = 2
    while position + 2 <= len(data) and data[position] == _FILL:
        marker, start = data[position + 1], position + 2
        if marker == _FILL:
            position += 1
            continue
        is_alone = marker == _EOI or marker in _ALONE
        end = start + (0 if is_alone else int.from_bytes(data[start : start + 2], "big"))
        if end > len(data):
            return
        position = end
        if marker == _SOS:
            following = _AFTER_SCAN.search(data, end)
            position = following.start() if following else len(data)
        yield _Segment(marker, start, end, position)
        if marker == _EOI:
            return


def _has_all_pixels(data: bytes) -> bool:
    """Whether complete scans contain every coefficient of every component, up to the end.

    Raises:
        LookupError, ValueError, ArithmeticError: the file is damaged.
    """
    tables: dict[int, Table] = {}
    components: dict[int, Component] = {}
    missing: set[tuple[int, int]] = set()
    marker, interval, is_progressive, position = 0, 0, False, 0
    for marker, start, end, position in _segments(data):
        body = data[start + 2 : end]
        if marker == _DHT:
            tables |= _tables(body)
        if marker == _DRI:
            interval = int.from_bytes(body[:2], "big")
        if marker in (_BASELINE, _SEQUENTIAL, _PROGRESSIVE):
            components, is_progressive = _components(body), marker == _PROGRESSIVE
            missing = set(product(components, range(COEFFICIENTS)))
        if marker == _SOS:
            scan = _scan(body, components, tables, is_progressive)
            if not scan.is_whole(_RESTART.split(data[end:position]), interval):
                return False
            names = body[1 : 1 + 2 * len(scan.components) : 2]
            missing -= set(product(names, scan.brought))
    return bool(components) and not missing and (marker, position) == (_SOS, len(data))


def _tables(body: bytes) -> dict[int, Table]:
    """The Huffman tables of a segment, by class and number."""
    tables, at = {}, 0
    while at < len(body):
        counts = body[at + 1 : at + 17]
        end = at + 17 + sum(counts)
        tables[body[at]] = huffman_table(counts, body[at + 17 : end])
        at = end
    return tables


def _components(body: bytes) -> dict[int, Component]:
    """The components of a frame, by name."""
    height, width = int.from_bytes(body[1:3], "big"), int.from_bytes(body[3:5], "big")
    names, factors = body[6::3], [divmod(both, 16) for both in body[7::3]]
    most_across, most_down = (max(of) for of in zip(*factors, strict=True))
    units = -(-width // (8 * most_across)), -(-height // (8 * most_down))
    return {
        name: Component(
            in_unit=across * down,
            units=units[0] * units[1],
            blocks=-(-width * across // (8 * most_across)) * -(-height * down // (8 * most_down)),
        )
        for name, (across, down) in zip(names, factors, strict=True)
    }


def _scan(
    body: bytes, components: dict[int, Component], tables: dict[int, Table], is_progressive: bool
) -> Scan:
    count, (first, last, bits) = body[0], body[-3:]
    names, numbers = body[1 : 1 + 2 * count : 2], body[2 : 2 + 2 * count : 2]
    return Scan(
        components=[components[name] for name in names],
        # Tables that a scan does not use may be missing.
        dc=[tables.get(number >> 4, []) for number in numbers],
        ac=[tables.get(16 + number % 16, []) for number in numbers],
        first=first,
        last=last,
        is_first=not bits >> 4,
        is_last=not bits & 15,
        is_progressive=is_progressive,
    )
