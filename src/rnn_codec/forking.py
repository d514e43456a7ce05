"""Set-up that a forked process must repeat: it does not inherit its parent's threads.

Whatever waits for such a thread in the child waits forever: code that gives it work, and code that
tears down the object that owns it.
"""

import ctypes
import os
import sys
from collections.abc import Callable
from functools import cache
from weakref import WeakMethod

_ANEW: "list[WeakMethod[Callable[[], None]]]" = []
"""Methods of objects with threads, for as long as the objects live."""


@cache
def survive_forks() -> None:
    """Make processes that are forked from now on work without their parent's threads."""
    # Windows does not fork.
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=_begin_anew)


def anew_in_child(method: Callable[[], None]) -> None:
    """Call a method of an object in every process that is forked from now on."""
    survive_forks()
    _ANEW[:] = [known for known in _ANEW if known() is not None]
    _ANEW.append(WeakMethod(method))


def leave_behind(thing: object) -> None:
    """Never tear an object down, not even at exit: that would wait for its threads."""
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(thing))


def _begin_anew() -> None:
    for known in list(_ANEW):
        if (method := known()) is not None:
            method()
    # PyTorch hangs in a child that shares work among threads; a single thread shares nothing.
    torch = sys.modules.get("torch")
    if torch is not None and hasattr(torch, "set_num_threads"):
        torch.set_num_threads(1)
