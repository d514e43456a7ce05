"""Times commands of several codecs on a picture, startup included, at about the same file size.

A codec is two commands, whose words may have placeholders:

    {picture}   the picture, a PNG file
    {coded}     the compressed file
    {decoded}   the decompressed picture, a PNG file
    {bpp}       the rate, in bits per pixel
    {quality}   the quality, a whole number; the best whose file is not too large is searched for
    {python}    this Python
"""

import shlex
import shutil
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from subprocess import CalledProcessError
from tempfile import TemporaryDirectory

from PIL import Image

from rnn_codec.errors import InvalidOptionError, UserError
from rnn_codec.models.protocol import Pixels
from rnn_codec.rates import BitsPerPixel
from rnn_codec_lab.baselines import best_within
from rnn_codec_lab.benchmark.commands import Taken, taken

COMMANDS = ("compress", "decompress")


@dataclass(frozen=True)
class Peer:
    """A codec with a command line.

    Attributes:
        name: its name in tables.
        compress: the command that makes `{coded}` from `{picture}`.
        decompress: the command that makes `{decoded}` from `{coded}`.
        worst, best: the qualities that give the smallest and the largest file; the worst may be
            the larger number. None if the command takes `{bpp}`.
        suffix: ending of the name of the compressed file, from which some programs tell the format.
    """

    name: str
    compress: tuple[str, ...]
    decompress: tuple[str, ...]
    worst: int | None = None
    best: int | None = None
    suffix: str = ""

    def __post_init__(self) -> None:
        searched = any("{quality}" in word for word in self.compress)
        if searched and (self.worst is None or self.best is None):
            raise InvalidOptionError(f"peers.{self.name} takes a {{quality}}: set worst and best")

    @property
    def qualities(self) -> Sequence[int]:
        """The qualities, from the worst to the best; empty if there are none."""
        if self.worst is None or self.best is None:
            return ()
        step = 1 if self.worst <= self.best else -1
        return range(self.worst, self.best + step, step)

    def missing(self) -> set[str]:
        """Return the programs of its commands that are not installed."""
        programs = {self.compress[0], self.decompress[0]} - {"{python}"}
        return {program for program in programs if shutil.which(program) is None}


def check_installed(peers: Sequence[Peer]) -> None:
    """Check that all programs are there.

    Raises:
        UserError: some are not; the message says how to do without them.
    """
    absent = {peer.name: peer.missing() for peer in peers if peer.missing()}
    if absent:
        programs = ", ".join(sorted(set().union(*absent.values())))
        rest = ",".join(peer.name for peer in peers if peer.name not in absent)
        raise UserError(f"not installed: {programs}. Install them, or set peers=[{rest}]")


class Workbench:
    """A picture in a temporary folder, on which commands run.

    Args:
        folder: an empty folder.
        pixels: the picture, (H, W, 3).
    """

    def __init__(self, folder: Path, pixels: Pixels) -> None:
        self._pixels = pixels.shape[0] * pixels.shape[1]
        self._places = {
            "python": sys.executable,
            "picture": str(folder / "picture.png"),
            "decoded": str(folder / "decoded.png"),
        }
        self._folder = folder
        Image.fromarray(pixels).save(self._places["picture"])
        self._size_at = cache(self._sized)

    def limit(self, bits_per_pixel: float) -> int:
        """Return the largest size of a file of this rate."""
        return BitsPerPixel(bits_per_pixel).bytes_for(self._pixels)

    def coded(self, peer: Peer) -> Path:
        """Return the path of a codec's compressed file."""
        return self._folder / f"{peer.name}{peer.suffix}"

    def quality_within(self, peer: Peer, limit: int) -> int | None:
        """Return the best quality with a file of at most `limit` bytes; None if there is none."""
        return best_within(peer.qualities, partial(self._size_at, peer), limit)

    def run(self, peer: Peer, command: str, rate: float, quality: int | None) -> Taken:
        """Run one of the `COMMANDS` of a codec.

        Raises:
            UserError: the command fails.
        """
        filled = self._filled(peer, command, rate, quality)
        try:
            return taken(filled)
        except CalledProcessError as error:
            said = error.stderr.decode(errors="replace").strip().splitlines()
            why = said[-1] if said else f"exit status {error.returncode}"
            raise UserError(
                f"peers.{peer.name}.{command} fails: {shlex.join(filled)}: {why}"
            ) from error

    def _filled(self, peer: Peer, command: str, rate: float, quality: int | None) -> list[str]:
        """Return the words of a command with their placeholders replaced."""
        values = {**self._places, "coded": str(self.coded(peer)), "bpp": rate, "quality": quality}
        words: tuple[str, ...] = getattr(peer, command)
        try:
            return [word.format_map(values) for word in words]
        except (KeyError, IndexError, ValueError) as error:
            known = ", ".join(f"{{{name}}}" for name in values)
            raise UserError(
                f"peers.{peer.name}.{command} may have the placeholders {known}; other braces are "
                "doubled: {{ }}"
            ) from error

    def _sized(self, peer: Peer, quality: int) -> int:
        self.run(peer, "compress", 0.0, quality)
        return self.coded(peer).stat().st_size


def time_peers(
    peers: Sequence[Peer], pixels: Pixels, rates: Iterable[float], repetitions: int
) -> list[dict[str, object]]:
    """Time every codec at every rate; see `_rows_at`.

    Args:
        peers: the codecs; ratios are to the times of the first.
        pixels: the picture, (H, W, 3).
        rates: bits per pixel.
        repetitions: runs of each command.

    Raises:
        UserError: a command fails.
    """
    with TemporaryDirectory() as folder:
        bench = Workbench(Path(folder), pixels)
        return [row for rate in rates for row in _rows_at(bench, peers, rate, repetitions)]


def _rows_at(
    bench: Workbench, peers: Sequence[Peer], rate: float, repetitions: int
) -> list[dict[str, object]]:
    """Time every codec that has a file of this rate: they take turns, the fastest runs count.

    Returns:
        A row of bench.json for each: seconds, how many times as long the first codec takes, and
        the peak memory.
    """
    limit = bench.limit(rate)
    settings = {peer: bench.quality_within(peer, limit) for peer in peers}
    able = [peer for peer in peers if settings[peer] is not None or not peer.qualities]
    runs: Mapping[tuple[str, str], list[Taken]] = {
        (peer.name, command): [] for peer in able for command in COMMANDS
    }
    for _ in range(repetitions):
        for peer in able:
            for command in COMMANDS:
                runs[peer.name, command].append(bench.run(peer, command, rate, settings[peer]))
    least = {key: min(run.seconds for run in own) for key, own in runs.items()}
    first = able[0].name
    return [
        {
            "codec": peer.name,
            "bits_per_pixel": rate,
            "quality": settings[peer],
            "file_bytes": bench.coded(peer).stat().st_size,
            **{f"{c}_seconds": least[peer.name, c] for c in COMMANDS},
            **{f"{c}_ratio": least[first, c] / least[peer.name, c] for c in COMMANDS},
            **{f"{c}_mebibytes": max(r.mebibytes for r in runs[peer.name, c]) for c in COMMANDS},
        }
        for peer in able
    ]
