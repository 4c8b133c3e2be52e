"""vLLM's GPU worker with a KV cache that may be larger than HBM."""

import itertools
import logging
import os
import time
from contextlib import AbstractContextManager
from typing import Any

import torch

from ... import kv
from ...errors import Error
from ...size import format_size, size_in_full
from ..following import FixedError, check_backends, check_server, group_of, groups_of
from ..machine.host_memory import available_host_memory
from ..refusals import refuse_config
from ..release.interface import STAGING, differences, installed, require
from ..settings import METRICS_FOLDER, read_settings
from . import stores
from .backing import Backing, explained
from .follow import Following
from .runs import UnclearPlacesError, planned_runs
from .seen import Seen
from .spare import spare_blocks, whole_size, with_spare
from .staging import Staging, least_tokens, why_not_in, why_not_staged
from .stores import LateStore, RangeStore, RecipeStore
from .tiered import PIECE
from .windows import Windows, layers_of, why_no_windows, windows_for

require(*installed())

from vllm.v1.core.sched.output import (  # noqa: E402
    CachedRequestData,
    NewRequestData,
    SchedulerOutput,
)
from vllm.v1.worker.gpu_worker import Worker as StockWorker  # noqa: E402

_log = logging.getLogger("vllm.cmm")
COUNTED = 1.0
"""Seconds between two looks at what was counted, for servers that show it."""


