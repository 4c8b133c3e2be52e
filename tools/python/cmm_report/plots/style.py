"""Colours and shapes: Okabe and Ito's palette, told apart by marker and dash as well."""

INK, GREY, FAINT = "#1a1a1a", "#5c5c5c", "#c9c9c9"
BLUE, ORANGE, GREEN, RED, PINK, SKY = "#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#56B4E9"

CYCLE = [
    (BLUE, "o", "-"),
    (RED, "v", "--"),
    (GREEN, "^", "-."),
    (ORANGE, "s", "-"),
    (PINK, "D", "--"),
    (SKY, "P", "-."),
    (INK, "X", ":"),
    (GREY, "*", "-"),
    (GREEN, "<", ":"),
    (RED, "p", "-"),
    (BLUE, "h", ":"),
    (PINK, ">", "-"),
]

# What appears in several panels looks the same in all of them.
KNOWN = {
    "managed+threshold_prefetch+pool": 0,
    "threshold_prefetch": 0,
    "remote": 0,
    "managed_resident": 0,
    "managed": 0,
    "none": 1,
    "fault": 1,
    "managed_cold": 1,
    "predecessor": 1,
    "cudaMallocManaged": 2,
    "advise_only": 2,
    "batched_copy": 2,
    "pinned": 2,
    "driver_managed_pool": 3,
    "always_prefetch": 3,
    "prefetch": 3,
    "managed_remote": 4,
    "rmm_managed_prefetch_pool": 4,
    "egm_numa": 4,
    "egm": 4,
    "copy": 4,
    "batched_prefetch": 5,
    "device+pool": 5,
    "system": 5,
    "cudaMallocAsync": 6,
    "cudaMalloc": 7,
    "device": 7,
    "resident": 7,
}


def styles(labels):
    """A (colour, marker, dash) for each label, different ones as long as there are any."""
    chosen, taken = {}, set()
    for label in labels:
        slot = KNOWN.get(label)
        if slot is not None and slot not in taken:
            chosen[label] = slot
            taken.add(slot)
    free = [slot for slot in range(len(CYCLE)) if slot not in taken]
    for which, label in enumerate(label for label in labels if label not in chosen):
        chosen[label] = free[which] if which < len(free) else which % len(CYCLE)
    return {label: CYCLE[slot] for label, slot in chosen.items()}
