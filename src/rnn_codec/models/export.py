"""Copies of a run without files that only training needs: models to commit, or to share.

<kept>/config.yaml, identity, training.json, weights.safetensors, digest    as in the run's folder,
                                 except for the precision of the weights
<kept>/logs/metrics_<n>.csv      the logs, one for each time it was resumed
<kept>/entropy/<name>/           the same for its entropy coders
<kept>/recon/<name>/             the same for its restoration networks
"""

import shutil
from collections.abc import Collection
from pathlib import Path

import torch

from rnn_codec.errors import UserError
from rnn_codec.files import sync_all, sync_folder
from rnn_codec.models.find import family_of
from rnn_codec.overrides import hint
from rnn_codec.runs.folder import (
    RunFolder,
    metrics_logs,
    read_config,
    write_config,
    write_digest,
)
from rnn_codec.runs.weights import read_weights, write_weights

KEPT = ("config.yaml", "identity", "training.json", "weights.safetensors")


def export_run(
    run: RunFolder,
    kept: Path,
    coders: Collection[str] | None = None,
    dtype: torch.dtype | None = None,
) -> list[Path]:
    """Copy a trained run and its entropy coders to a new folder; returns the created files.

    Args:
        coders: names of the entropy coders to copy; None for all.
        dtype: type of the weights in the copy; None for that of the run.

    Raises:
        UserError: the run's training has not ended, its weights cannot be used or are not finite,
            it lacks a coder, or the folder already exists.
    """
    family = family_of(run.path)
    trained = {coder.path.name: coder for coder in run.coders()}
    chosen = list(trained) if coders is None else coders
    for name in chosen:
        if name not in trained:
            raise UserError(
                f"{run.path} has no entropy coder {name}: it has {', '.join(trained) or 'none'}"
            )
    if not run.weights.is_file():
        on = hint("resume", run.path)
        raise UserError(f"{run.path} is not trained: resume it with rnn-codec train {on}")
    if kept.exists():
        raise UserError(f"{kept} already exists: delete it, or name another folder")
    partial = kept.with_name(f".{kept.name}.partial")
    # A killed process may have left it.
    shutil.rmtree(partial, ignore_errors=True)
    try:
        copies = [(run, RunFolder(partial))]
        copies += [(trained[name], RunFolder(partial).coder(name)) for name in chosen]
        copies += [
            (found, RunFolder(partial).restoration(found.path.name)) for found in run.restorations()
        ]
        for original, copy in copies:
            _copy(original, copy.path, dtype)
            family.complete(copy.path)
            write_digest(copy, family.digest(copy.path))
        sync_all(partial)
        partial.replace(kept)
        sync_folder(kept.parent)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return sorted(path for path in kept.rglob("*") if path.is_file())


def _copy(run: RunFolder, target: Path, dtype: torch.dtype | None) -> None:
    (target / "logs").mkdir(parents=True)
    for name in KEPT:
        if (run.path / name).exists():
            shutil.copyfile(run.path / name, target / name)
    weights = read_weights(run)
    if dtype is not None:
        write_weights(RunFolder(target), weights, dtype)
        # The configuration states the type of the weights, which records of the model copy.
        config = read_config(run)
        if isinstance(config.get("export"), dict):
            config["export"]["dtype"] = str(dtype).removeprefix("torch.")
            write_config(RunFolder(target), config)
    for number, log in enumerate(metrics_logs(run), start=1):
        shutil.copyfile(log, target / "logs" / f"metrics_{number}.csv")
