"""Drives vLLM's real scheduler at random, with workers that follow it."""

import collections
import random

import cmm.kv
import tag_runner
from cmm.vllm.following import Follower, group_of
from cmm.vllm.following.staged_slots import staged_slots

ABORT, RESET, ARRIVE = 0.01, 0.003, 0.25


class Worker:
    """A worker on a simulated machine: follows, moves for real, runs."""

    def __init__(
        self,
        specs,
        blocks,
        fast,
        seed,
        *,
        careful=False,
        caching=True,
        drafts=0,
        follower=Follower,
        spare=0,
    ):
        kv = library()
        size = 8 * max(spec.block_size for spec in specs)
        self.layout = kv.layout([(0, size, size)], blocks + spare)
        self.memory = kv.range(self.layout, fast)
        self.mover = kv.mover(self.memory)
        self.pages = kv.residency(self.layout, fast, careful=careful, reserve=spare)
        groups = [group_of(spec) for spec in specs]
        self.follower = follower(self.pages, groups, blocks, caching=caching, ahead=2 * drafts)
        self.random = random.Random(seed)
        self.runner = tag_runner.TagRunner(
            tag_runner.view_of(self.memory), specs, random.Random(seed), drafts
        )

    def execute(self, output):
        plan, output = self.follower.step(output)
        self.move(plan)
        return self.run(output)

    def run(self, output):
        """The work of a step, with copies of idle blocks beside it."""
        if self.random.random() < 0.5:
            self.move(self.pages.refill())
            return self.runner.execute(output)
        ready = self.pages.refill()
        result = self.runner.execute(output)
        self.move(ready)
        return result

    def move(self, plan):
        self.mover.run(plan, 0)


class Stages(Worker):
    """A worker whose prompts read blocks beyond HBM, as staging copies them ahead, as they were before the
    work of a step."""

    staged = 0

    def execute(self, output):
        plan, seen = self.follower.step(output)
        self.move(plan)
        (spec,) = self.runner.specs
        read, _ = staged_slots(
            output, self.pages, self.follower.requests, block_size=spec.block_size, room=20, least=8
        )
        self.runner.windows = read, self.runner.memory[read]
        self.staged += read.size
        return self.run(seen)


def library():
    return cmm.kv.build("sim:gh200-480")


class Drive:
    """Requests that come, go on from others, are aborted and come again, through a scheduler and workers."""

    def __init__(
        self, real, groups, worker, seed, *, blocks=40, drafts=0, runs_ahead=False, resets=True, **how
    ):
        self.real, self.random = real, random.Random(seed)
        self.scheduler, self.specs = real.make(groups, blocks, drafts=drafts, runs_ahead=runs_ahead, **how)
        self.workers = worker(self.specs)
        self.runs_ahead, self.drafts, self.resets = runs_ahead, drafts, resets
        self.block = min(spec.block_size for spec in self.specs)
        self.texts = [[self.random.randrange(40) for _ in range(120)] for _ in range(4)]
        self.number, self.again = 0, []
        self.seen = collections.Counter()
        self.most = 0  # blocks in use while several requests ran

    def run(self, steps):
        """So many steps. Raises what a worker raises."""
        waiting = collections.deque()
        for _ in range(steps):
            self._happen(len(waiting))
            output = self.scheduler.schedule()
            self._note(output)
            if len(self.scheduler.running) > 1:
                free = self.scheduler.kv_cache_manager.block_pool.get_num_free_blocks()
                self.most = max(self.most, self.scheduler.cache_config.num_gpu_blocks - free)
            results = [worker.execute(output) for worker in self.workers]
            assert all(each == results[0] for each in results)
            waiting.append((output, results[0]))
            while len(waiting) > (self.runs_ahead and not self.again):
                self._update(*waiting.popleft())
        while waiting:
            self._update(*waiting.popleft())

    def _happen(self, ahead):
        live = list(self.scheduler.requests)
        while self.again and not ahead:  # vLLM would take a late output for one of the new request
            self._add(self.again.pop())
        if self.random.random() < ARRIVE and len(live) < 14:
            self._add(str(self.number))
            self.number += 1
        if live and self.random.random() < ABORT:
            gone = self.random.choice(live)
            self.scheduler.finish_requests(gone, self.real.request_module.RequestStatus.FINISHED_ABORTED)
            self.seen["aborted"] += 1
            self.again.append(gone)
        if self.resets and self.random.random() < RESET:
            self.seen["reset"] += 1
            self.scheduler.reset_prefix_cache(reset_running_requests=self.random.random() < 0.7)

    def _add(self, number):
        text = self.random.choice(self.texts)
        prompt = text[: self.random.randrange(1, len(text))]
        prompt += [self.random.randrange(40) for _ in range(self.random.randrange(0, 12))]
        self.scheduler.add_request(
            self.real.request(number, prompt, self.random.randrange(1, 40), self.block)
        )

    def _note(self, output):
        cached = output.scheduled_cached_reqs
        self.seen["steps"] += 1
        self.seen["resumed"] += len(cached.resumed_req_ids)
        self.seen["preempted"] += len(output.preempted_req_ids or ())
        self.seen["hit"] += sum(new.num_computed_tokens > 0 for new in output.scheduled_new_reqs)
        self.seen["copied"] += len(getattr(output, "kv_cache_block_copies", None) or ())
        self.seen["drafts"] += len(output.scheduled_spec_decode_tokens)
        self.seen["chunked"] += sum(
            new.num_computed_tokens + output.num_scheduled_tokens[new.req_id] < len(new.prompt_token_ids)
            for new in output.scheduled_new_reqs
        )

    def _update(self, output, sampled):
        numbers = list(output.num_scheduled_tokens)
        made = self.real.outputs.ModelRunnerOutput(
            req_ids=numbers,
            req_id_to_index={number: at for at, number in enumerate(numbers)},
            sampled_token_ids=[sampled[number] for number in numbers],
            logprobs=None,
            prompt_logprobs_dict={},
            pooler_output=[],
        )
        self.scheduler.update_from_output(output, made)
        if self.drafts and not self.runs_ahead:
            drafts = [
                [1] * self.random.randrange(self.drafts + 1) if sampled[number] else [] for number in numbers
            ]
            self.scheduler.update_draft_token_ids(self.real.outputs.DraftTokenIds(numbers, drafts))
