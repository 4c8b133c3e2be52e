"""What the headers below a folder include."""

import functools
import pathlib
import re

INCLUDE = pathlib.Path(__file__).resolve().parents[2] / "include"


@functools.cache
def included(path, folder=INCLUDE):
    """What a header includes, in its order: those of the folder as paths, and the others' names."""
    own, others = [], []
    for quoted, angled in re.findall(r'^#\s*include (?:"([^"]+)"|<([^>]+)>)', path.read_text(), re.MULTILINE):
        found = [place for place in (path.parent / quoted, folder / (quoted or angled)) if place.is_file()]
        if found:
            own.append(found[0].resolve())
        else:
            others.append(angled)
    return own, others
