"""A device of its own that needs no hardware: tensors on it cannot be mixed with those of the CPU.

What a GPU refuses is refused here, too, so that training code for GPUs is tested without one. It
computes on the CPU, so results must be the same bit for bit.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import torch
from lightning.pytorch.accelerators import Accelerator, AcceleratorRegistry
from lightning.pytorch.strategies import SingleDeviceStrategy, StrategyRegistry
from torch import Tensor
from torch.utils import backend_registration
from torch.utils._python_dispatch import TorchDispatchMode

ELSEWHERE = "elsewhere:0"
"""The device."""
COPIES = ("aten::copy_", "aten::_to_copy", "aten::to")
"""The operators that take tensors of two devices."""


class Remote(Tensor):
    """A tensor on that device, which holds its values; it counts how many are made."""

    made = 0
    held: Tensor
    __torch_function__ = torch._C._disabled_torch_function_impl

    def __new__(cls, held: Tensor) -> "Remote":
        found: Remote = torch.Tensor._make_wrapper_subclass(
            cls,
            held.shape,
            strides=held.stride(),
            storage_offset=held.storage_offset(),
            dtype=held.dtype,
            device=torch.device(ELSEWHERE),
        )
        found.held = held
        cls.made += 1
        return found

    @classmethod
    def __torch_dispatch__(
        cls, func: Any, types: Sequence[type], args: Any = (), kwargs: Any = None
    ) -> Any:
        return computed(func, args, kwargs or {})

    def tolist(self) -> Any:
        return self.held.tolist()

    def __reduce_ex__(self, protocol: Any) -> Any:
        return self.held.__reduce_ex__(protocol)

    def numpy(self, *, force: bool = False) -> Any:
        raise TypeError("this tensor is not on the CPU: copy it with Tensor.cpu() first")


class Elsewhere(TorchDispatchMode):
    """Lets new tensors be made on that device."""

    def __torch_dispatch__(
        self, func: Any, types: Sequence[type], args: Any = (), kwargs: Any = None
    ) -> Any:
        return computed(func, args, kwargs or {})


def computed(operator: Any, args: Any, kwargs: dict[str, Any]) -> Any:
    """Apply an operator to what its arguments hold."""
    leaves = [*_leaves(args), *_leaves(kwargs.values())]
    tensors = [leaf for leaf in leaves if isinstance(leaf, Tensor)]
    name = operator._schema.name
    if name not in COPIES:
        check_devices(name, tensors)
    is_remote = is_elsewhere(name, leaves, tensors)
    if not is_remote and not any(isinstance(tensor, Remote) for tensor in tensors):
        return operator(*args, **kwargs)
    # Operators in place return their argument.
    known = {id(tensor.held): tensor for tensor in tensors if isinstance(tensor, Remote)}

    def wrapped(result: Any) -> Any:
        if not isinstance(result, Tensor) or not is_remote:
            return result
        return known[id(result)] if id(result) in known else Remote(result)

    # Tensors of inference cannot be wrapped.
    with torch.inference_mode(False):
        held = {key: _mapped(_held, value) for key, value in kwargs.items()}
        return _mapped(wrapped, operator(*_mapped(_held, args), **held))


def check_devices(name: str, tensors: Sequence[Tensor]) -> None:
    """Numbers in tensors of the CPU can be combined with all devices, as on a GPU."""
    there = any(isinstance(tensor, Remote) for tensor in tensors)
    here = any(tensor.dim() > 0 for tensor in tensors if not isinstance(tensor, Remote))
    if there and here:
        raise RuntimeError(f"{name}: expected all tensors to be on the same device")


def is_elsewhere(name: str, leaves: Sequence[Any], tensors: Sequence[Tensor]) -> bool:
    """Whether the results of an operator are on that device."""
    if name == "aten::copy_":
        return isinstance(leaves[0], Remote)
    for leaf in leaves:
        if isinstance(leaf, torch.device):
            return leaf.type == torch.device(ELSEWHERE).type
    return any(isinstance(tensor, Remote) for tensor in tensors)


def _held(value: Any) -> Any:
    if isinstance(value, Remote):
        return value.held
    if isinstance(value, torch.device):
        return torch.device("cpu")
    return value


def _leaves(values: Iterable[Any]) -> Iterator[Any]:
    for value in values:
        if isinstance(value, list | tuple):
            yield from _leaves(value)
        else:
            yield value


def _mapped(function: Callable[[Any], Any], value: Any) -> Any:
    """Apply a function to the leaves of lists and tuples."""
    if isinstance(value, list | tuple):
        return type(value)(_mapped(function, each) for each in value)
    return function(value)


class Backend(backend_registration._DummyBackendModule):
    """What PyTorch asks of a device."""

    def get_amp_supported_dtype(self) -> list[torch.dtype]:
        return [torch.bfloat16]


class ElsewhereAccelerator(Accelerator):
    """The device in Lightning, which exists during a training.

    Select it with `trainer.accelerator=elsewhere trainer.strategy=elsewhere`.
    """

    def setup_device(self, device: torch.device) -> None:
        self.mode = Elsewhere()
        self.mode.__enter__()
        # `torch.tensor` would otherwise look for memory on the device itself.
        torch._C._set_only_lift_cpu_tensors(True)

    def teardown(self) -> None:
        torch._C._set_only_lift_cpu_tensors(False)
        self.mode.__exit__(None, None, None)

    def get_device_stats(self, device: torch.device | str | int) -> dict[str, Any]:
        return {}

    @staticmethod
    def parse_devices(devices: Any) -> int:
        return int(devices)

    @staticmethod
    def get_parallel_devices(devices: int) -> list[torch.device]:
        return [torch.device(ELSEWHERE)]

    @staticmethod
    def auto_device_count() -> int:
        return 1

    @staticmethod
    def is_available() -> bool:
        return True

    @staticmethod
    def name() -> str:
        return "elsewhere"


def register() -> None:
    """Make the device known, once in a process that has trained nothing yet.

    PyTorch starts the threads of its backward passes for the devices known then.
    """
    backend_registration._setup_privateuseone_for_python_backend(
        "elsewhere", backend_module=Backend()
    )
    AcceleratorRegistry.register("elsewhere", ElsewhereAccelerator)
    # Without it, Lightning would train on the CPU.
    StrategyRegistry.register("elsewhere", SingleDeviceStrategy, device=ELSEWHERE)
