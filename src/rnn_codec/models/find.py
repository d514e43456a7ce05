"""Finds trained models: by name, or by the identifier in a file.

A model is the folder of a run with everything that its family trains. Names and identifiers are
looked up first in the folders that the environment variable RNN_CODEC_MODELS lists, in `results/`
and in `runs/`, which may be models or contain models; then among the models that come with the
package, in `zoo/`; last in the packages that entry points of the group `rnn_codec.models` name.
"""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from rnn_codec.errors import InvalidOptionError, UserError
from rnn_codec.extras import MissingPackageError, explained_extras
from rnn_codec.models.protocol import FAMILIES, Family, Model
from rnn_codec.numbers import whole_number
from rnn_codec.paths import expanded, user_path
from rnn_codec.runs.folder import RunFolder, is_there, read_config

PLACES_VARIABLE = "RNN_CODEC_MODELS"
SHIPPED = Path(__file__).parents[1] / "zoo"
"""Models that come with the package."""
DEFAULT_MODEL = "wavelet"
"""The model of `SHIPPED` that is used if none is named."""
PACKAGES = "rnn_codec.models"
"""Group of entry points that name packages with models in their folders."""
SEPARATE = "rnn-codec-models"
"""The distribution with the models of the family `binary`, too large for the package itself."""
SEPARATE_MODELS = {
    "associative_lstm": ("44b120aad471", "7a453e31b7d3"),
    "flagship": ("3393b4c47928", "5f4331e187ec"),
    "lstm": ("0f7d3d09722a", "56f54758b713"),
    "residual_gru": ("be2f7d2e509d", "dc0cc6c3a6dd"),
}
"""Its models by name: their identifiers in files, without an entropy coder and with one."""
_OF_SEPARATE = f"of {SEPARATE}, which is not installed: pip install ./models in a checkout"


class NoModelError(UserError):
    """A model cannot be found."""


def load_model(
    place: str | Path = DEFAULT_MODEL,
    entropy: str | None = None,
    device: str = "cpu",
    threads: int | None = None,
) -> Model:
    """Load a model.

    Args:
        place: the model's folder, or the name of a model in `default_places`; by default the best
            model that comes with the package.
        entropy: the entropy coder; None for the best one in the folder.
        device: where the networks run, such as "cpu" or "cuda".
        threads: number of threads; None for every core that the process may use.

    Raises:
        MissingPackageError: the model's family needs a package that is not installed.
        UserError: there is no such model, it has no such coder, or it cannot be read.
    """
    _check_threads(threads)
    folder = find_folder(place)
    family, who = _family_in(folder)
    with explained_extras(who):
        there = family.variants(folder)
        if entropy is not None and entropy not in there:
            raise UserError(f"{folder} has no entropy coder {entropy}: it has {', '.join(there)}")
        return family.load(folder, entropy or there[0], device, threads)


def family_of(folder: Path) -> Family:
    """The family of the model in a folder.

    Raises:
        UserError: the model cannot be read, or has no known family.
    """
    return _family_in(folder)[0]


def _family_in(folder: Path) -> tuple[Family, str]:
    """The family of the model in a folder, and the subject of messages about missing packages."""
    codec = read_config(RunFolder(folder))["codec"]
    if not isinstance(codec, dict) or "family" not in codec:
        raise UserError(f"the config.yaml in {folder} names no family of codecs")
    name = codec["family"]
    return FAMILIES[name], f"the model is of the family {name}, which"


def _check_threads(threads: int | None) -> None:
    if threads is not None and whole_number("threads", threads) < 1:
        raise InvalidOptionError(f"threads must be at least 1, not {threads}")


def find_model(
    identifier: bytes,
    places: Sequence[Path] | None = None,
    device: str = "cpu",
    threads: int | None = None,
    version: int | None = None,
) -> Model:
    """Load the model that made a file.

    If all models were exported with their digests, no weights but the model's own are read.

    Args:
        identifier: `Head.model` of the file.
        places: models and folders of models; None for `default_places`.
        device, threads: as in `load_model`.
        version: version of the file's format. Families of other versions are skipped, and their
            packages are not imported; None for models of all families.

    Raises:
        NoModelError: the model is in none of the places.
        MissingPackageError: the model may be of a family that needs a package that is not
            installed.
        UserError: the only model in the places cannot be read, or all copies of the file's model
            are damaged or have changed.
    """
    _check_threads(threads)
    looked_through = 0
    unreadable: list[UserError] = []
    damaged: list[UserError] = []
    for folder in model_folders(default_places() if places is None else places):
        looked_through += 1
        variant = _variant_of_file(folder, identifier, version, unreadable)
        if variant is not None:
            try:
                family, who = _family_in(folder)
                with explained_extras(who):
                    model = family.load(folder, variant, device, threads)
                if model.identifier == identifier:
                    return model
                raise UserError(
                    f"{folder} has other weights than when it was exported: restore them, or "
                    "delete the files named digest in it"
                )
            except UserError as error:
                # Another copy of the model may be intact.
                damaged.append(error)
    if damaged:
        raise damaged[0]
    missing = [error for error in unreadable if isinstance(error, MissingPackageError)]
    if missing:
        raise missing[0]
    # Among many models, one that is not trained yet does not matter.
    if unreadable and looked_through == 1:
        raise unreadable[0]
    raise _nowhere(identifier.hex(), places)


