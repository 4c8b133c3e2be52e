"""Recipes come from rows, say what is missing, and are read by the library."""

import json
import os
import pathlib
import subprocess
import unittest

import synthetic
from cmm.building.recipe import recommended_recipe
from cmm_report.conclusions.recommend import HOST_PART, as_json, as_text, kv_recipe, recommend
from cmm_report.results import read
from reporting import ReportTest, row_of, without

ROOT = pathlib.Path(__file__).resolve().parents[2]
FIRST_USE = "page_fault/what:first_use/policy:"


class RecommendTest(ReportTest):
    """One law for each step from rows to a recipe."""

    def recipes(self, made):
        """The recommendation for a result, by use."""
        result = read(self.save(made))
        advice = recommend(result)
        self.text = as_text(result, advice)
        written = json.loads(json.dumps(as_json(result, advice)))
        known = {row["name"] for row in made["benchmarks"]}
        for advice in written["recipes"]:
            self.assertLessEqual(set(advice["rows"]), known)
            self.assertTrue(advice["rows"] or advice["missing"])
        return {advice["use"]: advice for advice in written["recipes"]}

    def test_the_threshold_is_the_first_size_at_which_a_prefetch_does_not_pay(self):
        made = synthetic.measured()
        recipe = self.recipes(made)["weights"]["recipe"]
        self.assertEqual(recipe, "managed | threshold_prefetch{.below = 2_GiB} | pool | stats")
        row_of(made, f"{FIRST_USE}always_prefetch/bytes:1GiB")["p50_ns"] = 1e12
        recipe = self.recipes(made)["weights"]["recipe"]
        self.assertEqual(recipe, "managed | threshold_prefetch{.below = 1_GiB} | pool | stats")

    def test_a_prefetch_that_always_pays_is_bounded_by_what_the_gpu_holds(self):
        made = without(
            synthetic.measured(), *(f"{FIRST_USE}{p}/bytes:2GiB" for p in ("always", "none", "advise"))
        )
        made = {
            **made,
            "benchmarks": [
                r for r in made["benchmarks"] if "first_use" not in r["name"] or "2GiB" not in r["name"]
            ],
        }
        weights = self.recipes(made)["weights"]
        self.assertEqual(weights["recipe"], "managed | threshold_prefetch{.below = 64_GiB} | pool | stats")
        self.assertIn("half of the GPU's memory", " ".join(weights["reasons"]))
        del made["context"]["platform"]
        weights = self.recipes(made)["weights"]
        self.assertEqual(weights["recipe"], "managed | always_prefetch | pool | stats")
        self.assertIn("no threshold was found", " ".join(weights["reasons"]))

    def test_a_prefetch_that_never_pays_is_left_out(self):
        made = synthetic.measured()
        for row in made["benchmarks"]:
            if row["name"].startswith(f"{FIRST_USE}always_prefetch"):
                row["p50_ns"] *= 1000
        self.assertEqual(self.recipes(made)["weights"]["recipe"], "managed | advise_only | pool | stats")

    def test_weights_leave_managed_memory_where_it_is_slow_to_compute_with(self):
        made = synthetic.measured()
        for row in made["benchmarks"]:
            if "operands:managed_resident" in row["name"]:
                row["p50_ns"] *= 1.2
        self.assertEqual(self.recipes(made)["weights"]["recipe"], "device | pool | stats")

    def test_the_kv_cache_goes_where_the_fastest_access_wants_it(self):
        for access, (memory, _) in HOST_PART.items():
            made = synthetic.measured()
            for row in made["benchmarks"]:
                if row["name"].startswith(f"kv_access/access:{access}/"):
                    row["p50_ns"] /= 1e3
            with self.subTest(access=access):
                result = read(self.save(made))
                self.assertEqual(self.recipes(made)["kv_cache"]["recipe"], kv_recipe(memory, result))

    def test_the_kv_recipes_are_those_that_the_rows_measured_and_that_cmm_serve_gives(self):
        """As bench/cases/kv_access.hpp takes its host part; none fills the memory that an engine needs."""
        measured = dict.fromkeys(("fault", "prefetch", "batched_prefetch"), "managed")
        measured |= {"remote": "remote", "copy": "pinned", "batched_copy": "pinned"}
        self.assertEqual({access: memory for access, (memory, _) in HOST_PART.items()}, measured)
        result = read(self.save(synthetic.measured()))
        remote = "managed | prefer{host} | accessed_by{device} | stats"
        self.assertEqual(kv_recipe("remote", result), remote)
        result.machine["gpu_memory_bytes"] = "100000000000"
        self.assertEqual(kv_recipe("pinned", result), "egm | spill{device, .headroom = 11726MiB} | stats")
        for size in ("", "much", None, "9" * 40, -1):
            result.machine["gpu_memory_bytes"] = size
            self.assertIn(".headroom = ", kv_recipe("pinned", result))

    def test_the_kv_cache_is_preferred_where_cmm_serve_prefers_it(self):
        """On the nearest node where GPUs that obey nodes have several, which a probe of today tells."""
        made = synthetic.measured()
        nearest = "managed | prefer{nearest_numa} | accessed_by{device} | stats"
        anywhere = "managed | prefer{host} | accessed_by{device} | stats"
        for nodes, addressing, recipe in (
            ((0, 1), "ATS", nearest),
            ((0,), "ATS", anywhere),
            ((0, 1), "HMM", anywhere),
        ):
            made["context"]["platform"] = synthetic.probed(nodes, addressing)
            with self.subTest(nodes=nodes, addressing=addressing):
                self.assertEqual(kv_recipe("remote", read(self.save(made))), recipe)
        made["context"]["platform"]["schema"] = "cmm-platform 0"
        self.assertEqual(kv_recipe("remote", read(self.save(made))), anywhere)

    def test_the_committed_recipes_are_those_of_their_results(self):
        for path in sorted((ROOT / "bench/results").glob("*/recommendation.txt")):
            result = read(path.with_name("results.json"))
            self.assertEqual(path.read_text(), as_text(result, recommend(result)), path)

    def test_a_recipe_may_hold_a_colon(self):
        """As one with a place on a node of the host does, for the package and for the library."""
        recipe = "managed | prefer{host_numa:0} | stats"
        path = self.save(f"# w: managed\nkv_cache: {recipe}\n", "colon.txt")
        self.assertEqual(recommended_recipe(path, "kv_cache"), recipe)
        program = os.environ.get("CMM_READ_RECOMMENDATION")
        if program:
            told = subprocess.run([program, path], capture_output=True, text=True, check=True).stdout
            self.assertIn("kv_cache: managed | prefer{", told)

    def test_copies_want_pinned_memory(self):
        for access in ("copy", "batched_copy"):
            self.assertIn("pinned memory (egm)", HOST_PART[access][1])

    def test_a_way_of_access_that_is_nearly_the_fastest_is_not_called_the_fastest(self):
        advice = self.recipes(synthetic.measured())["kv_cache"]
        self.assertIn(": fastest or within 1 % of it in ", advice["reasons"][0])
        self.assertIn(" of 12 combinations of block size and host share", advice["reasons"][0])

    def test_rows_of_several_sizes_of_the_kv_cache_count_one_by_one(self):
        plain = self.recipes(synthetic.measured())["kv_cache"]
        one = self.recipes(synthetic.with_bytes(synthetic.measured(), "256MiB"))["kv_cache"]
        self.assertEqual((one["recipe"], one["reasons"]), (plain["recipe"], plain["reasons"]))
        two = self.recipes(synthetic.with_bytes(synthetic.measured(), "256MiB", "1GiB"))["kv_cache"]
        self.assertEqual(two["recipe"], plain["recipe"])
        self.assertIn(" of 24 combinations of block size, host share and bytes", two["reasons"][0])

    def test_scratch_takes_device_memory_where_the_difference_is_unclear(self):
        made = synthetic.measured()
        pooled = "allocate/allocator:managed+threshold_prefetch+pool/"
        for row in made["benchmarks"]:
            if row["name"].startswith(pooled):
                row["p50_ns"] = 980.0
        self.assertEqual(self.recipes(made)["scratch"]["recipe"], "device | pool | stats")
        for row in made["benchmarks"]:
            if row["name"].startswith(pooled):
                row["p50_ns"] = 500.0
        expected = "managed | threshold_prefetch{.below = 2_GiB} | pool | stats"
        self.assertEqual(self.recipes(made)["scratch"]["recipe"], expected)

    def test_missing_rows_are_named_instead_of_guessed(self):
        for gone, use in (
            ("gemm/", "weights"),
            (FIRST_USE, "weights"),
            ("kv_access/", "kv_cache"),
            ("allocate/", "scratch"),
        ):
            with self.subTest(gone=gone):
                advice = self.recipes(without(synthetic.measured(), gone))[use]
                self.assertIsNone(advice["recipe"])
                self.assertIn("run tools/bench --filter", advice["missing"])
                self.assertNotIn(f"\n{use}: ", self.text)
                self.assertIn(f"# {use}: no recipe. The rows", self.text)

    @unittest.skipUnless(os.environ.get("CMM_READ_RECOMMENDATION"), "needs the program read_recommendation")
    def test_the_library_reads_and_builds_every_recipe(self):
        program = os.environ["CMM_READ_RECOMMENDATION"]
        result = read(self.save(synthetic.measured()))
        text = self.save(as_text(result, recommend(result)), "recommendation.txt")
        done = subprocess.run([program, text], capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(
            [line.split(":")[0] for line in done.stdout.splitlines()], ["weights", "kv_cache", "scratch"]
        )
        texts = [f"kv: {kv_recipe(memory, result)}" for memory, _ in HOST_PART.values()]
        policies = ("advise_only", "always_prefetch", "threshold_prefetch{.below = 96_MiB}")
        texts += [f"weights: managed | {policy} | pool | stats" for policy in policies] + [
            "s: device_pool | stats"
        ]
        done = subprocess.run(
            [program, self.save("\n".join(texts), "all.txt")], capture_output=True, text=True, check=False
        )
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(len(done.stdout.splitlines()), len(texts))
        self.assertIn("kv: managed | prefer{.at = host} | accessed_by{.at = device} | stats", done.stdout)
        done = subprocess.run(
            [program, self.save("w: managed | nothing\n", "bad.txt")], capture_output=True, check=False
        )
        self.assertEqual(done.returncode, 1)


if __name__ == "__main__":
    unittest.main()
