"""What the arguments of functions and classes say about options."""

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
"""The type of an argument that does not change what a training results in: where things are, what
is shown, how fast it is. It takes no part in the training's identity."""


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
    """What declares the arguments: a class may pass some on to those it is made of."""
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
    """The names of all arguments that are declared, but for the object itself."""
    variable = {inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD}
    return [
        name
        for function in functions(target)
        for name, parameter in inspect.signature(function).parameters.items()
        if parameter.kind not in variable and name != "self"
    ]


def takes(target: Callable[..., Any], argument: str) -> bool:
    """Whether there is an argument of a name."""
    return argument in arguments(target) or takes_any(functions(target)[-1])


def takes_any(function: Callable[..., Any]) -> bool:
    """Whether a function takes arguments of any name."""
    kinds = {parameter.kind for parameter in inspect.signature(function).parameters.values()}
    return inspect.Parameter.VAR_KEYWORD in kinds
