"""Objects that outlive the interpreter."""

import ctypes
from typing import Any


def keep_forever(thing: Any) -> None:
    """Never destroy this object, not even when the interpreter ends.

    The C++ destructors of a MemPool and of a pluggable allocator call into CUDA, which may have shut down
    by then, and invalidate tensors that still live (pytorch#145168, #146431).
    """
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(thing))
