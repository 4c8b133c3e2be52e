"""The platform of a result as groups of facts: tools/probe's JSON, whatever it holds in whatever order."""

import re
from dataclasses import dataclass, field

from . import units

CERTAINTIES = ("verified", "reported", "inferred", "unknown")
CERTAIN = ("certainty", "how", "status", "known")
VALUES = ("value", "text", "answer")
LABELS = ("label", "name", "fact", "what", "key")
PROOFS = ("evidence", "source", "why")
HEADINGS = {
    "advice": "What it means",
    "reachable": "Bytes that each source reaches, tier by tier",
    "tiers": "Tiers of memory",
    "gpus": "GPU",
    "nodes": "NUMA node",
    "facts": "The system",
    "unseen": "What could not be seen",
}
SHORT = {"gpu", "gpus", "cpu", "egm", "numa", "uvm", "hbm", "hmm", "ats", "cuda", "wsl", "pcie", "api"}
PROFILED = ("NVIDIA H200", "NVIDIA H100 80GB HBM3")
FIRST = ("What it means", "Bytes that each source reaches, tier by tier", "Tiers of memory")


@dataclass
class Fact:
    """What is known, how surely and from where."""

    label: str
    value: str
    certainty: str = ""
    evidence: str = ""


@dataclass
class Group:
    """Facts, or sentences, under one heading."""

    title: str
    facts: list = field(default_factory=list)
    sentences: list = field(default_factory=list)


def words(name):
    """Write a key as words, without the unit that its value gets."""
    text = str(name).removesuffix("_bytes").replace("_", " ")
    text = " ".join(word.upper() if word.lower() in SHORT else word for word in text.split(" "))
    text = text.replace("GPUS", "GPUs")
    return text[:1].upper() + text[1:]


def plain(value, key=""):
    """Write any JSON value in one line; the key tells bytes and rates."""
    if value is None:
        return "unknown"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return "; ".join(plain(one) for one in value)
    if isinstance(value, dict):
        return ", ".join(f"{words(name).lower()} {plain(one, name)}" for name, one in value.items())
    text = str(value)
    if key == "bytes" or key.endswith("_bytes"):
        return units.size_text(int(text)) if re.fullmatch("[0-9]{1,25}", text) else text
    if key.endswith("_rate") and isinstance(value, int | float):
        return f"{units.significant(value)} GB/s"
    return text


def first(entry, keys):
    """The first of the keys that the entry has, or None."""
    return next((key for key in keys if key in entry), None)


def fact_of(entry, label):
    """Read an object as a fact, or None where it states no certainty or no value."""
    if not isinstance(entry, dict):
        return None
    certainty = next((key for key in CERTAIN if entry.get(key) in CERTAINTIES), None)
    value = first(entry, VALUES)
    if certainty is None or (value is None and entry[certainty] != "unknown"):
        return None
    name, proof = first(entry, LABELS), first(entry, PROOFS)
    shown = plain(entry[value], label) if value else "unknown"
    if entry.get("unit"):
        shown = plain(entry[value], "bytes") if entry["unit"] == "bytes" else f"{shown} {entry['unit']}"
    shown += rest_of(entry, {certainty, value, name, proof, "unit"})
    evidence = plain(entry[proof]) if proof and entry[proof] else ""
    return Fact(words(entry[name] if name else label), shown, entry[certainty], evidence)


def rest_of(entry, used):
    """What else an object says, in parentheses; -1 stands for none."""
    rest = {key: one for key, one in entry.items() if key not in used and one not in (None, "", [], {}, -1)}
    return f" ({plain(rest)})" if rest else ""


def entry_with_one_fact(entry, title):
    """An object such as a tier: plain members and one fact; its name is what it calls itself."""
    if not isinstance(entry, dict):
        return None
    inner = [(key, fact) for key, value in entry.items() if (fact := fact_of(value, key))]
    if len(inner) != 1 or any(isinstance(v, dict | list) for k, v in entry.items() if k != inner[0][0]):
        return None
    key, fact = inner[0]
    name = [k for k in ("name", "label", "source", "tier") if isinstance(entry.get(k), str)]
    if name:
        fact.label = ", ".join(entry[k] for k in name)
    elif "id" in entry:
        name, fact.label = ["id"], f"{title} {entry['id']}"
    else:
        fact.label = f"{title}, {words(key).lower()}"
    fact.value += rest_of(entry, {key, *name})
    return fact


def groups_of(value, title):
    """Walk through nested JSON; objects with a certainty are facts, other ones are headings."""
    own, groups = Group(title), []
    items = value.items() if isinstance(value, dict) else ((None, one) for one in value)
    for which, (key, one) in enumerate(items):
        fact = fact_of(one, key or title) or entry_with_one_fact(one, title)
        if fact:
            own.facts.append(fact)
        elif isinstance(one, dict | list) and one:
            groups += groups_of(one, heading_of(one, key, title, which))
        elif key is None:
            own.sentences.append(plain(one))
        elif one not in ([], {}) and key != "schema":
            own.facts.append(Fact(words(key), plain(one, key)))
    return ([own] if own.facts or own.sentences else []) + groups


def heading_of(value, key, title, which):
    """A heading for an object or a list inside another."""
    name = first(value, LABELS) if isinstance(value, dict) else None
    own = f": {value[name]}" if name and isinstance(value[name], str) else ""
    return HEADINGS.get(key, words(key)) if key else f"{title} {which}{own}"


def machine_group(result):
    """What the run itself noted about its machine and settings."""
    facts = [Fact(words(key), plain(value, key)) for key, value in result.machine.items()]
    for key in ("date", "cmm_version", "quick", "complete", "repetitions"):
        if key in result.context:
            facts.append(Fact(words(key), plain(result.context[key])))
    return Group("The run", facts)


def profile_table(result):
    """(name, value, source) of the numbers that a simulated machine is made of."""
    lines = []
    entries = result.context.get("profile")
    for entry in entries if isinstance(entries, list) else []:
        if isinstance(entry, dict):
            value = " ".join(filter(None, (plain(entry.get("value")), plain(entry.get("unit") or ""))))
            lines.append([str(entry.get("name", "")), value, str(entry.get("source") or "no source given")])
    return lines


def wanted_profile(result):
    """How to make a simulated machine of a measured one that has none yet, and where to send it."""
    gpu = result.machine.get("gpu")
    if result.simulated or not isinstance(gpu, str) or gpu in PROFILED:
        return None
    return (
        f"There is no profile of {gpu} yet, with which others can try policies on this machine. "
        "tools/bench --calibrate --out profile makes one from a few rows; send profile/profile.json and "
        "this run's results.json as an issue of cmm, or as a change that adds them as bench/results/NAME."
    )


def facts(result):
    """Every group of facts of a result, what it means first and what the run noted last."""
    platform = result.context.get("platform")
    groups = groups_of(platform, "Facts") if isinstance(platform, dict | list) else []
    groups.sort(key=lambda group: FIRST.index(group.title) if group.title in FIRST else len(FIRST))
    return [*groups, machine_group(result)]
