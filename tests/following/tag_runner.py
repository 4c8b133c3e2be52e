"""A model runner that computes tags instead of keys and values, and looks at every tag that it reads."""

import ctypes

import numpy as np


class WrongTagError(Exception):
    """A block did not hold what was last written for these tokens."""


class Tokens:
    """The tokens of a request, and the tag of each: of all tokens up to it, as keys and values are."""

    def __init__(self, prompt):
        """Of the prompt."""
        self.tags = []
        self.ids = []
        for token in prompt:
            self.add(token)

    def add(self, token):
        """One more."""
        self.tags.append(hash((self.tags[-1] if self.tags else 7, token)))
        self.ids.append(token)

    def cut(self, count):
        """Back to so many."""
        del self.tags[count:], self.ids[count:]

    def next(self):
        """What the model says comes after these."""
        return self.tags[-1] % 40


class State:
    """What a runner keeps of a request."""

    def __init__(self, prompt, blocks, computed):
        """As told when it is new."""
        self.prompt = len(prompt)
        self.tokens, self.blocks, self.computed = Tokens(prompt), [list(each) for each in blocks], computed
        self.at = None
        """Which of its blocks has the state, where each block of tokens has one."""
        self.accepted = 1
        """Tokens that the last step sampled. Behind each there is a state, in a block of its own."""

    def row(self, spec, blocks, ahead=0):
        """The slot of its state, of that after so many drafts."""
        return blocks[(self.at if is_aligned(spec) else 0) + ahead]


