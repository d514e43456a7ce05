"""The folder of a run: its files, and the identity of its training.

<run>/config.yaml                the resolved configuration, written before the first step
<run>/identity                   the training's identity, a digest of configuration and pictures
<run>/start                      the digest of another run's weights, if it started from them
<run>/checkpoints/last.ckpt      for resuming: weights, optimizer, schedule, progress
<run>/weights.safetensors        the trained codec, written when training ends
<run>/digest                     of the exported files: models are found without reading weights
<run>/training.json              what the training cost, written before the weights
<run>/wandb_run                  the identifier of its W&B run, for resuming
<run>/logs/version_<n>/          metrics.csv, one folder for each time it was resumed
<run>/reconstructions/           pictures made during training
<run>/entropy/<name>/            an entropy coder for the codec: a folder like this one
<run>/recon/<name>/              a restoration network for the codec: likewise
<run>/evaluation/<data>/         what rnn-codec evaluate writes
"""

import json
import os
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import yaml

from rnn_codec.errors import UserError, reason
from rnn_codec.files import atomic_path, make_folder
from rnn_codec.runs.legacy import with_names

# Many models may be searched, and PyYAML's loader in C, if it was built, is ten times as fast.
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class RunFolder:
    """Paths in a run's folder: see the module's docstring."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.config = path / "config.yaml"
        self.identity = path / "identity"
        self.start = path / "start"
        self.checkpoint = path / "checkpoints" / "last.ckpt"
        self.weights = path / "weights.safetensors"
        self.digest = path / "digest"
        self.cost = path / "training.json"
        self.reconstructions = path / "reconstructions"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, RunFolder) and self.path == other.path

    def __hash__(self) -> int:
        return hash(self.path)

    def coder(self, name: str) -> "RunFolder":
        """The folder of an entropy coder."""
        return RunFolder(self.path / "entropy" / name)

    def restoration(self, name: str) -> "RunFolder":
        """The folder of a restoration network."""
        return RunFolder(self.path / "recon" / name)

    def coders(self) -> list["RunFolder"]:
        """The folders of all entropy coders that have weights, the last name first."""
        runs = map(RunFolder, sorted((self.path / "entropy").glob("*/"), reverse=True))
        return [run for run in runs if is_there(run.weights)]

    def restorations(self) -> list["RunFolder"]:
        """The folders of all restoration networks that have weights."""
        runs = map(RunFolder, sorted((self.path / "recon").glob("*/")))
        return [run for run in runs if is_there(run.weights)]

    @property
    def codec_run(self) -> "RunFolder":
        """The folder of the codec to which this entropy coder or restoration network belongs."""
        return RunFolder(self.path.absolute().parents[1])

    def evaluation(self, data: str) -> Path:
        """The folder of the measurements on a data set."""
        return self.path / "evaluation" / data


def is_there(file: Path) -> bool:
    """Whether a file exists; False also if permissions do not allow a look."""
    try:
        return file.is_file()
    except OSError:
        return False


def name_run_folder(root: Path, name: str) -> RunFolder:
    """A unique folder for a run, even if several runs start in the same second."""
    return RunFolder(root / f"{datetime.now():%Y-%m-%d_%H-%M-%S}_{name}_{os.urandom(2).hex()}")


def write_config(run: RunFolder, options: Mapping[str, Any]) -> None:
    """Create the folder, and write the resolved configuration into it."""
    make_folder(run.path)
    text = yaml.safe_dump(dict(options), allow_unicode=True, sort_keys=False)
    with atomic_path(run.config) as partial:
        partial.write_text(text, encoding="utf-8")


def mark(run: RunFolder, identity: str, start: str | None = None) -> None:
    """Write the identity of a run's training, and the digest of the weights it starts from."""
    for path, digest in ((run.identity, identity), (run.start, start)):
        if digest is not None:
            with atomic_path(path) as partial:
                partial.write_text(digest + "\n", encoding="ascii")


@contextmanager
def unless_begun(run: RunFolder, begun: Callable[[Exception], bool]) -> Iterator[None]:
    """Remove the files of a training that fails before its first step.

    Then they are not in the way of the corrected command. A training that is killed, or stopped by
    Ctrl-C, can be resumed: its files stay. They also stay if `begun` returns True for the exception
    because there is something to resume. The folder need not exist yet.
    """
    # The commands on files import this module too, and must start quickly.
    import shutil  # noqa: PLC0415

    existed = run.path.is_dir()
    before = set(run.path.iterdir()) if existed else set()
    try:
        yield
    except Exception as error:
        if not begun(error) and run.path.is_dir():
            for path in set(run.path.iterdir()) - before:
                shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
            if not existed:
                run.path.rmdir()
        raise


def read_identity(run: RunFolder) -> str | None:
    """The identity of a run's training; None if it is not known."""
    try:
        # A damaged identity matches no training.
        return run.identity.read_text(encoding="ascii", errors="replace").strip()
    except OSError:
        return None


def metrics_logs(run: RunFolder) -> list[Path]:
    """The CSV logs of a run, in the order in which they were written.

    They are `logs/version_<n>/metrics.csv` in the original, `logs/metrics_<n>.csv` in an export.
    """
    logs = run.path / "logs"
    found = [*logs.glob("version_[0-9]*/metrics.csv"), *logs.glob("metrics_[0-9]*.csv")]
    return sorted(found, key=lambda log: int(re.findall(r"\d+", str(log.relative_to(logs)))[0]))


def read_config(run: RunFolder) -> dict[str, Any]:
    """Read a run's configuration.

    Raises:
        UserError: it cannot be read, or neither describes a codec nor names a codec's folder.
    """
    try:
        if not run.path.is_dir():
            raise UserError(f"there is no run folder {run.path}")
        if not run.config.is_file():
            raise UserError(f"{run.path} is not a run folder: it has no config.yaml")
        text = run.config.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{run.config} cannot be read: {reason(error)}") from error
    try:
        config = yaml.load(text, _LOADER)
    # Besides its own errors, PyYAML raises Python's, for invalid dates, numbers or deep nesting.
    except Exception as error:
        raise UserError(f"{run.config} cannot be read as YAML") from error
    if not isinstance(config, dict) or not isinstance(config.get("codec"), dict | str):
        raise UserError(f"{run.config} does not describe a codec")
    try:
        # A digest needs JSON, which lacks YAML's dates, bytes, and nodes that contain themselves.
        json.dumps(config, sort_keys=True)
    except (TypeError, ValueError, RecursionError) as error:
        raise UserError(f"{run.config} is not the configuration of a run") from error
    named: dict[str, Any] = with_names(config)
    return named


def write_digest(run: RunFolder, digest: bytes) -> None:
    """Write the digest of the exported files, as hexadecimal digits."""
    with atomic_path(run.digest) as partial:
        partial.write_text(digest.hex() + "\n", encoding="ascii")


def read_digest(run: RunFolder) -> bytes | None:
    """The digest of the exported files; None if there is none, or it is damaged."""
    try:
        return bytes.fromhex(run.digest.read_text(encoding="ascii").strip()) or None
    except (OSError, ValueError):
        return None
