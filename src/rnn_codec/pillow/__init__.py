"""`.rnc` files in Pillow: after `import rnn_codec.pillow`, `Image` opens and saves them.

    import rnn_codec.pillow
    Image.open("photo.jpg").save("photo.rnc", bpp=0.5)
    Image.open("photo.rnc").show()

*Opening* reads only the header. `image.info` contains the identifier of the `model` in hexadecimal
digits, the number of `iterations`, or planes, of the complete file, and the `bits_per_pixel` of the
part that is present. The pixels are decoded when they are needed, by the model that made the file.
It is found in the same way as by `rnn-codec decompress`, and kept for the next picture. A file may
be cut anywhere after its header.

*Saving* takes one of the rates `iterations=`, `bytes=`, `bpp=`, `psnr=` and `ms_ssim=`, by default
one bit per pixel; `model=`, a folder, a name or a `Model`; `entropy=` and `device=`; and the
arguments `tune=`, `effort=` and `importance=` of `Model.encode`; the last is a grey image of the
same size. See `rnn_codec.pillow.coding.encode`.
Pixels are turned upright and converted to sRGB according to `image.info`, and transparent ones are
laid over white. EXIF, profiles and other text are not kept. Other keywords are ignored, as in
Pillow's own formats.

*Draft*: `image.draft("RGB", size)` decodes fewer iterations if they are enough for a smaller size;
`image.thumbnail` calls it by itself. The picture keeps its size. Files of planes are always decoded
completely.

Errors are Pillow's: `UnidentifiedImageError` for a damaged header, `ValueError` for options, and
`OSError` otherwise. Pillow empties an existing file before the picture is compressed. If that
fails, the file stays empty; a new file is removed.

Importing this is quick: the modules that code are imported with the first picture to code.
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
"""Where networks run without `device=`: opening a picture takes no options."""

NO_LIMIT = 2**128
"""A limit that no picture reaches: Pillow has its own, `Image.MAX_IMAGE_PIXELS`."""


class RncImageFile(ImageFile.ImageFile):
    """An open `.rnc` file, whose pixels are not decoded yet."""

    format = FORMAT
    format_description = "rnn-codec"

    def _open(self) -> None:
        assert self.fp is not None
        try:
            file = open_header(self.fp.read(LONGEST_HEADER), NO_LIMIT)
        # The errors that Pillow expects here would be replaced by one without a reason.
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
        """Make `load` decode the first `iterations` iterations."""
        arguments = (self._file_bytes, iterations)
        self.tile = [ImageFile._Tile(FORMAT, (0, 0, *self.size), 0, arguments)]

    def draft(
        self, mode: str | None, size: tuple[float, float] | None
    ) -> tuple[str, tuple[int, int, float, float]] | None:
        """Decode fewer iterations for a picture that is shown smaller; its size does not change.

        The last call counts; after the pixels have been decoded, calls have no effect. The picture
        is to fit into `size` with its aspect ratio; `mode` is ignored. Returns the mode and the box
        that the picture fills, or None if all iterations are decoded.
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
        """Seek in the file; because this method exists, Pillow's parser waits for all bytes."""
        assert self.fp is not None
        self.fp.seek(pos)


class RncDecoder(ImageFile.PyDecoder):
    """The pixels of an open file, for Pillow."""

    _pulls_fd = True

    def decode(self, buffer: Image.DecoderInput) -> tuple[int, int]:
        # Imported only when there is something to decode.
        from rnn_codec.pillow.coding import decode  # noqa: PLC0415

        assert self.fd is not None
        file_bytes, iterations = self.args
        try:
            # One extra byte is enough to notice that the file is too long.
            pixels = decode(self.fd.read(file_bytes + 1), iterations, DEVICE)
        except UserError as error:
            raise OSError(str(error)) from error
        self.set_as_raw(pixels)
        return -1, 0


def _save(image: Image.Image, fp: IO[bytes], _: str | bytes) -> None:
    """Write a picture in one piece; if this fails, Pillow removes the file that it created."""
    from rnn_codec.pillow.coding import encode  # noqa: PLC0415

    try:
        data = encode(image, image.encoderinfo, DEVICE)
    except UserError as error:
        # An option out of range is already a `ValueError`, as in Pillow.
        if isinstance(error, ValueError):
            raise
        raise OSError(str(error)) from error
    fp.write(data)


Image.register_open(FORMAT, RncImageFile, lambda prefix: prefix.startswith(MAGIC))
Image.register_decoder(FORMAT, RncDecoder)
Image.register_save(FORMAT, _save)
Image.register_extension(FORMAT, SUFFIX)
Image.register_mime(FORMAT, MIME)
