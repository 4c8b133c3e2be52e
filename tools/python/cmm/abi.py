"""The C functions of an allocator library as ctypes sees them: the mirror of include/cmm/torch/abi.hpp."""

import ctypes
from typing import Any

MAGIC = b"cmmtorch"
ABI_VERSION = 2


class Description(ctypes.Structure):
    """`cmm_torch_description`: what a library is."""

    _fields_ = (
        ("magic", ctypes.c_char * 8),
        ("abi", ctypes.c_int),
        ("cuda_runtime", ctypes.c_int),
        ("version", ctypes.c_char_p),
        ("platform", ctypes.c_char_p),
        ("recipe", ctypes.c_char_p),
        ("overrides", ctypes.c_char_p),
        ("caches", ctypes.c_int),
    )


class Usage(ctypes.Structure):
    """`cmm_torch_usage`: what a library counted, in bytes and blocks."""

    _fields_ = tuple(
        (name, ctypes.c_uint64)
        for name in (
            "live_bytes",
            "peak_bytes",
            "total_bytes",
            "live_blocks",
            "peak_blocks",
            "total_blocks",
            "failed",
            "skipped_hints",
            "reserved_bytes",
            "peak_reserved_bytes",
            "cached_bytes",
            "parked_bytes",
            "fast_bytes",
            "limit_bytes",
            "limit_used_bytes",
        )
    )


class Location(ctypes.Structure):
    """`cmm_torch_location`: where pages live."""

    _fields_ = (("kind", ctypes.c_int), ("id", ctypes.c_int))


class Place(ctypes.Structure):
    """`cmm_torch_place`: so many bytes at one location."""

    _fields_ = (("where", Location), ("bytes", ctypes.c_uint64))


Thrower = ctypes.c_void_p  # void (*)(const char*), which throws: its address alone is passed on

_data, _size, _int, _stream = ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_void_p
_list, _sizes = ctypes.POINTER(_data), ctypes.POINTER(_size)

# Result and arguments; those without arguments take C++ objects, so that only PyTorch can call them.
FUNCTIONS: dict[str, tuple[Any, list[Any] | None]] = {
    "cmm_torch_allocate": (_data, [_size, _int, _stream]),
    "cmm_torch_allocate_segment": (_data, [_size, _int, _stream]),
    "cmm_torch_free": (None, [_data, _size, _int, _stream]),
    "cmm_torch_init": (None, [_int]),
    "cmm_torch_empty_cache": (None, []),
    "cmm_torch_set_memory_fraction": (None, [ctypes.c_double, _int]),
    "cmm_torch_base_allocation": (_data, [_data, ctypes.POINTER(_size)]),
    "cmm_torch_record_stream": (None, [_data, _stream]),
    "cmm_torch_begin_allocate_to_pool": (None, None),
    "cmm_torch_end_allocate_to_pool": (None, None),
    "cmm_torch_release_pool": (None, None),
    "cmm_torch_describe": (ctypes.POINTER(Description), []),
    "cmm_torch_last_error": (ctypes.c_char_p, []),
    "cmm_torch_usage_of": (_int, [_int, ctypes.POINTER(Usage)]),
    "cmm_torch_reset_peaks": (_int, []),
    "cmm_torch_residency": (
        _int,
        [_data, _size, _int, ctypes.POINTER(Place), _size, ctypes.POINTER(_size)],
    ),
    "cmm_torch_prefetch": (_int, [_data, _size, Location, _int, _stream]),
    "cmm_torch_advise": (_int, [_data, _size, _int, _int, Location, _int]),
    "cmm_torch_discard": (_int, [_data, _size, _int, _stream]),
    "cmm_torch_prefetch_batch": (_int, [_list, _sizes, _size, Location, _int, _stream]),
    "cmm_torch_discard_batch": (_int, [_list, _sizes, _size, Location, _int, _stream]),
    "cmm_torch_on_out_of_memory": (None, [Thrower]),
}


def declare(library: ctypes.CDLL) -> None:
    """Tell ctypes the types of every function that Python may call."""
    for name, (result, arguments) in FUNCTIONS.items():
        function = getattr(library, name)
        function.restype = result
        if arguments is not None:
            function.argtypes = arguments
