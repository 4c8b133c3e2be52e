"""The C functions of a library of KV pages as ctypes sees them: the mirror of include/cmm/python/abi.hpp."""

import ctypes
from typing import Any

MAGIC = b"cmmkvpgs"
ABI_VERSION = 4

_int, _i32, _u32 = ctypes.c_int, ctypes.c_int32, ctypes.c_uint
_u64, _data, _text = ctypes.c_uint64, ctypes.c_void_p, ctypes.c_char_p


class Description(ctypes.Structure):
    """`cmm_kv_description`: what a library is."""

    _fields_ = (
        ("magic", ctypes.c_char * 8),
        ("abi", _int),
        ("cuda_runtime", _int),
        ("version", _text),
        ("platform", _text),
    )


class Piece(ctypes.Structure):
    """`cmm_kv_piece`: one piece of every page, in bytes."""

    _fields_ = (("offset", _u64), ("stride", _u64), ("bytes", _u64))


class LayoutFacts(ctypes.Structure):
    """`cmm_kv_layout_facts`."""

    _fields_ = (("slots", _i32), ("page_bytes", _u64), ("bytes", _u64))


class List(ctypes.Structure):
    """`cmm_kv_list`: the address of int32 numbers and how many there are."""

    _fields_ = (("pages", _data), ("count", _u64))


class Changes(ctypes.Structure):
    """`cmm_kv_changes`: what an engine tells of a step."""

    _fields_ = tuple((name, List) for name in ("idle", "dead", "dropped", "fresh", "hits", "written", "used"))


class Pairs(ctypes.Structure):
    """`cmm_kv_pairs`: pairs of slots, as the address of two int32 numbers for each."""

    _fields_ = (("slots", _data), ("count", _u64))


class Plan(ctypes.Structure):
    """`cmm_kv_plan`: what is copied in a step."""

    _fields_ = (("up", Pairs), ("down", Pairs), ("swap", Pairs), ("step", _u64))


class Counters(ctypes.Structure):
    """`cmm_kv_counters`: what a residency counted."""

    _fields_ = (
        *(
            (name, _u64)
            for name in (
                "live",
                "remote",
                "idle",
                "steps",
                "pages_up",
                "pages_down",
                "bytes_up",
                "bytes_down",
                "avoided",
                "refilled",
                "read",
                "read_remote",
            )
        ),
        ("remote_share", ctypes.c_double),
    )


class RangeWish(ctypes.Structure):
    """`cmm_kv_range_wish`: how memory is made."""

    _fields_ = (
        ("fast", _i32),
        ("device", _int),
        ("beyond_kind", _int),
        ("beyond_id", _int),
        ("also", ctypes.POINTER(_int)),
        ("others", _u64),
        ("background", _int),
        ("keep_when_full", _int),
        ("piece", _u64),
        ("stock", _data),
        ("pages", _i32),
        ("window_bytes", _u64),
        ("windows", ctypes.POINTER(_u32)),
    )


class StockWish(ctypes.Structure):
    """`cmm_kv_stock_wish`: memory that is made before it is mapped."""

    _fields_ = (
        ("bytes", _u64),
        ("piece", _u64),
        ("device", _int),
        ("where_kind", _int),
        ("where_id", _int),
    )


class RangeFacts(ctypes.Structure):
    """`cmm_kv_range_facts`."""

    _fields_ = (
        ("data", _data),
        ("bytes", _u64),
        ("ready_bytes", _u64),
        ("slots", _i32),
        ("fast", _i32),
        ("ready_slots", _i32),
        ("device", _int),
        ("skipped_hints", _u64),
        ("staged_first", _i32),
        ("staged", _i32),
    )


class MoverWish(ctypes.Structure):
    """`cmm_kv_mover_wish`: where slots are and how they are moved."""

    _fields_ = (
        ("fast_base", _data),
        ("beyond_base", _data),
        ("fast", _i32),
        ("device", _int),
        ("rows", _text),
        ("ctas", _u32),
    )


class MoverCounts(ctypes.Structure):
    """`cmm_kv_mover_counts`: what a mover has done."""

    _fields_ = tuple(
        (name, _u64)
        for name in (
            "plans",
            "pages_up",
            "pages_down",
            "swapped",
            "bytes_up",
            "bytes_down",
            "kernels",
            "copies",
            "waits",
        )
    )


_to = ctypes.POINTER
_handle, _made = ctypes.c_void_p, _to(ctypes.c_void_p)

# Result and arguments.
FUNCTIONS: dict[str, tuple[Any, list[Any]]] = {
    "cmm_kv_describe": (_to(Description), []),
    "cmm_kv_last_error": (_text, []),
    "cmm_kv_layout_make": (_int, [_to(Piece), _u64, ctypes.c_int64, _made]),
    "cmm_kv_layout_free": (None, [_handle]),
    "cmm_kv_layout_tell": (_int, [_handle, _to(LayoutFacts)]),
    "cmm_kv_layout_fast_within": (_int, [_handle, _u64, _to(_i32)]),
    "cmm_kv_residency_make": (_int, [_i32, _i32, _u64, _text, _i32, _int, _made]),
    "cmm_kv_residency_free": (None, [_handle]),
    "cmm_kv_residency_adopt": (_int, [_handle, _i32, _i32]),
    "cmm_kv_residency_step": (_int, [_handle, _to(Changes), _to(Plan)]),
    "cmm_kv_residency_step_lists": (_int, [_handle, _to(Changes), ctypes.py_object, _to(Plan)]),
    "cmm_kv_residency_refill": (_int, [_handle, _i32, _to(Plan)]),
    "cmm_kv_residency_translate": (_int, [_handle, _data, _u64, _data]),
    "cmm_kv_residency_translate_lists": (_int, [_handle, ctypes.py_object, ctypes.py_object]),
    "cmm_kv_residency_grow": (
        _int,
        [_handle, *[ctypes.py_object] * 4, ctypes.c_int64, ctypes.py_object, _to(List)],
    ),
    "cmm_kv_residency_translate_gained": (_int, [_handle, ctypes.py_object, ctypes.py_object]),
    "cmm_kv_residency_slots": (_int, [_handle, _to(List)]),
    "cmm_kv_residency_moved": (_int, [_handle, _to(List)]),
    "cmm_kv_residency_count": (_int, [_handle, _to(Counters)]),
    "cmm_kv_stock_make": (_int, [_to(StockWish), _made]),
    "cmm_kv_stock_free": (None, [_handle]),
    "cmm_kv_stock_tell": (_int, [_handle, _to(_u64)]),
    "cmm_kv_range_make": (_int, [_handle, _to(RangeWish), _made]),
    "cmm_kv_range_free": (None, [_handle]),
    "cmm_kv_range_tell": (_int, [_handle, _to(RangeFacts)]),
    "cmm_kv_range_text": (_text, [_handle]),
    "cmm_kv_range_wait": (_int, [_handle, _i32]),
    "cmm_kv_mover_make": (_int, [_handle, _to(MoverWish), _made]),
    "cmm_kv_mover_free": (None, [_handle]),
    "cmm_kv_mover_run": (_int, [_handle, _to(Plan), _data, _int]),
    "cmm_kv_mover_count": (_int, [_handle, _to(MoverCounts)]),
}


def declare(library: ctypes.CDLL) -> None:
    """Tell ctypes the types of every function."""
    for name, (result, arguments) in FUNCTIONS.items():
        function = getattr(library, name)
        function.restype = result
        function.argtypes = arguments
