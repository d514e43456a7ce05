"""Options, as the arguments of functions and classes declare them."""

import inspect
from collections.abc import Callable
from dataclasses import is_dataclass
from typing import Annotated, Any, TypeAlias, TypeVar, get_args, get_type_hints

from pydantic import Field

T = TypeVar("T")

Count = Annotated[int, Field(ge=1)]
Share = Annotated[float, Field(ge=0, le=1)]

_INCIDENTAL = "incidental"
Incidental: TypeAlias = Annotated[T, _INCIDENTAL]
"""The type of an argument that does not change the result of a training: paths, output, speed. It
is not part of the training's identity."""


def incidental(target: Callable[..., Any]) -> frozenset[str]:
    """The arguments that are `Incidental`.

    Example:
        >>> def load(root: Incidental[str], size: int) -> None: ...
        >>> incidental(load)
        frozenset({'root'})
    """
    hints = (get_type_hints(function, include_extras=True) for function in functions(target))
    pairs = (pair for found in hints for pair in found.items())
    return frozenset(name for name, hint in pairs if _INCIDENTAL in get_args(hint))


def functions(target: Callable[..., Any]) -> list[Callable[..., Any]]:
    """The functions that declare the arguments: a class may pass some on to its base classes."""
    if not inspect.isclass(target) or is_dataclass(target):
        return [target]
    found = []
    for kind in target.__mro__:
        if "__init__" in vars(kind):
            found.append(vars(kind)["__init__"])
            if not takes_any(found[-1]):
                break
    return found


def arguments(target: Callable[..., Any]) -> list[str]:
    """The names of all declared arguments except `self`."""
    variable = {inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD}
    return [
        name
        for function in functions(target)
        for name, parameter in inspect.signature(function).parameters.items()
        if parameter.kind not in variable and name != "self"
    ]


def takes(target: Callable[..., Any], argument: str) -> bool:
    """Whether a function or class takes an argument of that name."""
    return argument in arguments(target) or takes_any(functions(target)[-1])


def takes_any(function: Callable[..., Any]) -> bool:
    """Whether a function takes keyword arguments of any name."""
    kinds = {parameter.kind for parameter in inspect.signature(function).parameters.values()}
    return inspect.Parameter.VAR_KEYWORD in kinds
