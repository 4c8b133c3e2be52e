"""What a shared library exports and needs, read from its file: nothing of it runs."""

import dataclasses
import struct
from pathlib import Path

from ..errors import Error

_SYMBOLS, _DYNAMIC = 11, 6  # types of sections: SHT_DYNSYM, SHT_DYNAMIC
_NEEDED, _RPATH, _RUNPATH = 1, 15, 29  # tags of the dynamic section
_LOCAL = 0  # a symbol's binding
_SHARED_OBJECT = 3


@dataclasses.dataclass(frozen=True)
class SharedObject:
    """The dynamic part of a shared library."""

    exports: frozenset[str]
    needed: tuple[str, ...]
    search_path: str
    """DT_RPATH or DT_RUNPATH, or empty."""


@dataclasses.dataclass(frozen=True)
class _Section:
    kind: int
    content: bytes
    link: int


def _sections(image: bytes) -> list[_Section]:
    (table,) = struct.unpack_from("<Q", image, 40)
    size, count = struct.unpack_from("<HH", image, 58)
    sections = []
    for index in range(count):
        _, kind, _, _, offset, length, link = struct.unpack_from("<IIQQQQI", image, table + index * size)
        sections.append(_Section(kind, image[offset : offset + length], link))
    return sections


def _text(table: bytes, offset: int) -> str:
    return table[offset : table.index(b"\0", offset)].decode()


def _read(image: bytes) -> SharedObject:
    sections = _sections(image)
    exports: set[str] = set()
    dynamic: dict[int, list[str]] = {}
    for section in sections:
        if section.kind == _SYMBOLS:
            for name, info, _, defined_in, _, _ in struct.iter_unpack("<IBBHQQ", section.content):
                if defined_in and info >> 4 != _LOCAL:
                    exports.add(_text(sections[section.link].content, name))
        elif section.kind == _DYNAMIC:
            for tag, value in struct.iter_unpack("<qQ", section.content):
                if tag in (_NEEDED, _RPATH, _RUNPATH):
                    dynamic.setdefault(tag, []).append(_text(sections[section.link].content, value))
    search_path = ":".join(dynamic.get(_RPATH, []) + dynamic.get(_RUNPATH, []))
    return SharedObject(frozenset(exports), tuple(dynamic.get(_NEEDED, [])), search_path)


def read(path: Path) -> SharedObject:
    """Read a 64-bit little-endian ELF library; refuses anything else and what cannot be read."""
    if not path.is_file():
        raise Error(f"{path} is not a file; give the .so that tools/adapter wrote")
    try:
        image = path.read_bytes()
    except OSError as error:
        raise Error(f"{path} cannot be read ({error.strerror}); check its permissions") from error
    try:
        if image[:6] == b"\x7fELF\x02\x01" and struct.unpack_from("<H", image, 16)[0] == _SHARED_OBJECT:
            return _read(image)
    except (struct.error, ValueError, IndexError) as error:
        raise Error(f"{path} is a damaged shared library; build it again with tools/adapter") from error
    raise Error(f"{path} is not a shared library of a 64-bit Linux; give the .so that tools/adapter wrote")
