"""The verdict says what the rows say, and names them."""

import unittest

import synthetic
from cmm_report.conclusions.verdict import verdict
from cmm_report.platform_facts import groups_of
from cmm_report.results import read
from cmm_report.units import number_of, significant, size_of, time_text
from reporting import ReportTest, row_of, without


class VerdictTest(ReportTest):
    """One law for each finding."""

    def findings(self, made):
        """Sentences by their heads."""
        result = read(self.save(made))
        sentences = verdict(result)
        known = {row.name for row in result.rows}
        for sentence in sentences:
            self.assertTrue(sentence.rows)
            self.assertLessEqual({row.name for row in sentence.rows}, known)
        return {sentence.head: sentence for sentence in sentences}

    def test_every_finding_of_a_full_result(self):
        heads = list(self.findings(synthetic.measured()))
        self.assertEqual(
            heads,
            [
                "Managed memory that is on the GPU is free",
                "Getting pages there by faults is slow",
                "Host memory is 75 times slower than GPU memory",
                "Do not let the KV cache fault",
                "Allocate from a pool",
                "A cold first call is slow once",
                "Some rows failed",
            ],
        )

    def test_factors_are_those_of_the_rows(self):
        made = synthetic.measured()
        row_of(made, "kv_access/access:remote/block:64KiB/host:50pct")["p50_ns"] = 1e6
        row_of(made, "kv_access/access:fault/block:64KiB/host:50pct")["p50_ns"] = 7e6
        text = self.findings(made)["Do not let the KV cache fault"].text
        self.assertIn("takes 1 ms by reading them where they are and 7 ms by faults: 7 times as long", text)

    def test_a_kv_cache_of_several_sizes_is_judged_by_the_largest(self):
        for sizes in (("256MiB",), ("256MiB", "1GiB"), ("1GiB", "256MiB")):
            found = self.findings(synthetic.with_bytes(synthetic.measured(), *sizes))
            sentence = found["Do not let the KV cache fault"]
            largest = "1GiB" if "1GiB" in sizes else "256MiB"
            ways = [f"kv_access/access:{way}/block:64KiB/host:50pct" for way in ("remote", "fault")]
            with self.subTest(sizes=sizes):
                self.assertEqual(
                    [row.name for row in sentence.rows], [f"{way}/bytes:{largest}" for way in ways]
                )

    def test_a_difference_within_the_spread_is_no_difference(self):
        made = synthetic.measured()
        for access, time in (("fault", 1.01e6), ("remote", 1e6)):
            row_of(made, f"kv_access/access:{access}/block:64KiB/host:50pct").update(
                p50_ns=time, pass_spread=0.05
            )
        for access in ("prefetch", "copy", "batched_copy"):
            row_of(made, f"kv_access/access:{access}/block:64KiB/host:50pct")["p50_ns"] = 9e6
        self.assertIn("no clear difference", self.findings(made)["The KV cache may fault"].text)

    def test_copies_of_managed_host_memory_are_named_where_they_are_slow(self):
        name = "bandwidth/what:h2d/engine:{}/op:copy/memory:managed/bytes:256MiB"
        head = "Do not copy managed host memory with the copy engine"
        for engine, named in ((32e6, True), (5.3e6, False)):
            made = synthetic.measured()
            made["benchmarks"] += [
                synthetic.row(name.format("copy"), engine, bytes=2**28),
                synthetic.row(name.format("sm"), 5.2e6, bytes=2**28),
            ]
            findings = self.findings(made)
            self.assertEqual(head in findings, named)
            if named:
                self.assertIn("8.39 GB/s and a kernel 51.6 GB/s: 6.2 times as fast", findings[head].text)

    def test_a_machine_with_one_memory_is_not_warned_of_two(self):
        made = synthetic.measured()
        for row in made["benchmarks"]:
            if "operands:managed_cold" in row["name"]:
                row["p50_ns"] = row_of(
                    made, row["name"].replace("cold", "resident").replace("first", "steady")
                )["p50_ns"]
            if "what:device" in row["name"]:
                row["bytes_per_second"] = 55e9
        heads = self.findings(made)
        self.assertIn("A cold first call costs nothing here", heads)
        self.assertIn("Host memory is as fast as GPU memory", heads)

    def test_products_taken_in_turn_are_compared_with_their_own_reference(self):
        made = synthetic.measured()
        managed = row_of(made, "gemm/type:bf16/n:8192/operands:managed_resident/call:steady")
        managed["p50_ns"] *= 1.1  # the clocks of another moment
        managed["speedup"] = 0.999
        self.assertIn("at 99.9 % of", self.findings(made)["Managed memory that is on the GPU is free"].text)

    def test_resident_memory_that_costs_is_bad(self):
        made = synthetic.measured()
        row_of(made, "gemm/type:bf16/n:8192/operands:managed_resident/call:steady")["p50_ns"] *= 2
        self.assertEqual(self.findings(made)["Managed memory costs even on the GPU"].kind, "bad")

    def test_nothing_is_said_of_families_that_did_not_run(self):
        made = without(synthetic.measured(), "gemm", "kv_access", "bandwidth", "allocate", "page_fault")
        self.assertEqual(self.findings(made), {})


