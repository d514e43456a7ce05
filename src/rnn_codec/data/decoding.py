"""Pictures decoded once into a file that processes map into memory and share.

pictures-<key>.bin      the pixels of all pictures, one after another
pictures-<key>.json     which pictures they are, and why others were left out; written last
"""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from os.path import commonpath
from pathlib import Path
from typing import Any

import numpy as np
from lightning.pytorch.utilities import rank_zero_warn
from numpy.typing import NDArray

from rnn_codec.errors import UserError
from rnn_codec.files import atomic_path, make_folder, write_json
from rnn_codec.pictures.reading import UnreadableImageError, read_rgb
from rnn_codec.progress import progress

RULES = 4
"""Version of how pictures are read and laid out; caches of other versions are not used."""


@dataclass(frozen=True)
class DecodedImages:
    """N pictures of any sizes in one flat array.

    Attributes:
        pixels: uint8, flat: the (H, W, 3) pixels of one picture after another.
        offsets: int64 (N,): where each picture starts in `pixels`.
        heights: int64 (N,), in pixels.
        widths: int64 (N,), in pixels.
        names: paths relative to the folder that all pictures share.
        digests: SHA-256 of each picture's pixels.
    """

    pixels: NDArray[np.uint8]
    offsets: NDArray[np.int64]
    heights: NDArray[np.int64]
    widths: NDArray[np.int64]
    names: tuple[str, ...]
    digests: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.names)

    def image(self, index: int) -> NDArray[np.uint8]:
        """One picture, uint8 (H, W, 3), as a view."""
        height, width = int(self.heights[index]), int(self.widths[index])
        start = int(self.offsets[index])
        return self.pixels[start : start + height * width * 3].reshape(height, width, 3)

    def select(self, indices: Sequence[int]) -> "DecodedImages":
        """Some of the pictures; the pixels are not copied."""
        return replace(
            self,
            offsets=self.offsets[list(indices)],
            heights=self.heights[list(indices)],
            widths=self.widths[list(indices)],
            names=tuple(self.names[index] for index in indices),
            digests=tuple(self.digests[index] for index in indices),
        )

    @property
    def shortest_sides(self) -> NDArray[np.int64]:
        """The shorter of height and width of each picture, int64 (N,)."""
        return np.minimum(self.heights, self.widths)

    @property
    def digest(self) -> str:
        """16 hexadecimal digits that change if a name, a size or a pixel changes."""
        sizes = zip(self.heights.tolist(), self.widths.tolist(), strict=True)
        return digest_of(zip(self.names, sizes, self.digests, strict=True))


def decode(paths: Sequence[Path], cache_dir: str | Path) -> DecodedImages:
    """Decode pictures into a file in `cache_dir`, or open the file of an earlier call.

    A new file is made if a picture was added, removed or changed (path, size or modification time).
    A picture that cannot be read is left out, with a warning that names it.

    Raises:
        UserError: none of the pictures can be read, or the cache cannot be written or is damaged.
    """
    stats = ((str(path.absolute()), path.stat()) for path in paths)
    key = digest_of([RULES, *((name, stat.st_size, stat.st_mtime_ns) for name, stat in stats)])
    index = cache_folder(cache_dir) / f"pictures-{key}.json"
    if not index.is_file():
        _write_decoded(paths, index)
    images, skipped = read_decoded(index)
    for reason in skipped:
        rank_zero_warn(f"left out: {reason}")
    if not len(images):
        raise UserError(f"none of the {len(paths)} pictures can be read, among them {paths[0]}")
    return images


def read_decoded(index: Path) -> tuple[DecodedImages, list[str]]:
    """Open cached pictures: the pictures, mapped read-only, and why others were left out.

    Raises:
        UserError: a file is damaged.
    """
    try:
        content = json.loads(index.read_text(encoding="utf-8"))
        return _map_pictures(index.with_suffix(".bin"), content["pictures"]), content["skipped"]
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
        raise UserError(f"the cache file {index} is damaged: delete it and start again") from error


def cache_folder(cache_dir: str | Path) -> Path:
    """The folder of the cache, created if necessary."""
    return make_folder(cache_dir, "; set data.cache_dir to another")


def digest_of(parts: Iterable[object]) -> str:
    """16 hexadecimal digits that identify some values, by their `repr`."""
    return hashlib.sha256(repr(list(parts)).encode()).hexdigest()[:16]


def _write_decoded(paths: Sequence[Path], index: Path) -> None:
    content: dict[str, list[Any]] = {"pictures": [], "skipped": []}
    shared = commonpath([path.absolute().parent for path in paths])
    with atomic_path(index.with_suffix(".bin")) as partial, partial.open("wb") as file:
        for path in progress(paths, "Decoding pictures"):
            try:
                pixels = read_rgb(path)
            except UnreadableImageError as error:
                content["skipped"].append(str(error))
                continue
            digest = hashlib.sha256(pixels.data).hexdigest()
            name = path.absolute().relative_to(shared).as_posix()
            content["pictures"].append([name, *pixels.shape[:2], digest])
            file.write(pixels.data)
    write_json(index, content)


def _map_pictures(cache: Path, pictures: list[list[Any]]) -> DecodedImages:
    # An empty file cannot be mapped. A plain array indexes faster than the memmap class.
    pixels = np.asarray(np.memmap(cache, np.uint8, "r")) if pictures else np.empty(0, np.uint8)
    heights = np.array([height for _, height, _, _ in pictures], np.int64)
    widths = np.array([width for _, _, width, _ in pictures], np.int64)
    sizes = heights * widths * 3
    if sizes.sum() != len(pixels):
        raise ValueError("the index does not describe the pixels")
    return DecodedImages(
        pixels=pixels,
        offsets=np.cumsum(sizes) - sizes,
        heights=heights,
        widths=widths,
        names=tuple(name for name, _, _, _ in pictures),
        digests=tuple(digest for _, _, _, digest in pictures),
    )
