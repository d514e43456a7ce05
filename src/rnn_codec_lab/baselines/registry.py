"""The classic codecs by name."""

from rnn_codec.errors import UserError
from rnn_codec_lab.baselines.classic import Avif, ClassicCodec, Jpeg420, Jpeg444, Jpeg2000, WebP

_CODECS: dict[str, type[ClassicCodec]] = {
    kind.name: kind for kind in (Jpeg420, Jpeg444, WebP, Jpeg2000, Avif)
}


class UnknownCodecError(UserError, ValueError):
    """No classic codec has this name."""


def names() -> tuple[str, ...]:
    """Return the names that `codec` knows.

    >>> names()
    ('jpeg_420', 'jpeg_444', 'webp', 'jpeg2000', 'avif')
    """
    return tuple(_CODECS)


def titles() -> dict[str, str]:
    """What each codec is called in tables, by its name."""
    return {name: kind.title for name, kind in _CODECS.items()}


def codec(name: str) -> ClassicCodec:
    """Return the classic codec called `name`; raises `UnknownCodecError` with the known names.

    >>> codec("webp").qualities[:3]
    (0, 2, 5)
    """
    if name not in _CODECS:
        raise UnknownCodecError(f"no classic codec {name!r}; there are: {', '.join(names())}")
    return _CODECS[name]()
