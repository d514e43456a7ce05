"""Names for what configurations and model folders are made of: cells, networks, losses and so on.

A configuration describes a part by its name and its options:

    {"name": "transform", "depth": 128, "cell": {"name": "gru"}}

Models are files that people send each other. So a name stands for what has been registered under
it, in the package of its kind or by the program that imports this one, and for nothing else.
"""

import importlib
import pkgutil
from collections.abc import Callable, Mapping
from functools import cached_property, partial
from typing import Any, Generic, TypeVar, cast

from rnn_codec.errors import UserError, reason

T = TypeVar("T")

NAME = "name"
"""The option of a description that holds the name."""


class Registry(Generic[T]):
    """The parts of one kind, by name.

    Args:
        kind: what messages call them.
        package: in which they are defined: its modules are imported when a name is first asked for.
        parts: registries of the parts that these are made of, by the option that describes one.
        deferred: whether a description stands for a function that builds, or computes, later: it is
            given the options of the description, and the caller adds what is left.

    Example:
        >>> shapes = Registry("shape", "rnn_codec.cells")
        >>> @shapes.register("square")
        ... class Square:
        ...     def __init__(self, side: int) -> None:
        ...         self.side = side
        >>> shapes.build({"name": "square", "side": 3}).side
        3
    """

    def __init__(
        self,
        kind: str,
        package: str,
        parts: "Mapping[str, Registry[Any]] | None" = None,
        deferred: bool = False,
    ) -> None:
        self.kind, self.deferred = kind, deferred
        self.parts = dict(parts or {})
        self._package = package
        self._registered: dict[str, T] = {}

    def register(self, name: str) -> Callable[[T], T]:
        """A decorator that gives a class or a function a name; `ValueError` if another has it."""

        def registered(part: T) -> T:
            if self._registered.setdefault(name, part) is not part:
                raise ValueError(f"there is a {self.kind} {name} already")
            return part

        return registered

    def __getitem__(self, name: Any) -> T:
        """What a name stands for; `UserError` if it is nothing."""
        # A description from a file may have anything for a name, also what no key can be.
        if not isinstance(name, str) or name not in self.names():
            raise UserError(f"there is no {self.kind} {name}: there are {', '.join(self.names())}")
        return self._registered[name]

    def names(self) -> list[str]:
        """All names, sorted."""
        self._imported  # noqa: B018
        return sorted(self._registered)

    def build(self, description: Any) -> Any:
        """What a description stands for, with the parts that it is made of.

        Raises:
            UserError: it describes none, or an option has a value that it cannot have.
        """
        if not isinstance(description, Mapping) or NAME not in description:
            raise UserError(f"the configuration describes no {self.kind}")
        part = cast(Callable[..., Any], self[description[NAME]])
        options = {
            option: self.parts[option].build(value) if option in self.parts else value
            for option, value in description.items()
            if option != NAME
        }
        try:
            return partial(part, **options) if self.deferred else part(**options)
        # A value that no layer can have ends in whatever PyTorch raises.
        except Exception as error:
            raise UserError(reason(error)) from error

    @cached_property
    def _imported(self) -> bool:
        """Whether the modules of the package have been imported: they register what they define."""
        package = importlib.import_module(self._package)
        for module in pkgutil.iter_modules(package.__path__, f"{self._package}."):
            importlib.import_module(module.name)
        return True
