"""Hydra's errors about a command line, rewritten as one sentence that says what to write."""

import os
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext

from hydra import compose, initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from hydra.core.object_type import ObjectType
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from hydra.errors import HydraException, MissingConfigException, OverrideParseException
from omegaconf import DictConfig
from omegaconf.errors import OmegaConfBaseException

from rnn_codec.composition.folder import configuration_folder
from rnn_codec.composition.names import no_option
from rnn_codec.errors import UserError, reason
from rnn_codec.overrides import hint

NO_CHOICE = "Config group override must be a string or a list"
"""Beginning of Hydra's message about an invalid choice, which is a plain ValueError."""
FORM = "options are written name=value"


@contextmanager
def explained_composition(name: str, words: Sequence[str]) -> Iterator[None]:
    """Say in one sentence why Hydra cannot compose a configuration.

    Args:
        name: name of the configuration.
        words: the words from which it is composed.

    Raises:
        UserError: Hydra or OmegaConf has raised an error. With HYDRA_FULL_ERROR=1 their own error
            is raised instead.
    """
    try:
        yield
    except (HydraException, OmegaConfBaseException, ValueError) as error:
        unusual = isinstance(error, ValueError) and not str(error).startswith(NO_CHOICE)
        if isinstance(error, UserError) or unusual or os.environ.get("HYDRA_FULL_ERROR") == "1":
            raise
        with _started():
            raise UserError(sentence(error, name, words)) from error


def _started() -> AbstractContextManager[object]:
    """A context in which Hydra runs: it is started again if it has ended."""
    if GlobalHydra.instance().is_initialized():
        return nullcontext()
    return initialize_config_dir(str(configuration_folder()), version_base="1.3")


def sentence(error: Exception, name: str, words: Sequence[str]) -> str:
    """The message about what is wrong with the words. Hydra must have been started."""
    if isinstance(error, OverrideParseException):
        return unreadable(error.override)
    if isinstance(error, MissingConfigException) and error.options:
        return missing_choice(str(error.missing_cfg_file), error.options)
    for pattern, explain in EXPLAINED.items():
        if found := re.match(pattern, str(error)):
            return explain(found, name, words)
    cause = f": {reason(error.__cause__)}" if error.__cause__ is not None else ""
    return reason(error).removesuffix(".") + cause


def unreadable(word: str) -> str:
    """The message that a word does not fit Hydra's grammar.

    >>> print(unreadable("~/x"))
    ~/x cannot be read: options are written name=value
    >>> print(unreadable("name=a b"))
    name=a b cannot be read: a text with special characters is written 'name='"'"'a b'"'"''
    """
    name, equals, value = word.partition("=")
    if not equals or not re.fullmatch(r"[+~]*[\w./@]+", name):
        return f"{word} cannot be read: {FORM}"
    return f"{word} cannot be read: a text with special characters is written {hint(name, value)}"


def missing_choice(place: str, choices: Sequence[str]) -> str:
    """The message that a group has no option of that name.

    >>> print(missing_choice("cell/nope", ["gru", "lstm"]))
    there is no cell=nope: cell is one of gru, lstm
    >>> print(missing_choice("cell/", ["gru", "lstm"]))
    cell is empty: it is one of gru, lstm
    """
    group, _, choice = place.rpartition("/")
    listed = ", ".join(choices)
    if not choice:
        return f"{group} is empty: it is one of {listed}"
    return f"there is no {group}={choice}: {group} is one of {listed}"


def no_choice(_: re.Match[str], __: str, words: Sequence[str]) -> str:
    """The message that a group is set to something other than a name, such as null."""
    for word in words:
        override = OverridesParser.create().parse_override(word)
        values = override.sweep_iterator() if override.is_sweep_override() else [override.value()]
        choices = group_options(override.key_or_group)
        for value in values:
            if choices and not isinstance(value, str | list):
                written = "null" if value is None else value
                group = override.key_or_group
                return f"{group} cannot be {written}: it is one of {', '.join(choices)}"
        if not override.key_or_group:
            return unreadable(word)
    return "a group is set to something other than a name"


def unknown(found: re.Match[str], name: str, words: Sequence[str]) -> str:
    """The message that there is no option or group of that name."""
    return str(no_option(found["name"], known_by_words(name, words)))


def there_already(found: re.Match[str], _: str, words: Sequence[str]) -> str:
    """The message that an added option already exists."""
    word = next((word for word in words if word.startswith(f"+{found['name']}=")), "")
    return f"{found['name']} already exists: write {word.removeprefix('+')}"


def several(found: re.Match[str], _: str, __: Sequence[str]) -> str:
    """The message that a word has several values, but the command is no multirun."""
    name, _, value = found["word"].partition("=")
    return (
        f"{found['word']} has several values: write {name}=[{value}] for a list, "
        f"{hint(name, value)} for a text, or --multirun for one job per value"
    )


def not_deleted(found: re.Match[str], name: str, words: Sequence[str]) -> str:
    """The message that `~` removes an option that does not exist."""
    if not found["name"]:
        return unreadable("~")
    return unknown(found, name, words)


EXPLAINED: dict[str, Callable[[re.Match[str], str, Sequence[str]], str]] = {
    NO_CHOICE: no_choice,
    r"Could not override '(?P<name>[^']*)'": unknown,
    r"Could not append to config. An item is already at '(?P<name>[^']*)'": there_already,
    r"Multiple values for (?P<name>[^ ]*)\. ": there_already,
    r"(?P<name>[^ ]*) appears more than once": there_already,
    r"Ambiguous value for argument '(?P<word>.*)'": several,
    r"Could not delete (from config. )?'(?P<name>[^'=]*)": not_deleted,
}
"""Functions that write the message, by patterns of the beginning of Hydra's message."""


def group_options(group: str) -> list[str]:
    """The options of a group; empty if there is no such group."""
    loader = GlobalHydra.instance().config_loader()
    options: list[str] = loader.get_group_options(group.partition("@")[0], ObjectType.CONFIG)
    return options if group else []


def known_by_words(name: str, words: Sequence[str]) -> DictConfig:
    """The known options with the groups that words choose, or the defaults if that fails."""

    def chooses(override: Override) -> bool:
        value = override.value()
        return isinstance(value, str) and value in group_options(override.key_or_group)

    parser = OverridesParser.create()
    parsed = [parser.parse_override(word) for word in words]
    chosen = [str(override.input_line) for override in parsed if chooses(override)]
    try:
        return compose(name, chosen)
    except HydraException:
        return compose(name)
