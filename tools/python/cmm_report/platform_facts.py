"""The platform of a result as groups of facts, whatever shape tools/probe gave it."""

from dataclasses import dataclass, field

CERTAINTIES = ("verified", "reported", "inferred", "unknown")
VALUES = ("value", "text", "answer")
LABELS = ("label", "name", "fact", "what", "key", "id")
PROOFS = ("evidence", "source", "how", "why")


@dataclass
class Fact:
    """What is known, how surely and from where."""

    label: str
    value: str
    certainty: str = ""
    evidence: str = ""


@dataclass
class Group:
    """Facts under one heading."""

    title: str
    facts: list = field(default_factory=list)


def words(name):
    """Write a key as words."""
    text = str(name).replace("_", " ")
    return text[:1].upper() + text[1:]


def plain(value):
    """Write any JSON value in one line."""
    if value is None:
        return "unknown"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return "; ".join(plain(one) for one in value)
    if isinstance(value, dict):
        return ", ".join(f"{words(key).lower()} {plain(one)}" for key, one in value.items())
    return str(value)


def first(entry, keys):
    """The first of the keys that the entry has, or None."""
    return next((key for key in keys if key in entry), None)


def fact_of(entry, label=""):
    """Read an object as a fact, or None where it states no certainty or no value."""
    if not isinstance(entry, dict):
        return None
    certainty = next((key for key in ("certainty", "status", "known") if entry.get(key) in CERTAINTIES), None)
    value = first(entry, VALUES)
    if certainty is None or (value is None and entry[certainty] != "unknown"):
        return None
    name, proof = first(entry, LABELS), first(entry, PROOFS)
    used = {certainty, value, name, proof, "unit"}
    shown = plain(entry[value]) if value else "unknown"
    if entry.get("unit"):
        shown += f" {entry['unit']}"
    rest = {key: one for key, one in entry.items() if key not in used and one not in (None, "", [], {})}
    if rest:
        shown += f" ({plain(rest)})"
    text = words(entry[name]) if name else words(label)
    return Fact(text, shown, entry[certainty], plain(entry[proof]) if proof and entry[proof] else "")


def groups_of(platform, title="Facts"):
    """Walk through nested JSON; objects with a certainty are facts, other ones are headings."""
    own, groups = Group(title), []
    items = (
        platform.items()
        if isinstance(platform, dict)
        else ((str(i + 1), one) for i, one in enumerate(platform))
    )
    for key, value in items:
        fact = fact_of(value, key)
        nested = isinstance(value, dict) or (
            isinstance(value, list) and any(isinstance(v, dict | list) for v in value)
        )
        if fact:
            own.facts.append(fact)
        elif nested and value:
            heading = str(key) if title == "Facts" else f"{title}, {key}"
            groups += groups_of(value, words(label_of(value) or heading))
        else:
            own.facts.append(Fact(words(key), plain(value)))
    return ([own] if own.facts else []) + groups


def label_of(value):
    """What an object calls itself, where that is a text."""
    key = first(value, LABELS) if isinstance(value, dict) else None
    return value[key] if key and isinstance(value[key], str) else None


def machine_group(result):
    """What the run itself noted about its machine and settings."""
    facts = [Fact(words(key), plain(value)) for key, value in result.machine.items()]
    for key in ("date", "cmm_version", "quick", "complete", "repetitions"):
        if key in result.context:
            facts.append(Fact(words(key), plain(result.context[key])))
    return Group("The run", facts)


def profile_table(result):
    """(name, value, source) of the numbers that a simulated machine is made of."""
    lines = []
    for entry in result.context.get("profile") or []:
        if isinstance(entry, dict):
            value = " ".join(filter(None, (plain(entry.get("value")), str(entry.get("unit") or ""))))
            lines.append([str(entry.get("name", "")), value, str(entry.get("source") or "no source given")])
    return lines


def facts(result):
    """Every group of facts of a result."""
    platform = result.context.get("platform")
    return [machine_group(result), *(groups_of(platform) if isinstance(platform, dict | list) else [])]