def _nowhere(identifier: str, places: Sequence[Path] | None) -> NoModelError:
    """The error that the model of a file is in none of the places, and how to fix it."""
    for name, identifiers in SEPARATE_MODELS.items():
        if identifier in identifiers and places is None:
            return NoModelError(f"the file was made by the model {name} {_OF_SEPARATE}")
    if places is not None:
        return NoModelError(
            f"the model {identifier} of the file is not in {_listed(places)}: name the folder that "
            "has it (a training that is resumed gives another model)"
        )
    listed = _listed(default_places())
    return NoModelError(
        f"the model {identifier} is not in {listed}: name its folder with --model, or in the "
        f"environment variable {PLACES_VARIABLE}"
    )


def find_folder(place: str | Path) -> Path:
    """The folder of a model: `place` itself, or the folder of that name in `default_places`."""
    written, place = str(place), user_path("the name of the model", place)
    is_name = place.name == written
    if is_there(RunFolder(place).config):
        return place
    for folder in (other / place for other in default_places() if is_name):
        if is_there(RunFolder(folder).config):
            return folder
    if _children(place) is not None:
        raise NoModelError(f"{place} is not a model's folder: it has no config.yaml")
    if not is_name:
        raise NoModelError(f"there is no folder {written}")
    if str(place) in SEPARATE_MODELS:
        raise NoModelError(f"the model {place} is {_OF_SEPARATE}")
    listed = _listed(default_places())
    raise NoModelError(f"there is no model {place}, neither here nor in {listed}")


def default_places() -> Iterator[Path]:
    """The folders searched for models: RNN_CODEC_MODELS, `results/`, `runs/`, packages."""
    listed = os.environ.get(PLACES_VARIABLE, "").split(os.pathsep)
    yield from (Path(expanded(place)) for place in (*listed, "results", "runs") if place)
    yield from packaged_places()


def packaged_places() -> Iterator[Path]:
    """Folders of models that come with this package and with other installed packages."""
    yield SHIPPED
    # Not imported if a model has been found already: it takes as long as loading one.
    from importlib.metadata import entry_points  # noqa: PLC0415

    for entry in entry_points(group=PACKAGES):
        # A removed package may have left its entry point behind.
        with suppress(ImportError):
            spec = find_spec(entry.value)
            folders = None if spec is None else spec.submodule_search_locations
            yield from map(Path, folders or ())


def model_folders(places: Iterable[Path]) -> Iterator[Path]:
    """The places that are models, and the models in them; unreadable places are skipped."""
    for place in places:
        for folder in (place, *(_children(place) or ())):
            if is_there(RunFolder(folder).config):
                yield folder


def _children(folder: Path) -> list[Path] | None:
    """The contents of a folder; None if it is not a folder, or unreadable."""
    try:
        return sorted(folder.iterdir())
    # ValueError is raised for a name that no file can have.
    except (OSError, ValueError):
        return None


def _variant_of_file(
    folder: Path, identifier: bytes, version: int | None, unreadable: list[UserError]
) -> str | None:
    """The variant with an identifier, or None; errors of reading are added to `unreadable`."""
    try:
        family, who = _family_in(folder)
        if version not in {None, family.format.version}:
            return None
        with explained_extras(who):
            there = family.variants(folder)
    except UserError as error:
        unreadable.append(error)
        return None
    for variant in there:
        try:
            with explained_extras(who):
                if family.identifier(folder, variant) == identifier:
                    return variant
        except UserError as error:
            unreadable.append(error)
    return None


def _listed(places: Iterable[Path]) -> str:
    return ", ".join(str(place) for place in places)


def start_digest(config: Mapping[str, Any], run: RunFolder | None = None) -> str | None:
    """The digest of the weights that a training starts from; None if it starts from random ones.

    Args:
        config: the resolved configuration of the training.
        run: the training's folder, if it has begun. Its own note of the digest takes precedence:
            the weights are no longer needed, and may have been deleted.

    Raises:
        UserError: the run to start from cannot be read.
    """
    if run is not None and run.start.is_file():
        return run.start.read_text(encoding="ascii").strip()
    start = config.get("start_from")
    return None if start is None else family_of(Path(start)).digest(Path(start)).hex()
