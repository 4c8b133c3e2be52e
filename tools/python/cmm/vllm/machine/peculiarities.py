"""What is easily taken for more memory than there is: HBM as a NUMA node, the EGM carve-out, CDMM."""

from ...size import format_size
from .description import Machine, Tier


def modes(machine: Machine) -> list[tuple[str, str]]:
    """Facts about the mode of the machine, as pairs of how and text."""
    found = []
    if machine.hbm_nodes:
        *others, last = map(str, machine.hbm_nodes)
        nodes = f"{', '.join(others)} and {last}" if others else last
        one = "NUMA node" if len(machine.hbm_nodes) == 1 else "NUMA nodes"
        verb = "is" if len(machine.hbm_nodes) == 1 else "are"
        found.append(("reported", f"{one} {nodes} {verb} HBM: counted as HBM, and not again as host memory"))
    if machine.memory_mode == "CDMM":
        found.append(
            (
                "reported",
                "CDMM: the driver keeps HBM to itself; managed memory migrates, malloc memory does not",
            )
        )
    if machine.egm_mode == "guest":
        found.append(
            ("reported", "the host memory of this virtual machine is EGM, and managed pages there are too")
        )
    return found


def carve_out(machine: Machine) -> str:
    """The part of a message about memory that this system does not see; empty without any."""
    kept = sum(tier.total for tier in _hidden(machine))
    return f"; about {format_size(kept)} more belong to virtual machines, out of reach" if kept else ""


def carve_out_warnings(machine: Machine) -> list[str]:
    """Why a machine in EGM mode has so much less host memory than its name says."""
    kept = sum(tier.total for tier in _hidden(machine))
    if not kept:
        return []
    seen = sum(tier.total for tier in machine.host_tiers())
    return [
        f"The firmware is in EGM mode and keeps about {format_size(kept)} of LPDDR for virtual machines. "
        f"This system does not see them and has {format_size(seen)} of host memory; what /proc/iomem and "
        "free show beyond is HBM, listed as a NUMA node. A KV cache of 475 GiB, as sizes guessed from "
        "either suggest, was never there. Turn EGM mode off in the firmware, and the GPU reaches all of "
        "LPDDR; or run inside the virtual machine that owns it"
    ]


def _hidden(machine: Machine) -> list[Tier]:
    return [tier for tier in machine.tiers if tier.kind == "carve_out"]
