"""Claims: which worker has which run, and whether it is still alive.

A claim is a file that its worker rewrites every few seconds, counting up. Whoever sees the count
stand still for long enough takes the run over. No clocks are compared between machines: each
worker measures, by its own clock, how long *it* has seen a count stand still. A dead worker of the
same machine is known at once, by its process number.
"""

import json
import os
import platform
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from uuid import uuid4

from filelock import FileLock

from rnn_codec.errors import InvalidOptionError
from rnn_codec.files import make_folder, write_json


@dataclass(frozen=True)
class ClaimContent:
    """What a claim's file says."""

    worker: str
    """Differs for every worker."""
    place: str
    """Where its process number means something."""
    process: int
    beats: int
    """Counts up while the worker lives."""


class Claim:
    """A run that is ours as long as nobody takes us for dead.

    Attributes:
        lost: set when another worker has taken the run over, or may soon do so because the disk
            takes no sign of life; nothing may be written any more.
    """

    def __init__(
        self, path: Path, content: ClaimContent, every_seconds: float, silent_seconds: float
    ) -> None:
        self.path = path
        self.lost = threading.Event()
        self._content = content
        self._every_seconds = every_seconds
        self._silent_seconds = silent_seconds
        self._released = threading.Event()
        self._thread = threading.Thread(target=self._beat_until_released, daemon=True)
        self._thread.start()

    def release(self) -> None:
        """Give the run back. Where the disk does not answer, the claim is left to grow stale."""
        self._released.set()
        self._thread.join()
        with suppress(OSError), _lock(self.path):
            if self._is_ours():
                self.path.unlink()

    def _beat_until_released(self) -> None:
        last = time.monotonic()
        while not self._released.wait(self._every_seconds):
            try:
                ours = self._beat()
            except OSError:
                # A full disk, or a shared one that is away for a while.
                ours = time.monotonic() - last < self._silent_seconds
            else:
                last = time.monotonic()
            if not ours:
                self.lost.set()
                return

    def _beat(self) -> bool:
        """Give a sign of life; whether the run is still ours."""
        with _lock(self.path):
            if not self._is_ours():
                return False
            self._content = replace(self._content, beats=self._content.beats + 1)
            write_json(self.path, asdict(self._content))
        return True

    def _is_ours(self) -> bool:
        content = read_claim(self.path)
        return content is not None and content.worker == self._content.worker


class Claims:
    """The claims of one worker in a folder that workers share.

    Args:
        folder: where the files are; made if need be. It must support file locks.
        every_seconds: time between two beats.
        dead_after_seconds: time without a beat after which a worker counts as dead, at least
            three times `every_seconds`. A worker that cannot beat gives up after half of it.

    Raises:
        InvalidOptionError: the times would let the living be taken for dead.
    """

    def __init__(self, folder: Path, every_seconds: float, dead_after_seconds: float) -> None:
        if not 0 < 3 * every_seconds <= dead_after_seconds:
            raise InvalidOptionError(
                f"claim.dead_after_seconds={dead_after_seconds:g} must be at least three times "
                f"claim.every_seconds={every_seconds:g}, or workers that live are taken for dead"
            )
        self.folder = make_folder(folder)
        self.every_seconds = every_seconds
        self.dead_after_seconds = dead_after_seconds
        self.worker = uuid4().hex
        self._seen: dict[str, tuple[ClaimContent, float]] = {}

    @contextmanager
    def taken(self, name: str) -> Iterator[Claim | None]:
        """Claim a run for the length of a block; None if a worker that lives has it."""
        claim = self._take(name)
        try:
            yield claim
        finally:
            if claim is not None:
                claim.release()

    def _take(self, name: str) -> Claim | None:
        path = self._path(name)
        with _lock(path):
            holder = read_claim(path)
            if holder is not None and not self._is_dead(name, holder):
                return None
            content = ClaimContent(self.worker, place(), os.getpid(), beats=0)
            write_json(path, asdict(content))
        return Claim(path, content, self.every_seconds, self.dead_after_seconds / 2)

    def _is_dead(self, name: str, holder: ClaimContent) -> bool:
        if holder.place == place() and not process_exists(holder.process):
            return True
        content, since = self._seen.get(name, (None, 0.0))
        if content != holder:
            self._seen[name] = (holder, time.monotonic())
            return False
        return time.monotonic() - since >= self.dead_after_seconds

    def _path(self, name: str) -> Path:
        return self.folder / f"{name}.json"


def place() -> str:
    """What processes that can see each other by number have in common: machine, boot, namespace."""
    boot = Path("/proc/sys/kernel/random/boot_id")
    namespace = Path("/proc/self/ns/pid")
    return " ".join(
        [
            platform.node(),
            boot.read_text(encoding="ascii").strip() if boot.exists() else "",
            os.readlink(namespace) if namespace.exists() else "",
        ]
    )


def process_exists(number: int) -> bool:
    """Whether there is a process of that number here."""
    try:
        os.kill(number, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def read_claim(path: Path) -> ClaimContent | None:
    """Read a claim's file; None if there is none. Files are whole, so they can be read any time."""
    try:
        return ClaimContent(**json.loads(path.read_text(encoding="utf-8")))
    except (FileNotFoundError, ValueError, TypeError):
        return None


def _lock(path: Path) -> FileLock:
    """Held while a claim is judged and changed, for milliseconds; freed when its holder dies."""
    return FileLock(path.with_suffix(".lock"))
