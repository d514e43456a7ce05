"""Builds what Hydra configurations describe; the library itself takes plain arguments.

Before anything is built, every option is checked against the type of the argument that it sets.
"""

import json
from collections.abc import Callable
from typing import Any, TypeVar, get_type_hints

import hydra.utils
from hydra.errors import InstantiationException
from omegaconf import DictConfig, ListConfig, OmegaConf
from pydantic import ConfigDict, TypeAdapter, ValidationError
from pydantic.errors import PydanticUserError
from pydantic_core import ErrorDetails

from rnn_codec.errors import InvalidOptionError, UserError, reason
from rnn_codec.nearest import did_you_mean
from rnn_codec.overrides import hint, literals
from rnn_codec.registry import NAME, Registry
from rnn_codec.signatures import arguments, functions, takes

T = TypeVar("T")

WITHOUT_TYPE = TypeAdapter(Any)
ARBITRARY = ConfigDict(arbitrary_types_allowed=True)
"""Some types, such as tensors, have no JSON form; a union may contain others that do."""


def instantiate(node: DictConfig, **arguments: Any) -> Any:
    """Build what a node describes, with further arguments, whose texts are taken literally.

    Raises:
        UserError: the class does not accept the value or the name of an option.
    """
    check_types(node)
    try:
        # Hydra interpolates the results of interpolations once more, hence the second escape.
        described, added = (literals(literals(part)) for part in (plain(node), arguments))
        return hydra.utils.instantiate(described, **added)
    except InstantiationException as error:
        if isinstance(error.__cause__, UserError | ValueError | TypeError):
            raise UserError(str(error.__cause__)) from error
        raise


def build(registry: Registry[Any], node: DictConfig) -> Any:
    """Build the registered part that a node names; raises the same errors as `check_types`."""
    check_types(node, registry)
    return registry.build(plain(node))


def options(kind: type[T], node: DictConfig) -> T:
    """The options of a node and its groups, as an instance of the dataclass that declares them.

    Raises:
        UserError: an option is missing, or has an invalid value.
    """
    content = plain(node)
    try:
        return TypeAdapter(kind).validate_json(_as_json(content), strict=True)
    except ValidationError as error:
        wrong = error.errors()[0]
        path: list[str] = []
        value: Any = content
        # For a union, the location ends with the type that was tried.
        for key in map(str, wrong["loc"]):
            if not isinstance(value, dict):
                break
            path.append(key)
            value = value.get(key)
        raise _refusal(_full_name(node, ".".join(path)), value, wrong) from error


def check_types(node: DictConfig, registry: Registry[Any] | None = None) -> None:
    """Check each option against the type of the argument that it sets.

    Args:
        node: describes what is to be built.
        registry: where its name is looked up; None if it names a class of another package.

    Raises:
        UserError: a value has the wrong type, or there is no such argument.
    """
    target = target_of(node) if registry is None else registry[node.get(NAME)]
    for name in map(str, node):
        value, full_name = node[name], _full_name(node, name)
        says_what = name.startswith("_") if registry is None else name == NAME
        if isinstance(value, DictConfig):
            check_types(value, None if registry is None else registry.parts.get(name))
        elif target is not None and not says_what:
            if not takes(target, name):
                raise InvalidOptionError(
                    f"{full_name} is not an option of {target.__name__} in {target.__module__}"
                    + did_you_mean(name, arguments(target))
                )
            _check_type(full_name, value, _adapter(target, name))


def target_of(node: DictConfig) -> Callable[..., Any] | None:
    """The class or function that builds a node; None if the node does not name one."""
    if "_target_" not in node:
        return None
    try:
        target = hydra.utils.get_object(str(node._target_))
    except (ImportError, ValueError) as error:
        raise InvalidOptionError(f"there is no {node._target_}: {reason(error)}") from error
    if not callable(target):
        raise InvalidOptionError(f"{_full_name(node, '_target_')}={node._target_} is not callable")
    return target


def _full_name(node: DictConfig, name: str) -> str:
    return ".".join(part for part in (node._get_full_key(None), name) if part)


def _adapter(target: Callable[..., Any], argument: str) -> TypeAdapter[Any]:
    """The validator of an argument's values; without a type to check, it accepts any value."""
    for function in functions(target):
        try:
            hints = get_type_hints(function, include_extras=True)
        except NameError:
            # Some types are imported for type checkers alone.
            continue
        if argument in hints:
            try:
                return TypeAdapter(hints[argument], config=ARBITRARY)
            except PydanticUserError:
                break
    return WITHOUT_TYPE


def _check_type(option: str, value: Any, adapter: TypeAdapter[Any]) -> None:
    content = OmegaConf.to_container(value) if OmegaConf.is_config(value) else value
    try:
        adapter.validate_json(_as_json(content), strict=True)
    except ValidationError as error:
        raise _refusal(option, content, error.errors()[0]) from error


def _as_json(content: Any) -> str:
    """JSON for pydantic: there it is strict, but takes a list for a tuple, and 1 for a float."""
    # File names may contain bytes that are not valid text.
    return json.dumps(content, ensure_ascii=False).encode(errors="replace").decode()


def _refusal(option: str, value: Any, wrong: ErrorDetails) -> InvalidOptionError:
    """The error for a value that pydantic rejects, in one sentence."""
    text = _as_json(value)
    words = wrong["msg"].removeprefix("Value error, ").replace("Field required", "it must be set")
    wanted = words.replace("Input should be", "it must be")
    if wrong["type"] == "string_type" and isinstance(value, int | float):
        # A folder may be called 2024, which Hydra reads as a number.
        wanted += f"; write {hint(option, text)}"
    return InvalidOptionError(f"{option} cannot be {text}: {wanted}")


def as_list(value: Any) -> list[Any]:
    """The values of an option that takes several; a single value is a list of one, null is empty.

    Example:
        >>> as_list("webp"), as_list(["webp", "avif"]), as_list(None)
        (['webp'], ['webp', 'avif'], [])
    """
    if value is None:
        return []
    return list(value) if isinstance(value, list | ListConfig) else [value]


def plain(config: DictConfig) -> dict[str, Any]:
    """A configuration as plain dictionaries, with all interpolations resolved."""
    container = OmegaConf.to_container(config, resolve=True)
    assert isinstance(container, dict)
    return {str(key): value for key, value in container.items()}
