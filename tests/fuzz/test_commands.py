"""The commands under wrong options, variables and files: an exit code and a sentence, never a traceback, and
no file is changed.

A failure names its seed and the command, and keeps the file that it was given.
"""

import json
import os
import random
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT / "tests/support"))

from mutations import changed, command_line, damaged, seeds, word  # noqa: E402

PROBE = os.environ.get("CMM_PROBE_BINARY", "")
BENCH = os.environ.get("CMM_BENCH_BINARY", "")
MACHINES = sorted(str(path) for path in (ROOT / "tests/machines").iterdir() if path.is_dir())
SIZES = ["64GiB", "512MiB", "0", "1", "1.5TiB"]
RECIPES = ["managed | pool", "managed | prefer{host} | limit{60GiB}", "device", "pool | managed", ""]

SERVE = {
    "--kv-bytes": SIZES,
    "--hbm-headroom": SIZES,
    "--recipe": RECIPES,
    "--gpu-memory-utilization": ["0.85", "0.5", "1.2"],
    "-tp": ["1", "2", "4"],
    "--tensor-parallel-size": ["1", "2"],
    "--pipeline-parallel-size": ["1", "2"],
    "--data-parallel-size": ["1", "2"],
    "--kv-cache-memory-bytes": ["1000000000", "64GiB"],
    "--additional-config": ['{"cmm": {}}', '{"other": [1, 2]}', "{}"],
    "--port": ["8000"],
    "--worker-cls": ["some.Worker"],
    "--cpu-offload-gb": ["8"],
    "--root": MACHINES,
}
VARIABLES = {
    "CMM_RECIPE": RECIPES,
    "CMM_HBM_HEADROOM": SIZES,
    "CUDA_VISIBLE_DEVICES": ["0", "0,1", "1", "GPU-0"],
    "CMM_LIMIT": SIZES,
    "CMM_NUMA_NODE": ["0", "1"],
    "CMM_STRICT": ["0", "1"],
    "CMM_PREFETCH_BELOW": SIZES,
    "SLURM_MEM_PER_NODE": ["200000"],
    "SLURM_JOB_ID": ["7"],
}
ADAPTER = {
    "--recipe": RECIPES,
    "--use": ["weights", "kv_cache", "scratch"],
    "--recommendation": [str(ROOT / "bench/results/h200-pcie/recommendation.txt"), str(ROOT / "README.md")],
    "--platform": ["sim:gh200-480", "sim:h200-pcie", "sim:no-such", "cuda"],
    "--compiler": ["g++", "no-such-compiler", "/bin/false"],
    "-o": ["libcmm.so"],
}
BENCH_OPTIONS = {
    "--platform": ["sim:gb10", "sim:h100-x2", "auto"],
    "--filter": ["what:latency", "(", "nothing", ".*"],
    "--repetitions": ["1", "2", "0"],
    "--max-managed": ["4MiB", "1GiB", "0", "64KiB"],
    "--trace": [str(ROOT / "README.md"), "/dev/null"],
    "--out": ["out"],
    "--quick": [],
    "--fresh": [],
}
PROBE_OPTIONS = {"--root": MACHINES, "--json": [], "--record": ["recorded", "."], "--verify": ["1GiB"]}


def tree_of(folder):
    """Every file below a folder, with its content."""
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


