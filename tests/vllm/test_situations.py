"""Machines on which people were refused or misled: what cmm serve says of each."""

import copy
import unittest

from cmm.vllm.planning.plan import Wishes, make_plan
from cmm.vllm.planning.telling import told
from serving import GIB, MACHINES, MIB, ServeTest, machine


class SharedMemory(ServeTest):
    """CPU and GPU have one memory, of which vLLM takes what the kernel calls available."""

    def test_page_cache_is_free(self):
        for wishes in (Wishes(kv_bytes=36 * GIB), Wishes(utilization=0.85)):
            plan = make_plan(machine("gb10-after-60gb-file"), wishes)
            self.assertEqual(plan.gpu_memory_utilization, 0.85)
        self.assert_error(
            ["asks for 118 GiB", "116 GiB are free", "at most 0.85"],
            make_plan,
            machine("gb10-after-60gb-file"),
            Wishes(utilization=0.97),
        )
        self.assertIn("page cache included", self.plan_of("gb10-full-cache"))

    def test_what_a_control_group_has_left_bounds_it(self):
        def grouped(told):
            told["facts"]["memory_limit_bytes"]["value"] = 64 * GIB
            told["host_memory"]["used_bytes"]["value"] = 4 * GIB

        plan = make_plan(machine("gb10-after-60gb-file", grouped), Wishes())
        self.assertEqual(plan.gpu_memory_utilization, 0.39)  # (60 - 7.61 - 4) GiB of 121.69
        said = " ".join(each.text for each in plan.reasons)
        self.assertIn("60 GiB of 122 GiB of the memory of CPU and GPU are free now", said)
        self.assertIn("the control group of this process may use 64 GiB", said)
        words = ["60 GiB are free", "its control group may use 64 GiB", "raise its limit"]
        asked = Wishes(utilization=0.6)
        self.assert_error(words, make_plan, machine("gb10-after-60gb-file", grouped), asked)

    def test_without_an_answer_of_cuda_the_kernel_stands_in(self):
        said = self.plan_of("gb10-memgetinfo-oom")
        self.assertIn("95 GiB of 122 GiB of the memory of CPU and GPU", said)

    def test_offloaded_weights_take_from_the_same_memory(self):
        plan = make_plan(machine("gb10-after-60gb-file"), Wishes(host_taken=40 * GIB))
        self.assertEqual(plan.gpu_memory_utilization, 0.52)  # (115.65 - 7.61 - 4 - 40) GiB of 121.69


class NoAnswer(ServeTest):
    """A GPU that does not say how much memory it has."""

    def test_is_named_with_its_reason_and_what_to_do(self):
        for name in ("h100-no-context", "h100-no-context-no-nvml"):
            done = self.serve("MODEL", "--dry-run", "--root", MACHINES / name)
            self.assert_refused(["GPU 0 (NVIDIA H100 80GB HBM3)", "cudaMemGetInfo", "nvidia-smi"], done)

    def test_does_no_harm_to_others(self):
        def silent(told):
            told["gpus"][0]["free_bytes"].update(value=None, evidence="cudaMemGetInfo failed")

        two = machine("gh200-two-socket", silent)
        self.assertEqual(make_plan(two, Wishes(visible="1")).gpus[0].ordinal, 1)
        self.assert_error(["GPU 0", "cudaMemGetInfo failed"], make_plan, two, Wishes())


class GpusThatDiffer(ServeTest):
    """A KV cache is as large on each GPU, so the smallest one bounds it."""

    @staticmethod
    def two(told):
        other = copy.deepcopy(told["gpus"][0])
        other.update(ordinal=1, name="NVIDIA H100 80GB HBM3")
        other["memory_bytes"]["value"], other["free_bytes"]["value"] = 79 * GIB, 78 * GIB
        other["link_rate"]["value"] = 31.5
        told["gpus"].append(other)

    def test_are_all_named_with_what_each_has_free(self):
        plan = make_plan(machine("h200-pcie", self.two), Wishes(gpus=2))
        self.assertEqual(plan.hbm_bytes, int(79 * GIB * 0.92))
        said = told(plan, (), ())
        for words in (
            "GPUs 0, 1: NVIDIA H200, NVIDIA H100 80GB HBM3",
            "139 GiB of 140 GiB of GPU memory are free now, on GPU 0",
            "78 GiB of 79 GiB of GPU memory are free now, on GPU 1",
            "up to 32 GB/s",  # the slower link
        ):
            self.assertIn(words, said)
        words = ["larger than GPU 1 reaches"]
        self.assert_error(
            words, make_plan, machine("h200-pcie", self.two), Wishes(gpus=2, kv_bytes=900 * GIB)
        )

    def test_that_say_they_have_no_memory_are_named(self):
        def none(told):
            told["gpus"][0]["memory_bytes"]["value"] = 0

        self.assert_error(["GPU 0", "said to be 0 bytes"], make_plan, machine("h200-pcie", none), Wishes())


