"""Whether blocks of the KV cache can follow the requests, by what the user asked for."""

from collections.abc import Mapping

from ..refusals import connectors
from ..settings import VARIABLES
from .arguments import Arguments

FIXED = "fixed"


def why_fixed(given: Arguments, environment: Mapping[str, str]) -> str:
    """Why they keep their places, as the worker will say too; empty where they may follow."""
    told = given.json_object("--additional-config").get("cmm")
    asked = told.get("blocks") if isinstance(told, dict) else None
    if (asked or environment.get(VARIABLES["blocks"])) == FIXED:
        return 'the setting "blocks" says so'
    if given.has("--kv-offloading-size"):
        return "--kv-offloading-size is given the ids of blocks"
    if named := list(connectors(given.json_object("--kv-transfer-config"))):
        return f"the KV connector {named[0]} is given the ids of blocks"
    if given.text("--distributed-executor-backend") == "ray":
        return "Ray can hand steps to the model runner past the worker"
    return ""


def fixed_warning(why: str) -> str:
    """What that means."""
    return (
        f"Blocks keep their places, because {why}: once the KV cache has cycled, requests read what is "
        "beyond HBM also while HBM holds idle blocks"
    )
