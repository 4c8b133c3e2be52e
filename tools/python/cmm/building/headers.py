"""The C++ headers that allocators are compiled from, and what identifies them."""

import functools
import hashlib
import re
from pathlib import Path

from ..errors import Error


@functools.cache
def include_folder() -> Path:
    """The folder to hand to a compiler with -I: that of the installed package, or of the checkout."""
    package = Path(__file__).resolve().parents[1]
    for folder in (package / "include", package.parents[2] / "include"):
        if (folder / "cmm" / "version.hpp").is_file():
            return folder
    raise Error(
        f"the headers of cmm are missing beside {package}; install the package again, with pip install "
        "tools/python from a checkout"
    )


@functools.cache
def version() -> str:
    """The version of the headers, such as "0.1.0"; it is the version of this package too."""
    text = (include_folder() / "cmm" / "version.hpp").read_text(encoding="utf-8")
    found = re.search(r'CMM_VERSION_STRING "([^"]+)"', text)
    if not found:
        raise Error(f"{include_folder()}/cmm/version.hpp names no CMM_VERSION_STRING; install cmm again")
    return found[1]


@functools.cache
def digest() -> str:
    """What changes whenever a header does, so that a cached library is never older than its headers."""
    total = hashlib.sha256()
    folder = include_folder()
    for header in sorted(folder.rglob("*.hpp")):
        total.update(str(header.relative_to(folder)).encode() + b"\0" + header.read_bytes() + b"\0")
    return total.hexdigest()
