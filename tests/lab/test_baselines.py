"""Every classic codec, and its distinctive settings, read from the bytes that it writes."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import UnidentifiedImageError
from skimage.data import astronaut

from rnn_codec.errors import UserError
from rnn_codec_lab.baselines import (
    AVIF,
    CLASSIC_CODECS,
    JPEG_420,
    JPEG_2000,
    WEBP,
    ClassicCodec,
    PictureFiles,
    classic_codec,
)

PHOTOGRAPH = np.ascontiguousarray(astronaut()[:192, 128:352])
SIGNATURES = {
    "jpeg_420": (0, b"\xff\xd8\xff"),
    "jpeg_444": (0, b"\xff\xd8\xff"),
    "webp": (8, b"WEBPVP8 "),
    "jpeg2000": (4, b"jP  \r\n\x87\n"),
    "avif": (4, b"ftypavif"),
    "avif_444": (4, b"ftypavif"),
    "avif_slow": (4, b"ftypavif"),
    "avif_444_slow": (4, b"ftypavif"),
}


def jpeg_segments(data: bytes) -> dict[int, list[bytes]]:
    """Return the segments before the first scan, by marker (ITU-T T.81, annex B)."""
    segments: dict[int, list[bytes]] = {}
    position = 2
    while data[position + 1] != 0xDA:
        marker, length = data[position + 1], int.from_bytes(data[position + 2 : position + 4])
        segments.setdefault(marker, []).append(data[position + 4 : position + 2 + length])
        position += 2 + length
    return segments


def bits_per_pixel(data: bytes) -> float:
    return 8 * len(data) / (PHOTOGRAPH.shape[0] * PHOTOGRAPH.shape[1])


def squared_error(decoded: np.ndarray) -> float:
    return float(((decoded.astype(float) - PHOTOGRAPH) ** 2).mean())


def test_a_name_that_no_codec_has() -> None:
    assert set(CLASSIC_CODECS) == set(SIGNATURES)
    with pytest.raises(
        UserError, match=r"'jpg'.*jpeg_420, jpeg_444, webp, jpeg2000, avif, avif_444, avif_slow"
    ):
        classic_codec("jpg")


QUICK = [codec for codec in CLASSIC_CODECS.values() if "slow" not in codec.name]


@pytest.mark.parametrize("codec", QUICK, ids=lambda codec: codec.name)
class TestEveryCodec:
    """Properties of every classic codec, but the slowest."""

    def test_writes_a_whole_file_of_its_format(self, codec: ClassicCodec) -> None:
        start, signature = SIGNATURES[codec.name]
        data = codec.encode(PHOTOGRAPH, codec.qualities[3])
        assert data[start : start + len(signature)] == signature

    def test_more_quality_costs_more_and_is_better(self, codec: ClassicCodec) -> None:
        files = [codec.encode(PHOTOGRAPH, quality) for quality in codec.qualities[::4]]
        errors = [squared_error(codec.decode(data)) for data in files]
        assert np.all(np.diff([len(data) for data in files]) > 0)
        assert np.all(np.diff(errors) < 0)
        assert errors[-1] < 60

    def test_its_qualities_span_low_to_high_rates(self, codec: ClassicCodec) -> None:
        assert list(codec.qualities) == sorted(set(codec.qualities))
        ends = [codec.encode(PHOTOGRAPH, codec.qualities[place]) for place in (0, -1)]
        assert bits_per_pixel(ends[0]) < 0.7
        assert bits_per_pixel(ends[1]) > 2

    def test_keeps_odd_sizes_and_does_not_mix_up_the_channels(self, codec: ClassicCodec) -> None:
        pixels = np.zeros((37, 51, 3), np.uint8)
        pixels[:] = (200, 40, 90)
        decoded = codec.decode(codec.encode(pixels, codec.qualities[-1]))
        assert decoded.shape == pixels.shape
        assert decoded.dtype == np.uint8
        assert np.abs(decoded.astype(int) - pixels).max() <= 4

    def test_same_pixels_make_the_same_file(self, codec: ClassicCodec) -> None:
        flipped, quality = PHOTOGRAPH[:, ::-1], codec.qualities[5]
        assert codec.encode(flipped, quality) == codec.encode(flipped.copy(), quality)

    def test_refuses_other_pixels_and_qualities(self, codec: ClassicCodec) -> None:
        for pixels in (PHOTOGRAPH / 255, PHOTOGRAPH[..., 0], np.zeros((8, 8, 4), np.uint8)):
            with pytest.raises(ValueError, match="uint8"):
                codec.encode(pixels, codec.qualities[0])
        for quality in (-1, 101):
            with pytest.raises(ValueError, match=f"{codec.name} has qualities"):
                codec.encode(PHOTOGRAPH, quality)

    def test_refuses_to_decode_another_format(self, codec: ClassicCodec) -> None:
        other = WEBP if codec.pillow_format == "JPEG" else JPEG_420
        with pytest.raises(UnidentifiedImageError):
            codec.decode(other.encode(PHOTOGRAPH, 50))


def test_files_of_a_picture_are_made_once() -> None:
    made = []

    def options(quality: float) -> dict[str, object]:
        made.append(quality)
        return dict(JPEG_420.options(quality))

    files = PictureFiles(replace(JPEG_420, options=options), PHOTOGRAPH)
    sizes = [len(JPEG_420.encode(PHOTOGRAPH, quality)) for quality in range(1, 101)]
    for limit in (min(sizes) - 1, 5000, 5000, 9000, max(sizes)):
        fitting = [quality for quality, size in enumerate(sizes, 1) if size <= limit]
        assert files.best_within(limit) == (max(fitting) if fitting else None)
    assert len(made) == len(set(made)) < 30


@pytest.mark.parametrize("codec", [JPEG_420, WEBP, AVIF], ids=lambda codec: codec.name)
def test_a_fraction_of_a_quality_is_refused_where_there_is_none(codec: ClassicCodec) -> None:
    with pytest.raises(ValueError, match=r"whole number, not 50\.5"):
        codec.encode(PHOTOGRAPH, 50.5)


@pytest.mark.parametrize(("name", "luma_factors"), [("jpeg_420", 0x22), ("jpeg_444", 0x11)])
def test_jpeg_subsamples_chroma_as_named(name: str, luma_factors: int) -> None:
    frame = jpeg_segments(CLASSIC_CODECS[name].encode(PHOTOGRAPH, 50))[0xC0][0]
    factors = [frame[6 + 3 * component + 1] for component in range(3)]
    assert factors == [luma_factors, 0x11, 0x11]


def chroma_error(codec: ClassicCodec) -> float:
    """The error of stripes of one pixel that differ in colour alone."""
    stripes = np.zeros((64, 64, 3), np.uint8)
    stripes[:, ::2], stripes[:, 1::2] = (200, 100, 100), (100, 151, 100)
    return float((codec.decode(codec.encode(stripes, 90)).astype(float) - stripes).std())


def test_avif_subsamples_chroma_as_named() -> None:
    for name in ("avif", "avif_slow"):
        assert chroma_error(CLASSIC_CODECS[name]) > 5 * chroma_error(
            CLASSIC_CODECS[name.replace("avif", "avif_444")]
        )


def test_slow_avif_searches_longer() -> None:
    detail = PHOTOGRAPH[:96, :96]
    files = {name: CLASSIC_CODECS[name].encode(detail, 60) for name in ("avif", "avif_slow")}
    errors = {
        name: ((CLASSIC_CODECS[name].decode(data).astype(float) - detail) ** 2).mean()
        for name, data in files.items()
    }
    # Rate–distortion cost at the slope of about 6 dB a bit: less for the slower speed.
    cost = {name: np.log2(errors[name]) / 2 + 8 * len(files[name]) / 96**2 for name in files}
    assert cost["avif_slow"] < cost["avif"]


def test_jpeg_is_baseline_with_the_standard_huffman_tables() -> None:
    tables = b"".join(jpeg_segments(JPEG_420.encode(PHOTOGRAPH, 5))[0xC4])
    # Table class and number, 16 counts, then 12 DC or 162 AC symbols, for luma and chroma.
    assert len(tables) == 4 * 17 + 2 * (12 + 162)


@pytest.mark.parametrize("target", [0.5, 1.0, 2.0])
def test_jpeg2000_meets_its_target_rate(target: float) -> None:
    rate = bits_per_pixel(JPEG_2000.encode(PHOTOGRAPH, target))
    assert rate == pytest.approx(target, abs=0.03)


def test_jpeg2000_transforms_colours_and_uses_the_lossy_wavelet() -> None:
    data = JPEG_2000.encode(PHOTOGRAPH, 1)
    coding_style = data[data.index(b"\xff\x52") + 4 :]  # COD, ISO/IEC 15444-1, A.6.1
    assert coding_style[4] == 1  # multiple component transformation
    assert coding_style[9] == 0  # 9/7 irreversible
