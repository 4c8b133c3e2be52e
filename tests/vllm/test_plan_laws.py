"""What holds for the plan of every machine, of machines made up at random."""

import dataclasses
import random
import unittest

from cmm.vllm.machine.description import Gpu, Machine, Now, Reach, Tier
from cmm.vllm.planning.plan import Wishes, make_plan
from cmm.vllm.planning.shares import nearest_tier, reserve

KIB, MIB, GIB = 1 << 10, 1 << 20, 1 << 30


class Law(unittest.TestCase):
    """What holds for every machine."""

    def test_no_plan_takes_more_than_is_reached_free_and_allowed(self):
        draw = random.Random(7)
        planned = 0
        for _ in range(3000):
            made = self.some_machine(draw)
            wished = draw.randint(1, len(made.gpus))
            plan = make_plan(made, Wishes(gpus=wished))
            self.assertEqual(plan.large_bytes % MIB, 0)
            self.assertGreaterEqual(plan.large_bytes, 0)
            planned += plan.large_bytes > 0
            for tier in made.host_tiers():
                near = [gpu for gpu in plan.gpus if nearest_tier(made, gpu) == tier]
                taken = plan.large_bytes * len(near)
                source = plan.recipe.split()[0]
                if source == "device" or not near or "of 2 nodes" in plan.tier:
                    continue
                self.assertLessEqual(taken, made.reach(source, tier).total)
                self.assertLessEqual(taken + reserve(tier.total, len(near)), made.node_free[tier.node])
            if plan.large_bytes and "of 2 nodes" in plan.tier:
                reached = sum(made.reach("managed", tier).total for tier in made.host_tiers())
                self.assertLessEqual(plan.large_bytes * wished, reached)
                self.assertEqual(made.now.available is None or plan.large_bytes <= made.now.available, True)
            taken = plan.large_bytes * wished
            if made.now.limit is not None and taken:
                self.assertLessEqual(taken + reserve(made.now.limit, wished) + made.now.used, made.now.limit)
            if made.now.available is not None and taken:
                self.assertLessEqual(taken, made.now.available)
        self.assertGreater(planned, 1000)

    def test_each_worker_has_4_gib_of_its_own(self):
        draw = random.Random(11)
        for _ in range(300):
            nodes = draw.choice((1, 2, 8))
            gpus = draw.randint(1, 8)
            made = self.even_machine(
                nodes, gpus, draw.randint(100, 300) * GIB, nearest=draw.choice((True, False))
            )
            plan = make_plan(made, Wishes(gpus=gpus))
            total, free = sum(made.node_bytes.values()), made.now.available
            self.assertLessEqual(plan.large_bytes, (free - total // 16 - 4 * GIB * gpus) // gpus)
            one = make_plan(made, Wishes(gpus=1))
            self.assertLessEqual(one.large_bytes, free - total // 16 - 4 * GIB)

    def test_small_nodes_count_together_whether_or_not_one_is_near(self):
        for nearest in (True, False):
            for gpus in (1, 4):
                made = self.even_machine(8, 8, 64 * GIB, nearest)
                plan = make_plan(made, Wishes(gpus=gpus))
                left = made.now.available - 8 * 64 * GIB // 16 - 4 * GIB * gpus
                self.assertEqual(plan.large_bytes, left // gpus // MIB * MIB)
                self.assertIn("8 nodes", plan.tier)

    def test_a_nearest_node_without_memory_is_none(self):
        for nodes in (2, 4):
            made = self.even_machine(nodes, 2, 100 * GIB, nearest=True)
            empty = dataclasses.replace(made.gpus[0], nearest_node=99)
            plan = make_plan(dataclasses.replace(made, gpus=(empty,)), Wishes())
            left = made.now.available - nodes * 100 * GIB // 16 - 4 * GIB
            self.assertEqual(plan.large_bytes, left // MIB * MIB)

    def test_nodes_that_this_process_may_not_use_count_nothing(self):
        made = self.even_machine(8, 1, 64 * GIB, nearest=False)
        closed = dataclasses.replace(made, node_free={**made.node_free, **dict.fromkeys(range(4, 8), 0)})
        plan = make_plan(closed, Wishes())
        self.assertEqual(plan.large_bytes, (4 * 60 - 4 * 64 // 16 - 4) * GIB)
        self.assertIn("4 nodes", plan.tier)

    def test_a_machine_that_shows_no_nodes_has_what_the_kernel_has(self):
        draw = random.Random(5)
        for _ in range(100):
            total = draw.randint(32, 900) * GIB + draw.randrange(GIB)
            free = draw.randint(GIB, total)
            tier = Tier("host memory", -1, -1, total)
            reach = Reach("managed", tier.name, total, "inferred", "x")
            now = Now(available=free)
            gpu = self.some_gpu(draw, 0, draw.choice((0, None)))
            made = Machine((gpu,), (tier,), (reach,), {}, {}, (), "separate", "off", False, "", now)
            plan = make_plan(made, Wishes())
            self.assertEqual(plan.large_bytes, max(0, free - reserve(total, 1)) // MIB * MIB)
            self.assertNotIn("EGM", " ".join(plan.warnings))

    def even_machine(self, nodes, gpus, size, nearest):
        """With nodes of one size, each 4 GiB less free, and GPUs that tell the node or do not."""
        draw = random.Random(3)
        tiers = tuple(Tier(f"host memory, node {node}", -1, node, size) for node in range(nodes))
        reaches = tuple(Reach("managed", tier.name, size, "reported", "x") for tier in tiers)
        free = {node: size - 4 * GIB for node in range(nodes)}
        all_gpus = tuple(
            dataclasses.replace(
                self.some_gpu(draw, ordinal, ordinal % nodes if nearest else None), addressing="none"
            )
            for ordinal in range(gpus)
        )
        now = Now(available=sum(free.values()))
        bytes_of = dict.fromkeys(range(nodes), size)
        return Machine(all_gpus, tiers, reaches, bytes_of, free, (), "separate", "off", False, "", now)

    def some_machine(self, draw):
        """One to four GPUs, one or two nodes, anything free, anything reached."""
        nodes = range(draw.randint(1, 2))
        total = {node: draw.randint(16, 600) * GIB + draw.randrange(GIB) for node in nodes}
        free = {node: draw.randint(0, total[node]) for node in nodes}
        tiers = tuple(Tier(f"host memory, node {node}", -1, node, total[node]) for node in nodes)
        reaches = tuple(
            Reach(
                source, tier.name, draw.choice((0, tier.total, draw.randint(0, tier.total))), "reported", "x"
            )
            for source in ("managed", "egm")
            for tier in tiers
        )
        gpus = tuple(
            self.some_gpu(draw, ordinal, draw.choice(nodes)) for ordinal in range(draw.randint(1, 4))
        )
        now = Now(
            available=draw.choice((None, sum(free.values()), draw.randint(0, sum(free.values()) + 1))),
            limit=draw.choice((None, draw.randint(1, 400) * GIB)),
            used=draw.randrange(100 * GIB),
        )
        return Machine(gpus, tiers, reaches, total, free, (), "NUMA", "off", False, "", now)

    def some_gpu(self, draw, ordinal, node):
        """With most of its memory free."""
        total = draw.randint(16, 140) * GIB + draw.randrange(KIB)
        return Gpu(
            ordinal, "some GPU", None, total, total - total // 20, 4000, "C2C", 400, node, "ATS", False
        )


if __name__ == "__main__":
    unittest.main()
