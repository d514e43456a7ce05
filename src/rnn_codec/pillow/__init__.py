"""`.rnc` files in Pillow: `import rnn_codec.pillow`, and `Image.open` and `Image.save` know them.

    import rnn_codec.pillow
    Image.open("photo.jpg").save("photo.rnc", bpp=0.5)
    Image.open("photo.rnc").show()

*Opening* reads the header alone. `image.info` has the `model`'s identifier in hexadecimal digits,
`iterations`, or planes, which the whole file holds, and `bits_per_pixel` of as much of it as there
is. The pixels are decoded when they are needed, by the model that made the file, which is looked
for as `rnn-codec decompress` does and kept for the next picture. Any prefix of a file opens.

*Saving* takes one rate of `iterations=`, `bytes=`, `bpp=`, `psnr=` and `ms_ssim=`, without one a
bit for each pixel; `model=`, a folder, a name or a `Model`; `entropy=` and `device=`; `tune=`,
`effort=` and `importance=`, a grey image as large, of `Model.encode`; see
`rnn_codec.pillow.coding.encode`.
Pixels are turned upright and converted to sRGB, as `image.info` says what they are, and what is
transparent is laid over white. No EXIF, profile or other text is kept. Other keywords are ignored,
as Pillow's formats do.

*Draft*: with `image.draft("RGB", size)` fewer iterations are decoded, if a smaller size is enough;
`image.thumbnail` asks for that by itself. The picture keeps its size. Files of planes are always
decoded whole.

Errors are Pillow's: `UnidentifiedImageError` where a header is damaged, else `OSError`, or
`ValueError` for options. A file that was there before is emptied by Pillow before a picture is
compressed, and stays empty if that fails; one that was not is removed.

Importing this is quick: what codes pictures is imported with the first one that is coded.
"""

from os import SEEK_END
from typing import IO

from PIL import Image, ImageFile, UnidentifiedImageError

from rnn_codec.errors import UserError
from rnn_codec.models.protocol import open_header
from rnn_codec.rnc.file import LONGEST_HEADER, MAGIC

FORMAT = "RNC"
SUFFIX = ".rnc"
MIME = "image/x-rnc"

DEVICE = "cpu"
"""Where networks run unless `device=` says it: opening a picture takes no options."""

NO_LIMIT = 2**128
"""Pixels: Pillow has a limit of its own, `Image.MAX_IMAGE_PIXELS`."""


class RncImageFile(ImageFile.ImageFile):
    """A `.rnc` file, open; its pixels are not decoded yet."""

    format = FORMAT
    format_description = "rnn-codec"

    def _open(self) -> None:
        assert self.fp is not None
        try:
            file = open_header(self.fp.read(LONGEST_HEADER), NO_LIMIT)
        # Where a plugin raises what Pillow expects here, it says that nothing can be said.
        except UserError as error:
            raise UnidentifiedImageError(str(error)) from error
        self._mode = "RGB"
        head, body = file.head, file.body
        self._size = (head.width, head.height)
        self.fp.seek(0, SEEK_END)
        here = min(self.fp.tell(), body.file_bytes)
        self.info = {
            "model": head.model.hex(),
            "iterations": body.levels,
            "bits_per_pixel": 8 * here / head.pixels,
        }
        self._file_bytes, self._iterations = body.file_bytes, body.levels
        self._drafts = body.drafts
        self._decode_first(body.levels)

    def _decode_first(self, iterations: int) -> None:
        """Have `load` decode so many iterations."""
        arguments = (self._file_bytes, iterations)
        self.tile = [ImageFile._Tile(FORMAT, (0, 0, *self.size), 0, arguments)]

    def draft(
        self, mode: str | None, size: tuple[float, float] | None
    ) -> tuple[str, tuple[int, int, float, float]] | None:
        """Decode fewer iterations where the picture is to be shown smaller; its size stays.

        The last call counts; none does after the pixels have been decoded. The picture is to fit
        into `size`, its ratio kept; `mode` is not heeded. Returned are the mode and the box that
        the picture fills, or None if all iterations are decoded.
        """
        if not self.tile or size is None:
            return None
        times = max(own / max(side, 1) for own, side in zip(self.size, size, strict=True))
        enough = [iterations for least, iterations in self._drafts if times >= least]
        iterations = min([*enough, self._iterations])
        self._decode_first(iterations)
        if iterations == self._iterations:
            return None
        return self.mode, (0, 0, *self.size)

    def load_seek(self, pos: int) -> None:
        """Go to a place in the file; that there is this tells Pillow's parser to wait for all."""
        assert self.fp is not None
        self.fp.seek(pos)


class RncDecoder(ImageFile.PyDecoder):
    """The pixels of an open file, for Pillow."""

    _pulls_fd = True

    def decode(self, buffer: Image.DecoderInput) -> tuple[int, int]:
        # What codes is not imported before there is something to do for it.
        from rnn_codec.pillow.coding import decode  # noqa: PLC0415

        assert self.fd is not None
        file_bytes, iterations = self.args
        try:
            # One byte too many is enough to notice that there are more.
            pixels = decode(self.fd.read(file_bytes + 1), iterations, DEVICE)
        except UserError as error:
            raise OSError(str(error)) from error
        self.set_as_raw(pixels)
        return -1, 0


def _save(image: Image.Image, fp: IO[bytes], _: str | bytes) -> None:
    """Write a picture at once: Pillow removes the file that it has made if this fails."""
    from rnn_codec.pillow.coding import encode  # noqa: PLC0415

    try:
        data = encode(image, image.encoderinfo, DEVICE)
    except UserError as error:
        # An option that is out of its range is a `ValueError` already, as Pillow's are.
        if isinstance(error, ValueError):
            raise
        raise OSError(str(error)) from error
    fp.write(data)


Image.register_open(FORMAT, RncImageFile, lambda prefix: prefix.startswith(MAGIC))
Image.register_decoder(FORMAT, RncDecoder)
Image.register_save(FORMAT, _save)
Image.register_extension(FORMAT, SUFFIX)
Image.register_mime(FORMAT, MIME)
