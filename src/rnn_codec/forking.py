"""What a process that was forked off does anew: its parent's threads do not come with it.

Whatever waits for one of them waits for ever: who gives it work, as much as who tears down what it
belongs to.
"""

import ctypes
import os
import sys
from collections.abc import Callable
from functools import cache
from weakref import WeakMethod

_ANEW: "list[WeakMethod[Callable[[], None]]]" = []
"""Methods of what has threads, as long as there is such a thing."""


@cache
def survive_forks() -> None:
    """Have processes that are forked off from now on do without their parent's threads."""
    # Windows does not fork.
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=_begin_anew)


def anew_in_child(method: Callable[[], None]) -> None:
    """Have a method of an object called in every process that is forked off from now on."""
    survive_forks()
    _ANEW[:] = [known for known in _ANEW if known() is not None]
    _ANEW.append(WeakMethod(method))


def leave_behind(thing: object) -> None:
    """Never tear something down, not even when the process ends: it would wait for its threads."""
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(thing))


def _begin_anew() -> None:
    for known in list(_ANEW):
        if (method := known()) is not None:
            method()
    # PyTorch, if it is there, hangs in a child that shares work among threads. One does not share.
    torch = sys.modules.get("torch")
    if torch is not None and hasattr(torch, "set_num_threads"):
        torch.set_num_threads(1)