class Commands(unittest.TestCase):
    """Each command in a folder of its own."""

    def setUp(self):
        """Make a folder with a file that nobody may touch."""
        holder = tempfile.TemporaryDirectory()
        self.addCleanup(holder.cleanup)
        self.folder = Path(holder.name)
        (self.folder / "precious").write_text("keep me\n")

    def run_one(self, seed, command, changes=(), **variables):
        """Run a command, and hold what it says against the law."""
        unsafe = [
            name for name in os.environ if name.startswith(("CMM_", "CUDA_VISIBLE", "SLURM_", "PYTORCH_"))
        ]
        environment = {name: value for name, value in os.environ.items() if name not in unsafe}
        environment |= {"PYTHONPATH": str(ROOT / "tools/python"), "PYTHONDONTWRITEBYTECODE": "1"}
        environment |= {"CMM_PROBE_BINARY": PROBE, "CMM_CACHE_DIR": str(CACHE), **variables}
        before = tree_of(self.folder)
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            errors="replace",
            env=environment,
            cwd=self.folder,
            timeout=120,
            stdin=subprocess.DEVNULL,
            check=False,
        )
        told = f"CMM_FUZZ_SEED={seed}, {variables}: {command!r}\n{done.returncode}\n{done.stderr[-1500:]}"
        self.assertNotIn("Traceback", done.stderr, told)
        self.assertIn(done.returncode, (0, 1, 2), told)
        self.assertNotIn("\x1b", done.stderr, told)
        if done.returncode != 0:
            self.assertTrue((done.stderr + done.stdout).strip(), told)
        after = tree_of(self.folder)
        for path, content in before.items():
            self.assertEqual(after.get(path), content, f"{path} is changed: {told}")
        if done.returncode != 0 and not changes:
            self.assertEqual(set(after) - set(before), set(), told)
        return done

    def variables(self, chosen):
        """A few variables with right and wrong values."""
        if chosen.random() < 0.6:
            return {}
        name = chosen.choice(list(VARIABLES))
        return {name: word(VARIABLES[name], chosen)}

    @unittest.skipUnless(PROBE, "CMM_PROBE_BINARY names no cmm_probe")
    def test_serve_plans_or_refuses(self):
        """tools/serve-vllm --dry-run."""
        for seed in seeds(15):
            chosen = random.Random(seed)
            command = [sys.executable, "-Bm", "cmm.vllm.serve", "MODEL", "--dry-run"]
            command += ["--root", chosen.choice(MACHINES), *command_line(SERVE, chosen)]
            self.run_one(seed, command, **self.variables(chosen))

    def test_the_adapter_prints_or_refuses(self):
        """tools/adapter --print-source."""
        for seed in seeds(8):
            chosen = random.Random(seed)
            command = [sys.executable, "-Bm", "cmm.adapter", "--print-source", *command_line(ADAPTER, chosen)]
            self.run_one(seed, command, **self.variables(chosen))

    @unittest.skipUnless(PROBE, "CMM_PROBE_BINARY names no cmm_probe")
    def test_the_probe_describes_or_refuses(self):
        """tools/probe."""
        for seed in seeds(80):
            chosen = random.Random(seed)
            command = [PROBE, "--root", chosen.choice(MACHINES), *command_line(PROBE_OPTIONS, chosen, 2)]
            done = self.run_one(seed, command, changes="--record")
            if done.returncode == 0 and "--json" in command:
                json.loads(done.stdout)

    @unittest.skipUnless(Path(BENCH).is_file(), "CMM_BENCH_BINARY names no cmm_bench that is built")
    def test_the_bench_lists_or_refuses(self):
        """cmm_bench --list."""
        for seed in seeds(60):
            chosen = random.Random(seed)
            self.run_one(seed, [BENCH, "--list", *command_line(BENCH_OPTIONS, chosen)])

    def test_the_report_reads_results_or_refuses(self):
        """tools/report --compare, which draws nothing, on results with places changed."""
        results = json.loads((ROOT / "bench/results/h200-pcie/results.json").read_text())
        results["benchmarks"] = results["benchmarks"][::40]
        right = self.folder / "right.json"
        right.write_text(json.dumps(results))
        for seed in seeds(12):
            chosen = random.Random(seed)
            text = json.dumps(changed(results, chosen))
            if chosen.random() < 0.2:
                text = damaged(text, chosen)
            wrong = self.folder / "wrong.json"
            wrong.write_text(text, encoding="utf-8", errors="surrogatepass")
            command = [sys.executable, "-Bm", "cmm_report", "--compare", str(right), str(wrong)]
            try:
                self.run_one(seed, command)
            except AssertionError:
                kept = Path(tempfile.gettempdir()) / f"cmm-fuzz-report-{seed}.json"
                kept.write_text(text, encoding="utf-8", errors="surrogatepass")
                print(f"kept in {kept}", file=sys.stderr)
                raise


CACHE = Path(tempfile.gettempdir()) / f"cmm-fuzz-cache-{os.getuid()}"

if __name__ == "__main__":
    unittest.main()
