"""What holds for the plan of every machine, of machines made up at random."""

import random
import unittest

from cmm.vllm.machine import Gpu, Machine, Now, Reach, Tier
from cmm.vllm.plan import Wishes, make_plan
from cmm.vllm.shares import nearest_tier, reserve

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
                if source == "device" or not near:
                    continue
                self.assertLessEqual(taken, made.reach(source, tier).total)
                self.assertLessEqual(taken + reserve(tier.total, len(near)), made.node_free[tier.node])
            taken = plan.large_bytes * wished
            if made.now.limit is not None and taken:
                self.assertLessEqual(taken + reserve(made.now.limit, wished) + made.now.used, made.now.limit)
            if made.now.available is not None and taken:
                self.assertLessEqual(taken, made.now.available)
        self.assertGreater(planned, 1000)

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