class Worker(StockWorker):
    """Name it to vLLM: `vllm serve MODEL --worker-cls cmm.vllm.Worker`.

    vLLM profiles how much HBM is left for the KV cache; the worker adds `large_bytes`, or takes
    `--kv-cache-memory-bytes` as the whole. The backing tensors of the KV cache, and nothing else, come from
    the recipe: the first blocks are placed in HBM, the others where the recipe says.
    """

    def __init__(
        self,
        vllm_config: Any,
        local_rank: int,
        rank: int,
        distributed_init_method: str,
        is_driver_worker: bool = False,
    ) -> None:
        refuse_config(vllm_config)
        self._settings = read_settings(vllm_config.additional_config)
        super().__init__(vllm_config, local_rank, rank, distributed_init_method, is_driver_worker)
        self._hbm_bytes = 0
        self._stock: kv.Stock | None = None
        self._store = self._late_store()
        self._backing: Backing | None = None
        self._placement: Seen | None = None
        self._following: Following | None = None
        self._windows: Windows | None = None
        self._staging: Staging | None = None
        self._metrics = self._made_metrics() if os.environ.get(METRICS_FOLDER) else None
        self._counted = self._reported = time.monotonic()

    def _made_metrics(self) -> Any:
        from .metrics import Metrics  # whose library decides by the environment when it is imported

        config = self.vllm_config
        engine = getattr(config.parallel_config, "data_parallel_index", 0)
        served = config.model_config.served_model_name
        name = served[0] if isinstance(served, list) else served
        return Metrics(name, engine, self.rank)

    def _late_store(self) -> LateStore | RecipeStore:
        """Compiles what is needed before the model is loaded."""
        settings = self._settings

        def recipe() -> RecipeStore:
            return RecipeStore(settings, self.device)

        if settings.memory == "recipe":
            return recipe()
        self._library = library = kv.build(stores.PLATFORM)

        def ranged() -> RangeStore:
            config = self._kv_cache_config
            groups = itertools.chain(*self.model_runner.attn_groups)
            planned = planned_runs(config, groups, self.cache_config.cache_dtype)
            device = self.device.index or 0
            sizes = config.num_blocks, self._hbm_bytes
            return RangeStore(library, planned, *sizes, device, self._stock, self._windows)

        return LateStore(ranged, recipe, self.rank)

    def init_device(self) -> None:
        """From here on a thread makes host memory, while the model is loaded and vLLM profiles."""
        super().init_device()
        beyond = self._beyond_at_least()
        self._check_host(beyond, "at least ")
        if beyond and isinstance(self._store, LateStore):
            device = self.device.index or 0
            self._stock = self._library.stock(beyond, device=device, piece=PIECE)
            _log.info("cmm: rank %d, %s of host memory are made meanwhile", self.rank, format_size(beyond))

    def _beyond_at_least(self) -> int:
        """Bytes of KV cache that will be beyond HBM, whatever vLLM finds free there."""
        asked = self.cache_config.kv_cache_memory_bytes
        if not asked:
            return self._settings.large_bytes
        most = int(torch.cuda.mem_get_info()[1] * self.cache_config.gpu_memory_utilization)
        if self._settings.hbm_bytes is not None:
            most = min(most, self._settings.hbm_bytes)
        return max(0, asked - most)

    def _check_host(self, beyond: int, about: str = "") -> None:
        """Refuse more than the host has for all workers."""
        workers = self.vllm_config.parallel_config.local_world_size
        host = available_host_memory() if beyond > 0 else 0
        if beyond * workers > host:
            raise Error(
                f"the KV cache needs {about}{size_in_full(beyond)} beyond HBM, and the host has "
                f"{size_in_full(host)} free for {workers} such; ask for less by large_bytes or "
                "--kv-cache-memory-bytes"
            )

    def determine_available_memory(self) -> int:
        """Bytes of KV cache: the HBM that vLLM found free for it, and the larger memory."""
        asked, self.cache_config.kv_cache_memory_bytes = self.cache_config.kv_cache_memory_bytes, None
        try:
            free = super().determine_available_memory()
        finally:
            self.cache_config.kv_cache_memory_bytes = asked
        self._hbm_bytes = max(0, free - self._settings.hbm_headroom)
        if self._settings.hbm_bytes is not None:
            self._hbm_bytes = min(self._hbm_bytes, self._settings.hbm_bytes)
        total = asked or self._hbm_bytes + self._settings.large_bytes
        beyond = total - self._hbm_bytes
        made = self._stock.ready_bytes if self._stock is not None else 0
        self._check_host(max(0, beyond - made))
        if beyond <= 0:
            _log.info(
                "cmm: the KV cache of %s fits in HBM; for a larger one set large_bytes in "
                '--additional-config \'{"cmm": {"large_bytes": "64GiB"}}\', or use cmm serve',
                format_size(total),
            )
        return total

    def initialize_from_config(self, kv_cache_config: Any) -> None:
        """Allocate the KV cache, place its blocks, and say where they are."""
        self._following, self._blocks = None, kv_cache_config.num_blocks
        self._kv_cache_config = kv_cache_config = self._with_spare(kv_cache_config)
        sizes = {each.size for each in kv_cache_config.kv_cache_tensors}
        self._backing = Backing(sizes, self._store.make)
        with explained():
            super().initialize_from_config(kv_cache_config)
            self._backing.check_complete()
            self._store = self._store.settled()
            views, slots = self.model_runner.kv_caches, kv_cache_config.num_blocks
            self._placement = self._store.place(self._backing, views, slots, self._hbm_bytes, self.rank)
            torch.cuda.synchronize()
        if self._stock is not None:
            self._stock.close()
            self._stock = None
        self.cache_config.num_gpu_blocks = self._blocks
        _log.info(
            "cmm: rank %d, KV cache of %s in %d blocks: %s",
            self.rank,
            format_size(self._placement.total),
            self._store.pages,
            self._store.where(),
        )

    def _with_spare(self, config: Any) -> Any:
        """The same blocks and some that vLLM does not know of, where blocks will follow."""
        self._windows = None
        if whole_size(config) <= self._hbm_bytes:
            return config
        try:
            self._check_follows()
            config = with_spare(config, spare_blocks(config))
            if isinstance(self._store, LateStore):
                self._windows = self._planned_windows(config)
            return config if self._windows is None else with_spare(config, self._windows.blocks)
        except (FixedError, UnclearPlacesError):
            return config

    def _planned_windows(self, config: Any) -> Windows | None:
        """For what one request may have beyond HBM, unless all that run together stay in it."""
        if wrong := differences(installed()[1], STAGING):
            self._say_not_staged(wrong[0])
            return None
        settings, vllm = self._settings, self.vllm_config
        block = self.cache_config.block_size * vllm.parallel_config.decode_context_parallel_size
        longest = -(-vllm.model_config.max_model_len // block)
        free = max(settings.watermark, getattr(vllm.scheduler_config, "watermark", 0.0))
        running = max(longest, int((1 - free) * self._blocks))
        needless = running * whole_size(config) <= self._hbm_bytes * config.num_blocks
        if needless or settings.staging_bytes == 0:
            return None
        if why := why_not_in(vllm) or why_no_windows(config):
            self._say_not_staged(why)
            return None
        made = windows_for(config, self._hbm_bytes, longest, settings.staging_bytes)
        if made is None:
            self._say_not_staged(
                "the HBM for windows holds too few blocks; give more by hbm_bytes or staging_bytes"
            )
        return made

    def _say_not_staged(self, why: str) -> None:
        _log.info("cmm: rank %d, prompts read blocks beyond HBM where they are: %s", self.rank, why)

    def compile_or_warm_up_model(self) -> Any:
        """From its end on blocks follow: a warm-up uses made-up ids of blocks."""
        following, self._following = self._following, None
        if following is None:
            self._staging = self._made_staging()
        result = super().compile_or_warm_up_model()
        if following is not None:  # warmed up again: blocks lie where they were moved
            self._following = following
            return result
        try:
            self._following = self._follow()
        except (FixedError, Error) as why:
            _log.info("cmm: rank %d, blocks keep their places: %s", self.rank, why)
        else:
            _log.info("cmm: rank %d, blocks follow the requests into HBM", self.rank)
            self._stage(self._following)
        return result

    def _stage(self, following: Following) -> None:
        """From here on prompts read out of windows, once attention of all layers was seen to go by them."""
        following.staging = self._staging
        if self._staging is not None and not self._staging.reached:
            _log.warning(
                "cmm: rank %d, prompts read blocks beyond HBM where they are until each layer ran: in its "
                "warm-up vLLM %s ran none, or it runs attention in a way that cmm does not know",
                self.rank,
                installed()[0],
            )

    def _check_follows(self) -> None:
        """Raises FixedError where blocks keep their places by what was asked for, or by this vLLM."""
        if self._settings.blocks == "fixed":
            raise FixedError('the setting "blocks" says so')
        check_server(self.vllm_config, (SchedulerOutput, NewRequestData, CachedRequestData))

    def _follow(self) -> Following:
        at = self._placement
        self._check_follows()
        if at is None or at.hbm_blocks == at.pages:
            raise FixedError("all of them are in HBM")
        check_backends(itertools.chain(*self.model_runner.attn_groups))
        dcp = self.vllm_config.parallel_config.decode_context_parallel_size
        return Following(
            self._store,
            self._blocks,
            at.hbm_blocks,
            groups_of(self._kv_cache_config, dcp),
            caching=bool(self.cache_config.enable_prefix_caching),
            careful=self._settings.blocks == "careful",
            # drafts of the steps in flight count as computed, and may be refused yet
            ahead=self.vllm_config.num_speculative_tokens * self.vllm_config.max_concurrent_batches,
        )

    def _made_staging(self) -> Staging | None:
        """Where there are windows, what will let attention read blocks out of them."""
        store, config = self._store, self.vllm_config
        if self._windows is None or not isinstance(store, RangeStore) or not store.tiered.memory.staged[1]:
            return None
        names = layers_of(self._kv_cache_config)
        layers = [config.compilation_config.static_forward_context[name] for name in names]
        groups = [*itertools.chain(*self.model_runner.attn_groups)]
        spec = self._kv_cache_config.kv_cache_groups[0].kv_cache_spec
        if why := why_not_staged(groups, names, spec.block_size):
            self._say_not_staged(why)
            return None
        made = Staging(
            store.library,
            store.tiered.memory,
            store.layers(len(names)),
            block_size=group_of(spec, config.parallel_config.decode_context_parallel_size).block_size,
            least_tokens=least_tokens(config.compilation_config),
        )
        made.attach(groups, layers)
        return made

    def _maybe_get_memory_pool_context(self, tag: str) -> AbstractContextManager[Any]:
        if tag == "kv_cache" and self._backing is not None:
            return self._backing
        return super()._maybe_get_memory_pool_context(tag)

    def execute_model(self, scheduler_output: Any) -> Any:
        """A step of the model, after its blocks came; now and then a line about where the KV cache is."""
        now = time.monotonic()
        if self._metrics is not None and self._following is not None and now - self._counted >= COUNTED:
            self._counted = now
            self._following.count(self._metrics)
        if self._settings.report_seconds and now - self._reported >= self._settings.report_seconds:
            self._reported = now
            self._report()
        if self._following is None:
            return super().execute_model(scheduler_output)
        answer = super().execute_model(self._following.step(scheduler_output))
        self._following.end()
        return answer

    def _report(self) -> None:
        if self._placement is None:
            return
        try:
            where = self._store.residency()
            if self._following is not None:
                where = f"{where}; {self._following.told()}"
        except Error as problem:  # a server that cannot be looked at still serves
            self._placement = None
            _log.warning("cmm: rank %d, no more lines about residency: %s", self.rank, problem)
            return
        _log.info("cmm: rank %d, %s", self.rank, where)
