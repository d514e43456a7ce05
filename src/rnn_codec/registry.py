"""Names of the parts of configurations and model folders: cells, networks, losses and so on.

A configuration describes a part by its name and its options:

    {"name": "transform", "depth": 128, "cell": {"name": "gru"}}

People send each other models. So a name refers only to what has been registered under it, in the
package of its kind or by the program that imports this package.
"""

import importlib
import pkgutil
from collections.abc import Callable, Mapping
from functools import cached_property, partial
from typing import Any, Generic, TypeVar, cast

from rnn_codec.errors import UserError, reason

T = TypeVar("T")

NAME = "name"
"""The key of the name in a description."""


class Registry(Generic[T]):
    """The parts of one kind, by name.

    Args:
        kind: what messages call a part.
        package: where the parts are defined; its modules are imported when a name is first used.
        parts: registries of the parts that these parts contain, by the option that describes them.
        deferred: whether `build` returns a function with the described options bound; the caller
            passes the remaining arguments.

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
        """A decorator that registers a class or a function; `ValueError` if the name is taken."""

        def registered(part: T) -> T:
            if self._registered.setdefault(name, part) is not part:
                raise ValueError(f"the {self.kind} {name} is already registered")
            return part

        return registered

    def __getitem__(self, name: Any) -> T:
        """The part of a name; `UserError` if there is none."""
        # In a description from a file the name may be anything, even something unhashable.
        if not isinstance(name, str) or name not in self.names():
            raise UserError(f"there is no {self.kind} {name}: there are {', '.join(self.names())}")
        return self._registered[name]

    def names(self) -> list[str]:
        """All names, sorted."""
        self._imported  # noqa: B018
        return sorted(self._registered)

    def build(self, description: Any) -> Any:
        """Build the part that a description names, with the parts that it contains.

        Raises:
            UserError: the description names no part, or an option has an invalid value.
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
        # An invalid value makes PyTorch raise all kinds of errors.
        except Exception as error:
            raise UserError(reason(error)) from error

    @cached_property
    def _imported(self) -> bool:
        """Import the modules of the package, once: they register what they define."""
        package = importlib.import_module(self._package)
        for module in pkgutil.iter_modules(package.__path__, f"{self._package}."):
            importlib.import_module(module.name)
        return True