class PageCacheOnHbm(ServeTest):
    """HBM that is a NUMA node takes page cache, and no process holds it."""

    def test_is_told_from_a_busy_gpu(self):
        cached = machine("gh200-144-cache-on-hbm")
        words = ["66.5 GiB of page cache", "NUMA node 1", "drop_caches", "0.52 or less"]
        self.assert_error(words, make_plan, cached, Wishes())
        words = ["asks for 85.5 GiB", "page cache takes 66.5 GiB", "drop_caches"]
        self.assert_error(words, make_plan, cached, Wishes(utilization=0.6))
        self.assertEqual(make_plan(cached, Wishes(utilization=0.5)).gpu_memory_utilization, 0.5)

    def test_beside_a_process_both_are_named(self):
        def busy(told):
            told["gpus"][0]["free_bytes"]["value"] = 40 * GIB

        words = ["is busy: 102 GiB", "by python (7)", "66.5 GiB of it page cache on NUMA node 1"]
        users = {"0009:01:00.0": "python (7)"}
        self.assert_error(words, make_plan, machine("gh200-144-cache-on-hbm", busy), Wishes(), users)


class Nodes(ServeTest):
    """What is demanded of NUMA nodes."""

    def test_of_hbm_are_all_named(self):
        said = self.plan_of("gh200-4gpu-slurm-200g")
        self.assertIn("NUMA nodes 4, 12, 20 and 28 are HBM", said)
        self.assertIn("the control group of this process may use 200 GiB", " ".join(said.split()))

    def test_a_recipe_that_names_the_nearest_needs_to_know_it(self):
        cloud = machine("h100-vm-no-affinity")
        for recipe in ("managed | prefer{nearest_numa} | stats", "egm | stats"):
            self.assert_error(
                ["nearest to GPU 0", "2 NUMA nodes", "prefer{host}"], make_plan, cloud, Wishes(recipe=recipe)
            )
        named = make_plan(cloud, Wishes(recipe="managed | prefer{host_numa:1} | stats"))
        self.assertIn("node 1", named.tier)
        self.assertLess(named.large_bytes, 120 * GIB)

    def test_more_than_the_nearest_node_has_is_taken_where_it_is_asked_for(self):
        plan = make_plan(machine("dgx-h100"), Wishes(kv_bytes=1200 * GIB))
        self.assertIn("2 nodes", plan.tier)
        self.assert_error(
            ["host memory of 2 nodes runs out"], make_plan, machine("dgx-h100"), Wishes(kv_bytes=3000 * GIB)
        )

    def test_a_cpu_set_that_keeps_the_nearest_node_away_leaves_the_other(self):
        def elsewhere(told):
            told["nodes"][0]["allowed"] = False
            told["host_memory"]["available_bytes"]["value"] = 900 * GIB

        plan = make_plan(machine("dgx-h100", elsewhere), Wishes())
        # 900 GiB less a 16th of the 1007.9 GiB of node 1 and 4 for the worker
        self.assertEqual(plan.large_bytes // MIB, 900 * 1024 - 64506 - 4096)
        self.assertIn("node 1", plan.tier)
        grace = make_plan(machine("gh200-two-socket", elsewhere), Wishes())  # which else keeps to a node
        self.assertIn("prefer{host}", grace.recipe)
        self.assertIn("node 1", grace.tier)
        words = ["node nearest to GPU 0", "this process or is full"]
        nearest = Wishes(recipe="managed | prefer{nearest_numa} | stats")
        self.assert_error(words, make_plan, machine("dgx-h100", elsewhere), nearest)

    def test_where_the_nearest_node_is_full_the_others_are_taken(self):
        def full(told):
            told["nodes"][0].update(free_bytes=55 * GIB, cache_bytes=5 * GIB)
            told["nodes"][1].update(free_bytes=100 * GIB, cache_bytes=0)
            told["host_memory"]["available_bytes"]["value"] = 160 * GIB

        plan = make_plan(machine("dgx-h100", full), Wishes())
        self.assertIn("2 nodes", plan.tier)
        self.assertEqual(plan.large_bytes // GIB, 30)  # 160 less a 16th of 2015.5 and 4

    def test_where_little_of_the_nearest_node_is_free_the_others_are_taken(self):
        def held(told):  # by huge pages, say, or by virtual machines
            told["nodes"][0].update(free_bytes=100 * GIB, cache_bytes=10 * GIB)
            told["host_memory"]["available_bytes"]["value"] = 1000 * GIB

        plan = make_plan(machine("dgx-h100", held), Wishes())
        self.assertIn("2 nodes", plan.tier)
        self.assertEqual(plan.large_bytes // GIB, 870)  # 1000 less a 16th of 2015.5 and 4

    def test_nodes_and_gpus_that_are_not_there_are_refused(self):
        for recipe, words in (
            ("managed | prefer{host_numa:999}", ["host_numa:999", "node 0", "no node 999"]),
            ("managed | prefer{location::host_numa(999)}", ["host_numa:999"]),
            ("managed | prefer{host_numa:1}", ["NUMA node 1 is HBM"]),
            ("egm{host_numa:7} | stats", ["host_numa:7"]),
            ("managed | prefer{host} | accessed_by{device:4}", ["device:4", "GPU 0"]),
        ):
            self.assert_error(words, make_plan, machine("gh200-480"), Wishes(recipe=recipe))
        make_plan(machine("gh200-two-socket"), Wishes(recipe="managed | prefer{host_numa:1}"))
        make_plan(machine("h100-gvisor"), Wishes(recipe="managed | prefer{host_numa:0}"))


class Limits(ServeTest):
    """A limit in the recipe bounds the plan, because the library refuses what goes beyond it."""

    def plan(self, recipe, **wishes):
        """Of a GH200, with the bytes that HBM has for vLLM."""
        plan = make_plan(machine("gh200-480"), Wishes(recipe=recipe, **wishes))
        return plan, plan.hbm_bytes

    def test_below_what_the_host_has_it_is_the_whole_cache(self):
        plan, _ = self.plan("managed | limit{100GiB} | stats")
        self.assertEqual(plan.kv_bytes, 100 * GIB - 256 * MIB)
        self.assertIn("by the recipe's limit", self.plan_of("gh200-480", "--recipe", "managed | limit{64GB}"))

    def test_above_that_hbm_and_host_share_it(self):
        plan, hbm = self.plan("managed | prefer{host} | limit{.bytes = 250_GiB}")
        self.assertEqual((plan.kv_bytes, plan.kv_in_hbm), (None, hbm))
        self.assertEqual(plan.large_bytes, (250 * GIB - 256 * MIB - hbm) // MIB * MIB)

    def test_of_hbm_alone_it_bounds_hbm(self):
        plan, _ = self.plan("device | limit{10GiB} | stats")
        self.assertEqual((plan.large_bytes, plan.kv_in_hbm), (0, 10 * GIB - 256 * MIB))
        self.assertIn(f'"hbm_bytes": {plan.kv_in_hbm}', self.plan_of("gh200-480", "--recipe", plan.recipe))

    def test_that_leaves_nothing_or_less_than_asked_for_is_refused(self):
        self.assert_error(["limit of 1 B", "leaves nothing"], self.plan, "managed | limit{1}")
        words = ["10 GiB is more than the recipe's limit of 5 GiB", "--kv-bytes 4864MiB"]
        self.assert_error(words, self.plan, "managed | limit{5GiB}", kv_bytes=10 * GIB)
        words = ["5.0 GiB (5368709121 bytes) is more than the recipe's limit of 5 GiB,"]
        self.assert_error(words, self.plan, "managed | limit{5GiB}", kv_bytes=5 * GIB + 1)

    def test_that_is_large_or_of_other_memory_changes_nothing(self):
        for recipe in (
            "managed | limit{2TiB}",
            "managed | limit",
            "managed | limit{no_limit}",
        ):
            plan, _ = self.plan(recipe)
            self.assertEqual((plan.kv_bytes, plan.kv_in_hbm), (None, None), recipe)
            self.assertGreater(plan.large_bytes, 200 * GIB)

    def test_before_a_spill_it_bounds_the_larger_memory_alone(self):
        plan, hbm = self.plan("egm | limit{120GiB} | spill{device | limit{1GiB}, .headroom = 8GiB} | stats")
        self.assertEqual(plan.kv_bytes, None)
        self.assertEqual(plan.large_bytes, (120 * GIB - hbm) // MIB * MIB)

    def test_cmm_limit_is_planned_with_as_the_library_will_have_it(self):
        limited = self.plan_of("gh200-480", CMM_LIMIT="64GiB")
        self.assertIn("CMM_LIMIT of 64 GiB, less 256 MiB", limited)
        self.assertIn("HBM and beyond together, by CMM_LIMIT", limited)
        self.assertIn("--kv-cache-memory-bytes 68451041280", limited)  # 64 GiB less 256 MiB
        wider = self.plan_of("gh200-480", "--recipe", "managed | limit{1GiB}", CMM_LIMIT="64GiB")
        self.assertIn("68451041280", wider)
        spilling = "egm | limit{120GiB} | spill{device, .headroom = 8GiB} | stats"
        plan, hbm = self.plan(spilling, budget=130 * GIB)
        self.assertEqual(plan.large_bytes, (130 * GIB - hbm) // MIB * MIB)
        words = ["more than CMM_LIMIT of 5 GiB", "--kv-bytes 4864MiB"]
        self.assert_error(words, self.plan, "managed", kv_bytes=10 * GIB, budget=5 * GIB)
        self.assert_error(["such as CMM_LIMIT=64GiB"], self.plan, "managed", budget=1)
        odd = self.serve("MODEL", "--dry-run", "--root", MACHINES / "gh200-480", CMM_LIMIT="lots")
        self.assert_refused(["CMM_LIMIT is 'lots'", "write a size"], odd)


if __name__ == "__main__":
    unittest.main()