class PlatformTest(unittest.TestCase):
    """Facts of any shape are shown with how they are known."""

    def facts(self, platform):
        """Facts by (heading, label)."""
        return {
            (group.title, fact.label): fact for group in groups_of(platform, "Facts") for fact in group.facts
        }

    def test_facts_carry_value_certainty_and_evidence(self):
        facts = self.facts(synthetic.PLATFORM)
        memory = facts["GPU 0: Synthetic GPU", "Memory"]
        self.assertEqual((memory.value, memory.certainty), ("140 GiB", "verified"))
        self.assertEqual(memory.evidence, "allocated and read back")
        self.assertEqual(facts["The system", "EGM mode"].value, "unknown")
        self.assertEqual(facts["GPU 0: Synthetic GPU", "Link rate"].value, "63 GB/s")
        reach = facts["Bytes that each source reaches, tier by tier", "managed, HBM of GPU 0"]
        self.assertEqual((reach.value, reach.certainty), ("140 GiB", "inferred"))
        self.assertEqual(facts["NUMA node", "NUMA node 0"].certainty, "inferred")

    def test_shapes_it_does_not_know_are_still_shown(self):
        facts = self.facts(
            {"new": {"deep": [{"label": "x", "value": 3, "unit": "W", "certainty": "reported"}]}, "n": 5}
        )
        self.assertEqual(facts["Deep", "X"].value, "3 W")
        self.assertEqual(facts["Facts", "N"].value, "5")
        self.assertEqual(self.facts([1, "two", None, []]), {})

    def test_sentences_are_kept(self):
        sentences = {group.title: group.sentences for group in groups_of(synthetic.PLATFORM, "Facts")}
        self.assertEqual(sentences["What it means"], synthetic.PLATFORM["advice"])
        self.assertEqual(sentences["What could not be seen"], synthetic.PLATFORM["unseen"])


class UnitsTest(unittest.TestCase):
    """Numbers and text."""

    def test_sizes_and_numbers_are_read(self):
        self.assertEqual(size_of("64KiB"), 65536)
        self.assertEqual(size_of("1.5GiB"), 1.5 * 2**30)
        self.assertIsNone(size_of("64kb"))
        self.assertEqual(number_of("50pct"), 50)
        for text in ("", "x", "nan", "inf", "1.2.3B"):
            self.assertIsNone(number_of(text))

    def test_figures_are_rounded_not_cut(self):
        self.assertEqual(
            [significant(x) for x in (0.0126, 99.96, 999.6, 1234, 2.0)],
            ["0.0126", "100", "1000", "1230", "2"],
        )
        self.assertEqual(
            [time_text(x) for x in (1, 999.6, 12345, 2.5e9)], ["1 ns", "1 µs", "12.3 µs", "2.5 s"]
        )


if __name__ == "__main__":
    unittest.main()
