"""Finds trained models: by name, or by the identifier in a file.

A model is a run's folder with a codec and, in `entropy/<name>/`, its entropy coders. Names and
identifiers are looked up in the folders that the environment variable RNN_CODEC_MODELS lists, in
`results/` and in `runs/`: models themselves, or folders of models; last among the models that come
with the package, in `zoo/`.
"""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import torch

from rnn_codec.compression.model import Model
from rnn_codec.entropy.none import NoneCoder
from rnn_codec.errors import UserError, reason
from rnn_codec.runs.folder import RunFolder, is_there, read_config
from rnn_codec.runs.identity import (
    codec_digest,
    coder_digest,
    model_identifier,
    read_digest,
    run_digest,
)
from rnn_codec.runs.weights import load_codec, load_coder

PLACES_VARIABLE = "RNN_CODEC_MODELS"
SHIPPED = Path(__file__).parents[1] / "zoo"
"""Models that come with the package."""
DEFAULT_MODEL = "flagship"
"""The one of `SHIPPED` that is used where none is named."""
WITHOUT_CODER = NoneCoder.name
CODERS = ("progressive", "single_iteration", WITHOUT_CODER)
"""The best first."""


class NoModelError(UserError):
    """A model that is nowhere to be found."""


def load_model(place: str | Path, entropy: str | None = None, device: str = "cpu") -> Model:
    """Load a model.

    Args:
        place: its folder, or the name of one in `default_places`.
        entropy: one of `CODERS`; None for the best that the folder has.
        device: where the networks run, such as "cpu" or "cuda".

    Raises:
        UserError: there is no such model, or it has no such coder or cannot be read.
    """
    run = RunFolder(find_folder(place))
    return _load(run, entropy or coder_names(run)[0], device)


def find_model(
    identifier: bytes, places: Sequence[Path] | None = None, device: str = "cpu"
) -> Model:
    """Load the model that made a file.

    Only its own weights are read, where models were exported with their digests.

    Args:
        identifier: `Header.model` of the file.
        places: models and folders of models; None for `default_places`.
        device: where the networks run.

    Raises:
        NoModelError: it is in none of the places.
        UserError: the only model there cannot be read, or all copies of that of the file are
            damaged, or have changed.
    """
    places = default_places() if places is None else places
    folders = list(model_folders(places))
    unreadable: list[UserError] = []
    damaged: list[UserError] = []
    for run in folders:
        name = _coder_of_file(run, identifier, unreadable)
        if name is not None:
            try:
                return _unchanged(_load(run, name, device), identifier)
            except UserError as error:
                # Another copy of the model may be whole.
                damaged.append(error)
    if damaged:
        raise damaged[0]
    # Among many models, one that is not trained yet is no reason to complain.
    if unreadable and len(folders) == 1:
        raise unreadable[0]
    raise NoModelError(
        f"the model {identifier.hex()} is not in {_listed(places)}: name its folder with --model, "
        f"or in the environment variable {PLACES_VARIABLE}"
    )


def find_folder(place: str | Path) -> Path:
    """The folder of a model: `place` itself, or of that name in `default_places`."""
    places = default_places() if Path(place).name == str(place) else []
    for folder in (Path(place), *(other / place for other in places)):
        if is_there(RunFolder(folder).config):
            return folder
    if _children(Path(place)) is not None:
        raise NoModelError(f"{place} is not a model's folder: it has no config.yaml")
    if not places:
        raise NoModelError(f"there is no folder {place}")
    raise NoModelError(f"there is no model {place}, neither here nor in {_listed(places)}")


def default_places() -> list[Path]:
    """Where models are looked for: RNN_CODEC_MODELS, `results/`, `runs/`, `SHIPPED`."""
    listed = os.environ.get(PLACES_VARIABLE, "").split(os.pathsep)
    return [*(Path(place) for place in (*listed, "results", "runs") if place), SHIPPED]


def model_folders(places: Sequence[Path]) -> Iterator[RunFolder]:
    """The models among places and in them; what may not be looked into is passed over."""
    for place in places:
        for folder in (place, *(_children(place) or ())):
            if is_there(RunFolder(folder).config):
                yield RunFolder(folder)


def _children(folder: Path) -> list[Path] | None:
    """What is in a folder; None if it is none, or may not be read."""
    try:
        return sorted(folder.iterdir())
    # The latter for a name that no file can have.
    except (OSError, ValueError):
        return None


def coder_names(run: RunFolder) -> list[str]:
    """The entropy coders of a model, the best first."""
    trained = {coder.path.name for coder in run.coders()}
    return [name for name in CODERS if name == WITHOUT_CODER or name in trained]


def _coder_of_file(run: RunFolder, identifier: bytes, unreadable: list[UserError]) -> str | None:
    """The coder with which a model has the identifier; what cannot be read is added to a list."""
    try:
        codec = read_digest(run) or run_digest(run)
    except UserError as error:
        unreadable.append(error)
        return None
    for name in coder_names(run):
        try:
            coder = _digest_of_coder(run, name)
        except UserError as error:
            unreadable.append(error)
        else:
            if model_identifier(codec, coder) == identifier:
                return name
    return None


def _digest_of_coder(run: RunFolder, name: str) -> bytes:
    if name == WITHOUT_CODER:
        return NoneCoder().digest()
    return read_digest(run.coder(name)) or coder_digest(run.coder(name))


def _load(run: RunFolder, name: str, device: str) -> Model:
    if name not in coder_names(run):
        raise UserError(
            f"{run.path} has no entropy coder {name}: it has {', '.join(coder_names(run))}"
        )
    coder = NoneCoder() if name == WITHOUT_CODER else load_coder(run.coder(name))
    codec = load_codec(run)
    digest = codec_digest(read_config(run)["codec"], codec.state_dict())
    identifier = model_identifier(digest, coder.digest())
    return Model(codec.to(usable_device(device)), coder, identifier, run.path)


def usable_device(name: str) -> torch.device:
    """The device of a name, such as "cpu" or "cuda:1".

    Raises:
        UserError: there is none of that name, or nothing can be computed on it.
    """
    try:
        device = torch.device(name)
        torch.zeros(1, device=device).cpu()
    # What PyTorch raises depends on what it was built with.
    except (RuntimeError, AssertionError) as error:
        raise UserError(f"the device {name} cannot be used: {reason(error)}") from error
    return device


def _unchanged(model: Model, identifier: bytes) -> Model:
    """Refuse a model whose weights are not those that its digests were written for."""
    if model.identifier != identifier:
        raise UserError(
            f"{model.path} has other weights than when it was exported: bring them back, or "
            "delete the files named digest in it"
        )
    return model


def _listed(places: Sequence[Path]) -> str:
    return ", ".join(str(place) for place in places)
