#!/usr/bin/env python3
"""Names every public name without a sentence, from the XML of doxygen.

usage: undocumented.py XML_FOLDER

A sentence is the comment before a name or behind it, the one before a row of names with no empty line
between them, that of a struct for its first such row, or the class's own where it names the member. What a
concept asks of every model is said at the concept.
"""

import re
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# Names that are said of elsewhere, each group with where.
SAID = {
    "core/api.hpp, the concept api": """
        enter allocate_managed allocate_device free allocate_system free_system create_pool destroy_pool
        grant_access allocate_from_pool free_to_pool advise withdraw prefetch prefetch_batch discard_batch
        discard_and_prefetch_batch reserve free_reserved create_memory release_memory map unmap set_access
        export_memory import_memory granularity synchronize synchronize_device stream_id capture_of
        create_event destroy_event record wait query device_count attribute
        memory_info push_range pop_range default_stream
        result device""",
    "core/page_copier.hpp, the concept page_copier": """
        move copy pause device_of allocate_pinned free_pinned write_now moves_by_ring""",
    "core/concepts.hpp: allocators, sources, policies and layers": """
        on over allocate deallocate take give_back place api upstream skipped_hints settings_type
        serve served_by take_from""",
    "core/fields.hpp and core/recipe.hpp: what a part says of itself": """
        name fields hints migratable host_accessible""",
    "sim/profiles/profile.hpp: the figures of a group, one after the other": "each",
    "the standard's requirements on allocators": """
        value_type rebind other propagate_on_container_move_assignment propagate_on_container_swap
        propagate_on_container_copy_assignment is_always_equal""",
    "the standard's ranges": "begin end size empty data",
}
# Headers whose names are public to each other and not for programs, each group with what programs use.
INTERNAL = {
    r"sim/(?!(machine|api|page_copier|profiles|profiles/profile)\.hpp)": (
        "cmm::sim::machine and cmm::sim::api"
    ),
    r"torch/(?!abi\.hpp)": "the functions of torch/abi.hpp and the macros of cmm/torch.hpp",
    r"python/(?!abi\.hpp)": "the functions of python/abi.hpp",
    r"platform/(?!(description|answers|evidence|driver|pages|surroundings)\.hpp)": "platform::describe",
    r"cuda/(calls|driver_calls|nvml|egm|runtime)\.hpp": "cmm::cuda::api",
    r"kv/(sequence_tables|placement/(any|both|heats))\.hpp": "kv::cache, and a | between placements",
    r"core/(null_api|managed_budget|skipped_hints|page_moves)\.hpp": "what the library is built with",
}
NEEDS_NONE = {name for names in SAID.values() for name in names.split()}
KINDS = {"function", "variable", "typedef", "enum"}


def text_of(element):
    """All text of a description."""
    return " ".join("".join(element.itertext()).split()) if element is not None else ""


def described(element):
    """Whether it has a comment of its own."""
    return any(
        text_of(element.find(each))
        for each in ("briefdescription", "detaileddescription", "inbodydescription")
    )


def is_special(name, owner):
    """Constructors, destructors and operators do what their signature says."""
    plain = re.sub(r"<.*", "", owner).rpartition("::")[2]
    return name in (plain, f"~{plain}") or name.startswith("operator")


def place_of(element):
    """The file below include/ and the line."""
    at = element.find("location")
    return (at.get("file"), int(at.get("line"))) if at is not None and at.get("line") else ("", 0)


def in_a_row(file, line, lines):
    """Whether the row of names that it stands in begins with a comment, of a name or of their struct."""
    text = [each.strip() for each in lines(file)]
    at = line - 2
    while at >= 0 and text[at] and not text[at].startswith("///"):
        if re.match(r"(public|private|protected):", text[at]):
            return False
        at -= 1
    return (at >= 0 and text[at].startswith("///")) or "///<" in text[line - 1]


class Reader:
    """Looks through the compounds of a folder of XML."""

    def __init__(self, folder):
        self.files = {}
        self.found = set()
        self.count = 0
        index = ElementTree.parse(folder / "index.xml").getroot()
        for compound in index.findall("compound"):
            if compound.get("kind") in ("class", "struct", "namespace", "concept"):
                self.read(ElementTree.parse(folder / f"{compound.get('refid')}.xml").getroot()[0])

    def lines(self, file):
        if file not in self.files:
            path = next(each for each in (Path(file), ROOT / file, ROOT / "include" / file) if each.is_file())
            self.files[file] = path.read_text().splitlines()
        return self.files[file]

    def read(self, compound):
        owner = compound.findtext("compoundname")
        if re.search(r"\bdetail\b|@|\barchetype\b", owner) or compound.get("prot", "public") != "public":
            return
        short = re.sub(r"<.*", "", owner).rpartition("::")[2]
        said_by_owner = text_of(compound.find("briefdescription")) + text_of(
            compound.find("detaileddescription")
        )
        if compound.get("kind") != "namespace":
            self.count += 1
            is_specialization = "<" in owner
            internal = any(re.search(rf"cmm/{each}", str(place_of(compound)[0])) for each in INTERNAL)
            if not internal and not described(compound) and short not in NEEDS_NONE and not is_specialization:
                self.note(compound, owner)
        for section in compound.findall("sectiondef"):
            for member in section.findall("memberdef"):
                self.look_at(member, owner, said_by_owner)

    def look_at(self, member, owner, said_by_owner):
        name = member.findtext("name")
        if member.get("prot") != "public" or member.get("kind") not in KINDS:
            return
        file, line = place_of(member)
        if any(re.search(rf"cmm/{each}", str(file)) for each in INTERNAL):
            return
        if not file or "detail" in member.findtext("definition", "").split("(")[0]:
            return
        self.count += 1
        if described(member) or name in NEEDS_NONE or is_special(name, owner) or not name:
            return
        if member.findtext("argsstring", "").find("->") >= 0 and not member.findtext("type", "").strip(
            "auto "
        ):
            return  # a deduction guide
        if re.search(rf"\b{re.escape(name)}\b", said_by_owner) or in_a_row(file, line, self.lines):
            return
        self.note(member, f"{owner}::{name}")

    def note(self, element, name):
        file, line = place_of(element)
        self.found.add((str(file), line, name))


def main():
    reader = Reader(Path(sys.argv[1]))
    for file, line, name in sorted(reader.found):
        print(f"{file}:{line}: {name} has no sentence; write what it is, its unit and its errors, after ///")
    print(f"{reader.count} public names, {len(reader.found)} without a sentence")
    if reader.count < 500:
        print("too few names to be the library's; doxygen has read something else", file=sys.stderr)
        return 1
    return bool(reader.found)


if __name__ == "__main__":
    sys.exit(main())
