"""Plans for the recorded machines: recipe and sizes by reasoning, and laws that hold for every machine."""

import dataclasses
import unittest

from cmm.building.cache import cache_folder
from cmm.building.compiler import find_compiler
from cmm.building.recipe import allocator_source
from cmm.vllm.planning.plan import Wishes, make_plan
from serving import GIB, MACHINES, MIB, ServeTest, machine, reach

HOST = "managed | prefer{host} | accessed_by{device} | stats"
NEAREST = "managed | prefer{nearest_numa} | accessed_by{device} | stats"
IN_HBM = "device | stats"

# Free memory of the node, less a 16th of its size, less 4 GiB for one worker, in KiB; whole MiB of that.
GRACE = (250_871_808 - 501_743_616 // 16 - 4_194_304) // 1024
SECOND_SOCKET = (250_347_520 - 500_695_040 // 16 - 4_194_304) // 1024
GUEST = (200 - 400 // 16 - 4) * 1024
H200 = int((131_460_396 - 131_981_020 / 16 - 4_194_304) / 1024)

EXPECTED = {
    # machine, GPUs: recipe, utilization, MiB beyond HBM
    ("gh200-480", 1): (HOST, 0.92, GRACE),
    ("gh200-480-cdmm", 1): (HOST, 0.92, GRACE),
    ("gh200-container", 1): (HOST, 0.92, GRACE),  # its 256 GiB less 20 GiB are more
    ("gh200-egm-guest", 1): (HOST, 0.92, GUEST),
    ("gh200-two-socket", 1): (NEAREST, 0.92, GRACE),
    ("gh200-two-socket", 2): (NEAREST, 0.92, SECOND_SOCKET),  # the smaller of the two nodes
    ("gh200-480-egm", 1): (IN_HBM, 0.92, 0),  # 4 GiB free, 8 GiB kept back
    ("h200-pcie", 1): (HOST, 0.92, H200),
    ("gb10", 1): (IN_HBM, 0.40, 0),  # (60.8 - 7.6 - 4) GiB of 121.6
    ("wsl", 1): (IN_HBM, 0.92, 0),
    # Page cache is free where CPU and GPU share memory, for vLLM as well: (115.65 - 7.61 - 4) GiB of 121.69
    ("gb10-after-60gb-file", 1): (IN_HBM, 0.85, 0),
    ("gb10-full-cache", 1): (IN_HBM, 0.33, 0),  # (52 - 7.61 - 4) GiB of 121.69
    ("gb10-idle", 1): (IN_HBM, 0.85, 0),
    ("gb10-memgetinfo-oom", 1): (IN_HBM, 0.68, 0),  # (95 - 7.61 - 4) GiB of MemTotal
    ("jetson-orin", 1): (IN_HBM, 0.74, 0),  # (54 - 4 - 4) GiB of 61.37
    ("jetson-orin-no-numa", 1): (IN_HBM, 0.74, 0),
    # MemAvailable less a 16th of all and 4 GiB for a worker, where no node is near or none is shown.
    ("h100-gvisor", 1): (HOST, 0.92, 111756),
    ("h100-vm-no-affinity", 1): (HOST, 0.92, 201 * 1024),
    ("wsl2-5090-no-numa", 1): (IN_HBM, 0.92, 0),
    ("wsl2-5090", 1): (IN_HBM, 0.92, 0),
    ("vgpu-l40s", 1): (IN_HBM, 0.92, 0),
    # A node that is a third of what is free or more is a place of its own, a smaller one is not.
    ("dgx-h100", 1): (HOST, 0.92, 904217),
    ("dgx-h100", 8): (HOST, 0.92, 222982),
    ("h100-mig-3g", 1): (HOST, 0.92, 853056),
    ("a100-cxl-node", 1): (HOST, 0.92, 339627),
    ("rtx5090-says-integrated", 1): (HOST, 0.92, 32 * 1024),  # (40 - 4 - 4) GiB
    # What a group has left, less a 16th of its limit and 4 GiB for each worker, in GiB.
    ("gh200-4gpu-slurm-200g", 4): (NEAREST, 0.92, int((200 - 1 - 12.5 - 16) * 256)),
    ("gh200-4gpu-docker-v1", 4): (NEAREST, 0.92, int((200 - 10 - 12.5 - 16) * 256)),
    ("gh200-docker-v2-uses-150g", 4): (NEAREST, 0.92, int((300 - 140 - 18.75 - 16) * 256)),
    ("gh200-4gpu-k8s", 1): (NEAREST, 0.92, (64 - 2 - 4 - 4) * 1024),
    ("gh200-4gpu-one-visible", 1): (NEAREST, 0.92, 99872),  # (109 - 119.5 / 16 - 4) GiB of its node
    ("gh200-144-idle", 1): (HOST, 0.92, 404576),
    # A container of 64 GiB by lxcfs: (61 - 64 / 16 - 4) GiB, whatever its host has.
    ("h100-lxcfs", 1): (HOST, 0.92, 53 * 1024),
}

REFUSED = {
    # machine: why, as a part of the sentence
    "gh200-144-cache-on-hbm": "66.5 GiB of page cache",
    "gh200-driver-550": "CUDA error 35",
    "h100-no-context": "cudaMemGetInfo",
    "h100-no-context-no-nvml": "cudaMemGetInfo",
    "no-gpu": "no GPU answered",
}


class Recorded(ServeTest):
    """Each recorded machine."""

    def test_has_the_recipe_and_the_size_that_reasoning_gives(self):
        self.assertEqual((GRACE, SECOND_SOCKET, GUEST, H200), (210272, 209824, 175104, 116227))
        for (name, gpus), (recipe, utilization, mib) in EXPECTED.items():
            with self.subTest(name, gpus=gpus):
                plan = make_plan(machine(name), Wishes(gpus=gpus))
                self.assertEqual(
                    (plan.recipe, plan.gpu_memory_utilization, plan.large_bytes),
                    (recipe, utilization, mib * MIB),
                )

    def test_has_an_expected_plan_or_is_refused(self):
        for name, words in REFUSED.items():
            with self.subTest(name):
                self.assert_error([words], lambda name=name: make_plan(machine(name), Wishes()))
        folders = {path.name for path in MACHINES.iterdir() if path.is_dir()}
        self.assertEqual({name for name, _ in EXPECTED} | set(REFUSED), folders)

    def test_has_a_recipe_that_the_library_reads(self):
        for recipe in {recipe for recipe, _, _ in EXPECTED.values()} | {self.pinned_plan().recipe}:
            source = allocator_source(recipe, "cuda", cache_folder(), find_compiler(None))
            self.assertIn("cmm::", source, recipe)

    def test_in_egm_mode_explains_why_475_gib_were_never_there(self):
        plan = make_plan(machine("gh200-480-egm"), Wishes())
        said = " ".join(plan.warnings)
        for words in ("439 GiB", "virtual machines", "does not see", "475 GiB", "never there", "firmware"):
            self.assertIn(words, said)
        self.assertIn("NUMA node 2 is HBM", " ".join(reason.text for reason in plan.reasons))

    def test_with_no_gpu_is_refused(self):
        self.assert_error(["no GPU answered", "nvidia-smi"], make_plan, machine("no-gpu"), Wishes())

    def test_without_concurrent_managed_access_says_why_there_is_no_larger_memory(self):
        plan = make_plan(machine("wsl"), Wishes())
        self.assertIn("cudaDevAttrConcurrentManagedAccess is 0", " ".join(plan.warnings))
        self.assertEqual(int(25_756_696_576 * 0.92 / MIB), 22598)
        self.assert_error(
            [
                "larger than GPU 0 reaches",
                "HBM runs out",
                "ConcurrentManagedAccess is 0",
                "--kv-bytes 22598MiB",
            ],
            make_plan,
            machine("wsl"),
            Wishes(kv_bytes=40 * GIB),
        )

    def test_over_pcie_warns_of_the_ratio_of_link_and_memory(self):
        said = " ".join(make_plan(machine("h200-pcie"), Wishes()).warnings)
        self.assertIn("76 times slower", said)  # 4814.3 / 63.0
        self.assertIn("PCIe at up to 63 GB/s", said)
        self.assertIn(
            "A prompt longer than HBM's part of the KV cache is served, but each step of its answer", said
        )
        self.assertIn("--max-model-len refuses what is longer", said)
        in_hbm = make_plan(machine("h200-pcie"), Wishes(recipe="device | stats"))
        self.assertNotIn("A prompt longer", " ".join(in_hbm.warnings))
        plan = make_plan(machine("gh200-480"), Wishes())
        self.assertEqual(plan.warnings, ())
        self.assertIn("9 times slower", " ".join(reason.text for reason in plan.reasons))

    def test_tells_verified_from_reported(self):
        def verify(told):
            reach(told, "managed", "host memory")["verified_bytes"] = 256 * MIB

        for change, how in ((verify, "verified"), (None, "reported")):
            plan = make_plan(machine("gh200-480", change), Wishes())
            said = next(each for each in plan.reasons if each.text.startswith("managed reaches"))
            self.assertEqual(said.how, how)

    def pinned_plan(self):
        """Of a guest where managed memory was found elsewhere."""

        def elsewhere(told):
            reach(told, "managed", "host memory")["bytes"].update(value=0, how="verified")

        return make_plan(machine("gh200-egm-guest", elsewhere), Wishes())

    def test_takes_the_egm_pool_where_managed_memory_was_found_elsewhere(self):
        plan = self.pinned_plan()
        hbm = int(101_468_602_368 * 0.92)
        # All of the KV cache may be one tensor, so the pool must hold what HBM would have held, too.
        self.assertEqual(plan.large_bytes, (GUEST * MIB - hbm) // MIB * MIB)
        headroom = -(-(101_468_602_368 - hbm + 4 * GIB) // MIB)
        self.assertEqual(plan.recipe, f"egm | spill{{device, .headroom = {headroom}MiB}} | stats")

    def test_the_second_gpu_of_two_sockets_takes_from_its_own_node(self):
        plan = make_plan(machine("gh200-two-socket"), Wishes(visible="1"))
        self.assertEqual((plan.gpus[0].ordinal, plan.large_bytes), (1, SECOND_SOCKET * MIB))
        self.assertIn("node 1", plan.tier)

    def test_hbm_that_is_a_numa_node_is_not_counted_as_host_memory(self):
        grace = machine("gh200-480")
        # The kernel counts what is free in HBM, 51 002 736 640 bytes, as available.
        self.assertEqual(grace.now.available, 300_679_168 * 1024 - 51_002_736_640)
        on_host = 100 * GIB
        tight = dataclasses.replace(grace, now=dataclasses.replace(grace.now, available=on_host))
        kept = 513_785_462_784 // 16 + 4 * GIB
        self.assertEqual(make_plan(tight, Wishes()).large_bytes, (on_host - kept) // MIB * MIB)

    def test_a_page_cache_can_be_given_back(self):
        grace = machine("gh200-480")
        cached = dataclasses.replace(grace.now, cache={0: 10 * GIB}, available=grace.now.available + 10 * GIB)
        plan = make_plan(dataclasses.replace(grace, now=cached), Wishes())
        self.assertEqual(plan.large_bytes, GRACE * MIB + 10 * GIB)

    def test_a_container_with_less_gets_less(self):
        def less(told):
            told["facts"]["memory_limit_bytes"]["value"] = 64 * GIB

        small = machine("gh200-container", less)
        self.assertEqual(make_plan(small, Wishes()).large_bytes, (64 - 4 - 4) * GIB)
        used = dataclasses.replace(small, now=dataclasses.replace(small.now, used=10 * GIB + 1))
        self.assertEqual(make_plan(used, Wishes()).large_bytes, (64 - 4 - 4 - 10) * GIB - MIB)


class Wished(ServeTest):
    """What the user asks for."""

    def test_kv_cache_up_to_what_is_reached_is_planned_and_more_is_refused(self):
        in_hbm = int(101_468_602_368 * 0.92)
        most = (in_hbm + GRACE * MIB) // MIB * MIB
        self.assertEqual(make_plan(machine("gh200-480"), Wishes(kv_bytes=most)).kv_bytes, most)
        self.assert_error(
            ["host memory, node 0 runs out at 205 GiB", f"--kv-bytes {most // MIB}MiB"],
            make_plan,
            machine("gh200-480"),
            Wishes(kv_bytes=most + 1),
        )
        self.assert_error(
            ["439 GiB more belong to virtual machines"],
            make_plan,
            machine("gh200-480-egm"),
            Wishes(kv_bytes=475 * GIB),
        )

    def test_weights_and_headroom_take_from_hbm(self):
        in_hbm = int(101_468_602_368 * 0.92) - 10 * GIB - 20 * GIB
        fits = Wishes(kv_bytes=(in_hbm + GRACE * MIB) // MIB * MIB, weights=20 * GIB, hbm_headroom=10 * GIB)
        make_plan(machine("gh200-480"), fits)
        more = dataclasses.replace(fits, kv_bytes=fits.kv_bytes + MIB)
        self.assert_error(["larger than GPU 0 reaches"], make_plan, machine("gh200-480"), more)
        self.assert_error(["leaves nothing"], make_plan, machine("gh200-480"), Wishes(hbm_headroom=90 * GIB))

    def test_a_model_that_does_not_fit_is_refused(self):
        self.assert_error(
            ["does not fit", "140 GiB", "86.9 GiB", "--tensor-parallel-size"],
            make_plan,
            machine("gh200-480"),
            Wishes(weights=140 * GIB),
        )

    def test_host_memory_of_other_options_is_not_planned_twice(self):
        plan = make_plan(machine("gh200-480"), Wishes(host_taken=100 * GIB))
        self.assertEqual(plan.large_bytes, GRACE * MIB - 100 * GIB)

    def test_a_busy_gpu_is_refused_unless_its_share_is_asked_for(self):
        def busy(told):
            told["gpus"][0]["free_bytes"]["value"] = 40 * GIB

        self.assert_error(
            ["busy", "54.5 GiB of its 94.5 GiB", "by python (7)", "--gpu-memory-utilization 0.42"],
            make_plan,
            machine("gh200-480", busy),
            Wishes(),
            {"0009:01:00.0": "python (7)", "0019:01:00.0": "another (8)"},
        )
        plan = make_plan(machine("gh200-480", busy), Wishes(utilization=0.4))
        self.assertEqual(plan.gpu_memory_utilization, 0.4)
        self.assert_error(["at most 0.42"], make_plan, machine("gh200-480", busy), Wishes(utilization=0.5))

    def test_gpus_that_are_not_there_are_refused(self):
        two = machine("gh200-two-socket")
        for wishes, words in (
            (Wishes(gpus=4), ["need 4 GPUs and 2 are visible"]),
            (Wishes(gpus=2, visible="1"), ["need 2 GPUs and 1"]),
            (Wishes(visible="5"), ["CUDA_VISIBLE_DEVICES is '5'", "0, 1"]),
            (Wishes(visible="1,1"), ["names GPU 1 twice"]),
            (Wishes(visible=""), ["is empty"]),
            (Wishes(visible="GPU-123"), ["no UUIDs"]),
        ):
            self.assert_error(words, make_plan, two, wishes)

    def test_a_recipe_is_taken_if_its_source_reaches(self):
        for recipe, large in ((HOST, GRACE * MIB), ("device | stats", 0)):
            plan = make_plan(machine("gh200-480"), Wishes(recipe=recipe))
            self.assertEqual((plan.recipe, plan.large_bytes), (recipe, large))
        self.assert_error(
            ["system, which does not reach host memory, node 0", "PageableMemoryAccess is 0"],
            make_plan,
            machine("h200-pcie"),
            Wishes(recipe="system | stats"),
        )
        self.assert_error(["no source"], make_plan, machine("gh200-480"), Wishes(recipe="null"))

    def test_a_spill_without_limits_is_warned_of(self):
        plan = make_plan(
            machine("gh200-480"), Wishes(recipe="managed | prefer{host} | spill{device} | stats")
        )
        self.assertIn("neither .headroom nor .budget", " ".join(plan.warnings))


if __name__ == "__main__":
    unittest.main()