class TagRunner:
    """Keeps block tables as vLLM's do, and content in memory that has a row of tags for each slot."""

    def __init__(self, memory, specs, random, drafts=0):
        """`memory` is int64 [slots, tokens of the largest block]."""
        self.memory, self.specs, self.random, self.most_drafts = memory, specs, random, drafts
        self.requests = {}
        self.windows = None
        """Slots that a step reads as they were before it, and what they held."""
        self.read = 0
        self.carried = 0
        """States that went on in another block."""
        self.behind_drafts = 0
        """Steps that went on from the state behind a draft."""

    def execute(self, output):
        """A step; returns the sampled tokens and the next drafts of each request."""
        for number in output.finished_req_ids:
            self.requests.pop(number, None)
        for number in output.preempted_req_ids or ():
            self._forget_state(number)
        if output.new_block_ids_to_zero:
            self.memory[output.new_block_ids_to_zero] = 0
        for source, target in getattr(output, "kv_cache_block_copies", None) or ():
            self.memory[target] = self.memory[source]
        for new in output.scheduled_new_reqs:
            self.requests[new.req_id] = State(new.prompt_token_ids, new.block_ids, new.num_computed_tokens)
        cached = output.scheduled_cached_reqs
        for at, number in enumerate(cached.req_ids):
            state, blocks = self.requests[number], cached.new_block_ids[at]
            if number in cached.resumed_req_ids:
                self._forget_state(number)
                state.blocks = [list(each) for each in blocks]
                state.computed = cached.num_computed_tokens[at]
                state.tokens.cut(state.prompt + cached.num_output_tokens[at])
            elif blocks is not None:
                for mine, more in zip(state.blocks, blocks, strict=True):
                    mine += more
        counts = output.num_scheduled_tokens
        drafts = {number: self._drafts(number, output) for number in counts}
        for number, count in counts.items():
            self._carry(number, count)
        begins = {number: self.requests[number].computed for number in counts}
        before = {number: self._states(number) for number in counts}
        for number, count in counts.items():
            self._write(number, count, drafts[number])
        for number, count in counts.items():
            self._read(number, count, drafts[number], before[number])
        sampled = {number: self._sample(number, count, drafts[number]) for number, count in counts.items()}
        for number, count in counts.items():
            self._finish_block(number, begins[number] + count - len(drafts[number][1:]))
        return sampled

    def _drafts(self, number, output):
        """The drafts that this step tries; where the scheduler runs ahead, those that this runner made."""
        state = self.requests[number]
        told = output.scheduled_spec_decode_tokens.get(number, ())
        known = len(state.tokens.ids)
        made = [state.tokens.next() if self.random.random() < 0.5 else 41 for _ in told[:1]]
        return [known, *(made + [42] * len(told))[: len(told)]]

    def _whole(self, number, count, drafts):
        """The tags with drafts behind them, and where this step begins and ends."""
        state = self.requests[number]
        for token in drafts[1:]:
            state.tokens.add(token)
        tags = np.array(state.tokens.tags, np.int64)
        state.tokens.cut(drafts[0])
        return tags, state.computed, state.computed + count

    def _forget_state(self, number):
        """In which block a request that is preempted has its state."""
        if number in self.requests:
            self.requests[number].at, self.requests[number].accepted = None, 1

    def _carry(self, number, count):
        """Copies states of which each block of tokens has one to the block in which this step ends."""
        state = self.requests[number]
        for spec, mine in zip(self.specs, state.blocks, strict=True):
            if not is_aligned(spec):
                continue
            size = spec.block_size
            before = (state.computed - 1) // size if state.at is None else state.at
            state.at = -(-(state.computed + count) // size) - 1
            if before not in (-1, state.at):
                self.memory[mine[state.at]] = self.memory[mine[before + state.accepted - 1]]
                self.carried += 1
                self.behind_drafts += state.accepted > 1
                state.accepted = 1

    def _states(self, number):
        """Of groups with states: what their blocks hold before the step."""
        state = self.requests[number]
        self.behind_drafts += state.accepted > 1
        return [
            self.memory[state.row(spec, mine, state.accepted - 1), 0] if is_state(spec) else None
            for spec, mine in zip(self.specs, state.blocks, strict=True)
        ]

    def _finish_block(self, number, known):
        """Copies the state at the end of a block of tokens to that block, if drafts were accepted beyond it.

        `known` tokens of the step were no drafts, or came before it.
        """
        state = self.requests[number]
        for spec, mine in zip(self.specs, state.blocks, strict=True):
            if not is_aligned(spec):
                continue
            end = state.computed // spec.block_size * spec.block_size
            if end >= known:
                to = end // spec.block_size - 1
                self.memory[mine[to]] = self.memory[state.row(spec, mine, end - known)]
                if to == state.at:
                    state.accepted = 1

    def _write(self, number, count, drafts):
        tags, begin, end = self._whole(number, count, drafts)
        for spec, mine in zip(self.specs, self.requests[number].blocks, strict=True):
            if is_state(spec):
                for ahead in range(
                    len(drafts)
                ):  # after the last token that is no draft, and after each draft
                    row = self.requests[number].row(spec, mine, ahead)
                    self.memory[row, 0] = tags[end - len(drafts) + ahead]
                continue
            at = np.arange(begin, end)
            self.memory[np.array(mine)[at // spec.block_size], at % spec.block_size] = tags[begin:end]

    def _read(self, number, count, drafts, before):
        tags, begin, end = self._whole(number, count, drafts)
        for spec, mine, was in zip(self.specs, self.requests[number].blocks, before, strict=True):
            if is_state(spec):
                if begin and was != tags[begin - 1]:
                    raise WrongTagError(f"request {number} goes on from another state at {begin}")
                continue
            at = np.arange(first_read(spec, begin), end)
            rows = np.array(mine)[at // spec.block_size]
            wrong = self._held()[rows, at % spec.block_size] != tags[at]
            self.read += len(at)
            if wrong.any():
                where = at[wrong][0]
                raise WrongTagError(
                    f"request {number} reads another tag at token {where} of {end}, in slot "
                    f"{mine[where // spec.block_size]}, of a {type(spec).__name__}"
                )

    def _held(self):
        """The content of slots as attention reads it."""
        if self.windows is None:
            return self.memory
        slots, held = self.windows
        memory = self.memory.copy()
        memory[slots] = held
        return memory

    def _sample(self, number, count, drafts):
        """Sampled tokens, none in the middle of a prompt, and new drafts."""
        state = self.requests[number]
        known, tried = drafts[0], drafts[1:]
        end = state.computed + count
        state.accepted = 1
        if end < known:
            state.computed = end
            return []
        sampled = []
        for token in tried:
            sampled.append(state.tokens.next())
            state.tokens.add(sampled[-1])
            if token != sampled[-1]:
                break
        else:
            sampled.append(state.tokens.next())
            state.tokens.add(sampled[-1])
        state.computed, state.accepted = len(state.tokens.ids) - 1, len(sampled)
        return sampled


def is_state(spec):
    """Whether a block holds a state instead of tokens."""
    return type(spec).__name__ == "MambaSpec"


def is_aligned(spec):
    """Whether each block of tokens has a state of its own, so that prefixes are found again."""
    return is_state(spec) and spec.mamba_cache_mode == "align"


def first_read(spec, query):
    """The first token that a query at this position sees."""
    window = getattr(spec, "sliding_window", None)
    chunk = getattr(spec, "attention_chunk_size", None)
    if window:
        return max(0, query - window + 1)
    return query // chunk * chunk if chunk else 0


def words_of(memory):
    """The slots of a range of a simulated machine as int64 words."""
    held = (ctypes.c_int64 * (memory.layout.bytes // 8)).from_address(memory.data)
    return np.ctypeslib.as_array(held)


def view_of(memory):
    """A range whose pages have one piece, as int64 [slots, words of a page]."""
    return words_of(memory).reshape(memory.slots, -1)
