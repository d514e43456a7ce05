"""The elements of headers of every version: numbers and check values."""

from binascii import crc_hqx

from rnn_codec.errors import UserError

CRC_BYTES = 2
LONGEST_NUMBER = 5
"""Bytes of the longest LEB128 number: 35 bits."""


class BadFileError(UserError):
    """A file that is damaged, or not a `.rnc` file."""


def pack_crc(data: bytes) -> bytes:
    """The check value that follows some bytes: CRC-16/IBM-3740, also called CCITT-FALSE.

    >>> pack_crc(b"123456789").hex()
    '29b1'
    """
    return crc_hqx(data, 0xFFFF).to_bytes(CRC_BYTES, "big")


def pack_number(number: int) -> bytes:
    """An integer 0 … 2³⁵ − 1 as unsigned LEB128: seven bits a byte, the lowest first.

    >>> pack_number(5).hex(), pack_number(300).hex()
    ('05', 'ac02')
    """
    if not 0 <= number < 1 << 7 * LONGEST_NUMBER:
        raise ValueError(f"{number} is not in 0 … 2^{7 * LONGEST_NUMBER} - 1")
    packed = bytearray()
    while number > 0x7F:
        packed.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*packed, number])


def read(data: bytes, position: int, count: int) -> tuple[bytes, int]:
    """The next `count` bytes, and the position after them.

    Raises:
        BadFileError: there are fewer. `read_number` raises it too.
    """
    end = position + count
    if end > len(data):
        raise BadFileError(f"the file is cut off within its header, after {len(data)} bytes")
    return data[position:end], end


def read_number(data: bytes, position: int) -> tuple[int, int]:
    """The number that `pack_number` wrote at a position, and the position after it."""
    number = 0
    for place in range(LONGEST_NUMBER):
        byte, position = read(data, position, 1)
        number |= (byte[0] & 0x7F) << 7 * place
        if byte[0] < 0x80:
            # Each number has a single form: 80 00 is not another way to write 0.
            if byte[0] == 0 and place > 0:
                break
            return number, position
    raise BadFileError("the file's header is damaged: it contains an invalid number")
