"""Moves pages between the memory of a GPU and that of the host."""

from . import abi
from .errors import BadInput
from .handle import Functions, Owner
from .layout import Layout
from .numbers import encoded, whole
from .plan import Plan
from .range import Range

BESIDE = ("nothing", "decode", "prefill")
_MOST_CTAS = 1024
_ADDRESS = 2**64 - 1


class Mover(Owner):
    """Puts the copies of plans into streams, by a kernel or by the copy engine, as measured rows say.

    Work goes into the stream of the call, after what is in it, and nothing is waited for; other streams order
    themselves by events. Used by one thread at a time.
    """

    def __init__(
        self,
        functions: Functions,
        layout: Layout,
        bases: tuple[int, int],
        fast: int,
        device: int,
        rows: str | None,
        ctas: int,
        memory: Range | None = None,
    ) -> None:
        """By `Library.mover` and `Library.mover_at`."""
        wish = abi.MoverWish(
            whole(bases[0], "the address of slots in HBM", 0, _ADDRESS),
            whole(bases[1], "the address of slots beyond it", 0, _ADDRESS),
            whole(fast, "fast slots", 0, 2**31 - 1),
            whole(device, "the device", -1, 1023),
            None if rows is None else encoded(rows, "a recommendation of movers"),
            whole(ctas, "thread blocks", 0, _MOST_CTAS),
        )
        self._memory = memory  # which must outlive this
        self._run = functions.short.cmm_kv_mover_run
        made = functions.made(functions.waiting.cmm_kv_mover_make, layout._handle, wish)
        super().__init__(functions, made, functions.waiting.cmm_kv_mover_free)
        self.page_bytes = layout.page_bytes
        if memory is not None:
            memory.users.add(self)

    def run(self, plan: Plan, stream: int = 0, beside: str = "nothing") -> None:
        """Put the copies of a plan into a stream, before the work that reads the pages.

        `stream` is a `cudaStream_t` as an integer, such as `torch.cuda.current_stream().cuda_stream`.
        `beside` says what runs on the GPU meanwhile: "nothing", where the stream's work waits for the copies,
        "decode" or "prefill" in another stream. An empty plan costs nothing. Refuses a plan that ran before
        or is no longer valid, slots of other movers, a stream of another device or one that is being
        captured, and a forked child; then nothing is moved.
        """
        plan.check()
        if beside not in BESIDE:
            raise BadInput(f"{beside!r} does not run beside moves; write one of {', '.join(BESIDE)}")
        if type(stream) is not int or not 0 <= stream <= _ADDRESS:
            raise BadInput(f"the stream is {stream!r} and must be a cudaStream_t as an integer")
        answer = self._run(self._open(), plan.c, stream, BESIDE.index(beside))
        if answer:
            self._functions.check(answer)

    def counters(self) -> dict[str, int]:
        """What it has done.

        `plans` that were not empty; `pages_up`, `pages_down` and pairs `swapped`; `bytes_up` and `bytes_down`
        with those of swaps; `kernels`; `copies` of the copy engine; `waits` for a kernel far behind.
        """
        counted = abi.MoverCounts()
        self._functions.check(self._functions.short.cmm_kv_mover_count(self._open(), counted))
        return {name: getattr(counted, name) for name, _ in abi.MoverCounts._fields_}

    def close(self) -> None:
        """Wait for its copies, and give back what it took. Twice does nothing."""
        self._close()
        self._memory = None
