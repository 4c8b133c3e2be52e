"""The example engine on an H200."""

from .data import link, load, number

FOLDER = "examples/engine/results"


def run(name):
    """The one run of a file."""
    (found,) = load(f"{FOLDER}/h200-{name}.json")["runs"]
    return found


def skewed(page):
    """Texts that read a fifth of their pages, by placement."""
    remote, hot, resident = (run(f"skewed-{name}") for name in ("remote", "hot_set", "all-in-hbm"))
    return (
        f"On an H200 ({link('results', FOLDER, page)}), {hot['batch']} texts of {number(hot['context'])} tokens that "
        f"read {100 * hot['reads']:.0f} % of their pages, which take {hot['live_over_hbm']:.2f} times what HBM has "
        f"room for: {number(remote['decoded_per_second'])} tokens/s while decoding with every page remote, "
        f"{number(hot['decoded_per_second'])} with `hot_set`, {number(resident['decoded_per_second'])} with "
        "everything in HBM."
    )


BLOCKS = {"engine": skewed}
