"""Which slot each page lies in."""

import ctypes
import struct
from array import array
from collections.abc import Iterable
from typing import Any

import numpy as np

from . import abi
from .errors import BadInput
from .handle import Functions, Owner
from .numbers import INT32, INT32_MOST, address_of, encoded, pages_of, whole
from .plan import Plan

_LISTS = tuple(name for name, _ in abi.Changes._fields_)
_WORDS = struct.Struct(f"{2 * len(_LISTS)}Q")  # an address and a count for each list


_FRESH = _LISTS.index("fresh")
_NONE = (0,) * (2 * len(_LISTS))


class Gained:
    """Pages that sequences gained, in memory of the library, until more are added."""

    __slots__ = ("_keeps", "address", "places", "size")

    def __init__(self, address: int, size: int, places: int, keeps: Any) -> None:
        """By `Residency.grow`."""
        self.address, self.size, self.places, self._keeps = address, size, places, keeps

    def tolist(self) -> list[int]:
        """As numbers of Python."""
        return list((ctypes.c_int32 * self.size).from_address(self.address)) if self.size else []


_KINDS = {type(None), list, Gained}


class Residency(Owner):
    """Follows what an engine tells of its pages, and says what must be copied for it; it copies nothing.

    Pages begin in the slots of their own numbers, unknown, and unknown pages are never moved. Running out of
    slots in HBM is no error: a page stays beyond and is read there. A step costs by the pages named and
    moved, whatever the number of pages. Used by one thread at a time.
    """

    def __init__(
        self,
        functions: Functions,
        slots: int,
        fast: int,
        page_bytes: int,
        policy: str,
        reserve: int,
        careful: bool,
    ) -> None:
        """By `Library.residency`."""
        self._c = c = functions.short
        made = functions.made(
            c.cmm_kv_residency_make,
            whole(slots, "slots", 1, INT32_MOST),
            whole(fast, "fast slots", 0, INT32_MOST),
            whole(page_bytes, "bytes of a page", 0, 2**64 - 1),
            encoded(policy, "the policy"),
            whole(reserve, "the reserve", 0, INT32_MOST),
            int(careful),
        )
        numbers = _table(functions, made)
        super().__init__(functions, made, c.cmm_kv_residency_free, kept_by=numbers)
        self.fast = fast
        """Slots [0, fast) lie in HBM."""
        self.slots = np.frombuffer(numbers, INT32)
        """The slot of each page, as it is now: int32 [pages], a view that cannot be written."""
        self.slots.flags.writeable = False
        self._numbers: list[int] | None = None
        self._gained, self._newest = abi.List(), Gained(0, 0, 0, None)
        self._changes = abi.Changes()
        self._plan = self._refill = Plan(abi.Plan())

    def __len__(self) -> int:
        """How many pages there are."""
        return len(self.slots)

    def adopt(self, first: int, count: int) -> None:
        """Pages [first, first + count) are the caller's from now on and hold nothing, so they may be moved.

        Page 0 stays what it is: padding is written there.
        """
        first, count = whole(first, "the first page", 0, INT32_MOST), whole(count, "a count", 0, INT32_MOST)
        self._functions.check(self._c.cmm_kv_residency_adopt(self._handle, first, count))

    def step(
        self,
        *,
        idle: Any = None,
        dead: Any = None,
        dropped: Any = None,
        fresh: Any = None,
        hits: Any = None,
        written: Any = None,
        used: Any = None,
    ) -> Plan:
        """Take note of a step, and say what must be copied before its work, in the stream of that work.

        Each list is an int32 array of pages, which is read where it is, or any list of numbers; they count
        in this order. A page is live while it has readers.

        - `idle`: lose a reader; without readers, can still be hit
        - `dead`: lose a reader; without readers, the content is dropped
        - `dropped`: have no reader, and can be hit no longer
        - `fresh`: handed out anew, the content is dead: gain their first reader
        - `hits`: gain a reader that needs the content
        - `written`: other live pages that the work of this step writes
        - `used`: live pages that it reads, where it does not read all of them

        Refuses a foreign page, a hit of a dead one, and one that is given back too often; then nothing is
        changed.
        """
        given = (idle, dead, dropped, fresh, hits, written, used)
        plan = abi.Plan()
        if not self._stepped_by_lists(given, plan):
            kept = [_array(each, name) for name, each in zip(_LISTS, given, strict=True)]
            words = [word for each in kept for word in (address_of(each), each.size)]
            _WORDS.pack_into(self._changes, 0, *words)
            self._functions.check(self._c.cmm_kv_residency_step(self._handle, self._changes, plan))
        self._plan.end()
        self._plan = Plan(plan, (self,))
        return self._plan

    def _stepped_by_lists(self, given: tuple[Any, ...], plan: abi.Plan) -> bool:
        """Whether C read Python's lists itself, in a fraction of numpy's time, and refused nothing."""
        if not _KINDS.issuperset(map(type, given)):
            return False
        words = _NONE
        if type(gained := given[_FRESH]) is Gained:
            words = (*_NONE[: 2 * _FRESH], gained.address, gained.size, *_NONE[2 * _FRESH + 2 :])
            given = (*given[:_FRESH], None, *given[_FRESH + 1 :])
        _WORDS.pack_into(self._changes, 0, *words)
        return not self._c.cmm_kv_residency_step_lists(self._handle, self._changes, given, plan)

    def refill(self, least: int = 1) -> Plan:
        """Copies of the oldest idle pages to slots beyond, so that later steps can take theirs without one.

        Until `reserve` slots of HBM can be had so; nothing where fewer than `least` are missing. May run in
        another stream beside the work of the last step, but after that step's own plan, and the next step's
        plan and work come after it.
        """
        plan = abi.Plan()
        self._functions.check(self._c.cmm_kv_residency_refill(self._handle, least, plan))
        self._refill.end()
        self._refill = Plan(plan, (self,))
        return self._refill

    def translate(self, pages: np.ndarray) -> np.ndarray:
        """Turn the pages of an int32 array, of any shape, into their slots, in place; returns the array.

        Refuses a foreign page; then nothing is changed.
        """
        if type(pages) is not np.ndarray or pages.dtype != INT32 or not pages.flags.carray:
            what = f"{pages.dtype} array" if isinstance(pages, np.ndarray) else type(pages).__name__
            raise BadInput(
                f"pages are translated in place, which a {what} does not allow; give a contiguous int32 "
                "array that can be written, or use slots_of"
            )
        address = address_of(pages)
        answer = self._c.cmm_kv_residency_translate(self._handle, address, pages.size, address)
        if answer:
            self._functions.check(answer)
        return pages

    def slots_of(self, pages: Any) -> np.ndarray:
        """The slots of pages, as a new int32 array. Refuses a foreign page."""
        given = pages_of(pages, "pages")
        out = np.empty(given.size, INT32)
        answer = self._c.cmm_kv_residency_translate(
            self._handle, address_of(given), given.size, address_of(out)
        )
        if answer:
            self._functions.check(answer)
        return out

    def slots_of_lists(self, lists: Iterable[Any]) -> list[Any]:
        """The slots of the pages of each list, in one pass over all of them. Refuses a foreign page.

        A tuple of lists becomes a tuple of lists with slots, and None stays None. Lists that are no Python
        lists, such as arrays, take longer.
        """
        try:
            made = list(lists)
            if not self._c.cmm_kv_residency_translate_lists(self._handle, made, self._known_numbers()):
                return made
            made = list(lists)
            ids = array("i", [page for each in made for page in each])
        except (TypeError, OverflowError) as error:
            raise BadInput(
                f"lists of pages cannot be read ({error}); give lists of whole numbers that int32 holds"
            ) from error
        slots = self.translate(np.frombuffer(ids, INT32)).tolist() if ids else []
        parts, begin = [], 0
        for each in made:
            end = begin + len(each)
            parts.append(slots[begin:end])
            begin = end
        return parts

    def grow(
        self,
        sequences: dict[str, tuple[list[int], ...]],
        names: list[str],
        pages: list[tuple[list[int], ...] | None],
        computed: list[int],
        page_tokens: int,
    ) -> tuple[Gained, list[int]]:
        """Add what sequences gain in a step to their lists, in one call for all of them.

        For each place there are the name of a sequence, None or a tuple with its new pages, and how many of
        its tokens are computed. Returns the pages that were added, as `step` takes them until the next call,
        and the places of which the computed tokens reach beyond what the sequence had, to which
        nothing is added.
        """
        others: list[int] = []
        found = self._gained
        answer = self._c.cmm_kv_residency_grow(
            self._handle, sequences, names, pages, computed, page_tokens, others, found
        )
        if answer:
            self._functions.check(answer)
        self._newest = Gained(found.pages or 0, found.count, len(pages), self)
        return self._newest, others

    def slots_of_gained(self, gained: Gained) -> list[tuple[list[int]] | None]:
        """The slots of what the last `grow` added, as it was given: for each place a tuple with a list.

        None stands where nothing was added. Costs less than `slots_of_lists`, since no number is read again.
        """
        if gained is not self._newest:
            raise BadInput("sequences have gained other pages since; ask for slots before the next grow")
        made: list[Any] = [None] * gained.places
        numbers = self._known_numbers()
        if answer := self._c.cmm_kv_residency_translate_gained(self._handle, made, numbers):
            self._functions.check(answer)
        return made

    def _known_numbers(self) -> list[int]:
        """Python's numbers of all slots, made once: a new one for each slot would cost more than all else."""
        if self._numbers is None:
            self._numbers = list(range(len(self)))
        return self._numbers

    @property
    def moved(self) -> np.ndarray:
        """The pages that the last step gave another slot, each once: int32 [n], a copy."""
        found = abi.List()
        self._functions.check(self._c.cmm_kv_residency_moved(self._handle, found))
        if not found.count:
            return np.empty(0, INT32)
        return np.array((ctypes.c_int32 * found.count).from_address(found.pages), INT32)

    def counters(self) -> dict[str, int | float]:
        """What was counted since it was made, and what is so now.

        `live`, `remote` (of these, beyond HBM) and `idle` pages now; `steps`; `pages_up`, `pages_down`,
        `bytes_up` and `bytes_down` copied; `avoided` copies; `refilled` pages; pages `read` over all steps,
        `read_remote`, and `remote_share` of the last step, from 0 to 1.
        """
        counted = abi.Counters()
        self._functions.check(self._c.cmm_kv_residency_count(self._handle, counted))
        return {name: getattr(counted, name) for name, _ in abi.Counters._fields_}


def _array(given: Any, name: str) -> np.ndarray:
    if type(given) is Gained:
        given = given.tolist()
    return pages_of(() if given is None else given, name)


def _table(functions: Functions, made: int) -> ctypes.Array:
    """The table of slots where the library has it. What sees it keeps the residency."""
    found = abi.List()
    functions.check(functions.short.cmm_kv_residency_slots(made, found))
    return (ctypes.c_int32 * found.count).from_address(found.pages)
