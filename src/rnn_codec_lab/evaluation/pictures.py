"""The picture of a data set that is shown, and its reconstructions by a model."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from rnn_codec.errors import UserError
from rnn_codec.figures import draw_pictures
from rnn_codec.metrics.images import pixels_to_batch
from rnn_codec.metrics.psnr import psnr
from rnn_codec.models.protocol import Model, Pixels
from rnn_codec.rates import BitsPerPixel

SHOWN = (1, 2, 4, 8, 16)
"""Levels that are shown next to the original, if the model has them."""


def chosen_picture(images: Sequence[tuple[str, Pixels]], name: str | None) -> tuple[str, Pixels]:
    """Return the name and pixels of the named picture, or of the first for None.

    Raises:
        UserError: there is no picture of that name.
    """
    if name is None:
        return images[0]
    found = dict(images)
    if str(name) not in found:
        # Lists all names for a data set of Kodak's size.
        listed = ", ".join(list(found)[:24]) + (", …" if len(found) > 24 else "")
        raise UserError(f"there is no image {name}: picture= must be one of {listed}")
    return str(name), found[str(name)]


def draw_levels(path: Path, model: Model, pixels: Pixels) -> None:
    """Draw a picture (H, W, 3) and its reconstructions at several levels or rates."""
    labelled, area = [("original", pixels)], pixels.shape[0] * pixels.shape[1]
    for file_bytes, decoded in (
        _by_rate(model, pixels) if model.embedded else _by_level(model, pixels)
    ):
        score = float(psnr(pixels_to_batch(decoded), pixels_to_batch(pixels)))
        labelled.append((f"{8 * file_bytes / area:.3g} bpp, {score:.1f} dB", decoded))
    draw_pictures(path, labelled)


def _by_level(model: Model, pixels: Pixels) -> Iterator[tuple[int, Pixels]]:
    """Yield the length and the decoded picture of a file for each level in `SHOWN`."""
    for level in model.session(pixels).levels(min(SHOWN[-1], model.most_levels)):
        if level.number in SHOWN:
            yield level.file_bytes, level.pixels


def _by_rate(model: Model, pixels: Pixels) -> Iterator[tuple[int, Pixels]]:
    """Like `_by_level`, for files of as many eighths of a bit per pixel."""
    session, area = model.session(pixels), pixels.shape[0] * pixels.shape[1]
    for eighths in SHOWN:
        encoded = session.within(BitsPerPixel(eighths / 8).bytes_for(area))
        yield len(encoded.data), model.decompress(encoded.data)
