"""The example engine on an H200."""

from .data import link, load, number

FOLDER = "examples/engine/results"
PLACEMENTS = ["remote", "hot_set", "all-in-hbm"]


def run(name):
    """The one run of a file."""
    (found,) = load(f"{FOLDER}/h200-{name}.json")["runs"]
    return found


def skewed(page):
    """Texts that read a fifth of their pages, by placement."""
    hot = run("skewed-hot_set")
    rates = {name: number(run(f"skewed-{name}")["decoded_per_second"]) for name in PLACEMENTS}
    return (
        f"On an H200 ({link('results', FOLDER, page)}), {hot['batch']} texts of "
        f"{number(hot['context'])} tokens that read {100 * hot['reads']:.0f} % of their pages, which take "
        f"{hot['live_over_hbm']:.2f} times what HBM has room for: {rates['remote']} tokens/s while decoding "
        f"with every page remote, {rates['hot_set']} with `hot_set`, "
        f"{rates['all-in-hbm']} with everything in "
        "HBM."
    )


BLOCKS = {"engine": skewed}
