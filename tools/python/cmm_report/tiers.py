"""Plots and a table of bench/vllm/tiers.py: servers that have the same HBM for their KV cache."""

from dataclasses import dataclass

from .errors import BadInput
from .json_file import parsed
from .plots.panels import Bar, Panel

AGAIN = "run bench/vllm/tiers.py again"


@dataclass
class Tiers:
    """What was measured: figures by server and workload, where, and the bars."""

    context: dict
    servers: dict
    bars: list

    simulated = False
    short = "tiers"

    @property
    def title(self):
        """The machine, and the sizes that all servers had."""
        told = self.context
        sizes = f"{told.get('hbm_mib', '?')} MiB of KV in HBM, {told.get('host_mib', '?')} MiB beyond"
        return f"{told.get('gpu', 'unknown GPU')}, vLLM {told.get('vllm', '?')}: {sizes}"

    def workloads(self):
        """In the order in which they ran."""
        return list(dict.fromkeys(name for seen in self.servers.values() for name in seen))

    def ran(self, workload):
        """Servers with figures for a workload."""
        return {
            kind: seen[workload]
            for kind, seen in self.servers.items()
            if "tokens_per_second" in seen.get(workload, {})
        }


def tiers_of(path):
    """What such a file holds; None for a file of another kind. Raises BadInput for a damaged one."""
    content = parsed(path)
    context = content.get("context") if isinstance(content, dict) else None
    if not isinstance(context, dict) or context.get("kind") != "tiers":
        return None
    try:
        found = Tiers(context, dict(content["servers"]), list(content["bars"]))
        for panel in panels_of(found):
            [float(bar.value) for bar in panel.bars]
        table(found)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise BadInput(f"{path} is no whole result of tiers.py ({error!r}); {AGAIN}") from error
    return found


def panels_of(tiers):
    """For each workload tokens per second, and how late the first and every other token come."""
    panels = []
    for workload in tiers.workloads():
        ran = tiers.ran(workload)
        if not ran:
            continue
        rates = [_bar(kind, seen["tokens_per_second"], 1, "{:.0f}") for kind, seen in ran.items()]
        panels.append(
            Panel(
                f"{workload}: answered tokens",
                "tokens/s",
                "more is better",
                bars=rates,
                log=False,
                each="round",
            )
        )
        for name, title in (("ttft", "time to the first token"), ("itl", "time between tokens")):
            late = [_bar(kind, seen[name]["p99"], 1e3, "{:.1f}") for kind, seen in ran.items()]
            panels.append(Panel(f"{workload}: {title}, p99", "ms", "less is better", bars=late, each="round"))
    return panels


def _bar(kind, seen, factor, form):
    value = seen["median"] * factor
    return Bar(kind, value, form.format(value), each=[each * factor for each in seen.get("values", ())])


def table(tiers):
    """Markdown: a row for each workload and server, refusals too, and which bars were missed."""
    lines = [
        f"# {tiers.title}",
        "",
        "| Workload | Server | tokens/s | TTFT p50, p95, p99 (ms) | ITL p50, p95, p99 (ms) | beyond HBM |",
        "|---|---|---:|---:|---:|---:|",
    ]
    for workload in tiers.workloads():
        for kind, seen in tiers.servers.items():
            if workload in seen:
                lines.append(_row(workload, kind, seen[workload]))
    missed = [f"{each['workload']}: {each['bar']}" for each in tiers.bars if not each["held"]]
    return "\n".join([*lines, "", f"Missed: {'; '.join(missed)}." if missed else "Every bar is held.", ""])


def _row(workload, kind, seen):
    if "tokens_per_second" not in seen:
        what = next((each for each in ("refused", "failed") if each in seen), "left_out")
        why = f"{what.replace('_', ' ')}: {seen[what]}"
        return f"| {workload} | {kind} | {_cell(why)} | | | |"
    late = [
        ", ".join(f"{seen[name][part]['median'] * 1e3:.1f}" for part in ("p50", "p95", "p99"))
        for name in ("ttft", "itl")
    ]
    rate = f"{seen['tokens_per_second']['median']:.0f}"
    share = f"{seen['remote_share']:.1%}" if "remote_share" in seen else ""
    return f"| {' | '.join([workload, kind, rate, *late, share])} |"


def _cell(text):
    return " ".join(str(text).replace("|", "\\|").split())


def files_of(tiers):
    """The plot and the table: {name: text}."""
    from .plots import drawing as plots  # which takes a second to load

    found = {"tiers.md": table(tiers)}
    if panels := panels_of(tiers):
        found["tiers.svg"] = plots.draw(tiers, "tiers", "The same HBM for every server", panels)["file"]
    return found
