#pragma once

#include <atomic>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "../version.hpp"
#include "edge.hpp"
#include "fraction.hpp"
#include "graph_pools.hpp"
#include "in_use.hpp"
#include "overrides.hpp"

namespace cmm::torch {

/// A recipe as PyTorch's allocator. `Platform` gives the api when it is first needed, and what only it can
/// do: tell residency, take advice back, discard.
///
/// Making one reads the environment and touches no GPU; the allocator is built by the first request, in the
/// process that makes it, so that a library may be loaded before a fork. Any thread may use it. A library
/// leaks it: at the end of a process the driver is gone before the last tensor is.
template <class Platform, class Recipe>
class adapter final : public edge {
 public:
  adapter(Platform platform, const Recipe& recipe, const environment& from = read_environment())
      : platform_{std::move(platform)},
        recipe_{completed(recipe)},
        recipe_text_{text_of(recipe, from)},
        overrides_text_{from.text},
        platform_name_{platform_.name()},
        trace_{from.trace} {
    overrides{from}.apply(recipe_);
  }
  ~adapter() override { delete memory_.load(); }
  adapter(const adapter&) = delete;
  adapter& operator=(const adapter&) = delete;

  [[nodiscard]] const cmm_torch_description& description() const noexcept override { return description_; }

  void* allocate(std::size_t bytes, int device, CUstream_st* stream) override {
    if (bytes == 0) return nullptr;
    memory& here = built();
    graphs_.note(here.api(), device, stream);
    try {
      return here.allocate({.bytes = bytes, .stream = stream, .device = device}).data;
    } catch (const bad_request&) {
      if (bytes > no_limit / 2) throw;  // a negative size
      return nullptr;                   // more than all memories hold, which PyTorch calls out of memory
    }
  }

  void free(void* data, std::size_t bytes, int device, CUstream_st* stream) noexcept override {
    memory* const here = if_built();
    if (data != nullptr && here != nullptr) here->deallocate({data, bytes, device}, stream);
  }

  void record_stream(void* data, CUstream_st* stream) override {
    if (data != nullptr) built().template get<record_streams>().record(data, stream);
  }

  std::string exhausted(std::size_t bytes, int device) override {
    const cmm_torch_usage used = usage(device);
    std::string text = "CUDA out of memory. cmm could not serve " + size_in_full(bytes) + " on device " +
                       std::to_string(device) + ": " + size_in_full(used.live_bytes) + " are live there, " +
                       size_in_full(used.reserved_bytes) + " taken from the driver";
    if (used.limit_bytes != no_limit) {
      text += ", " + size_in_full(used.limit_used_bytes) + " of the limit of " +
              size_in_full(used.limit_bytes) + " in use; free tensors, or raise the limit by CMM_LIMIT";
    } else {
      text += "; free tensors, or use a recipe with a larger memory behind it";
    }
    return text + ". The recipe is " + recipe_text_;
  }

  void empty_cache() override {
    memory* const here = if_built();
    if (here == nullptr) return;
    here->template get<record_streams>().flush();
    forget_ended_graphs(*here);
    here->with_pool([&](auto& cache) {
      int devices = 0;
      cmm::detail::check(cache.api().device_count(devices), "emptying the cache");
      for (int device = 0; device < devices; ++device) {
        const auto on = cache.api().enter(device);
        cmm::detail::check(on.result(), "emptying the cache");
        cache.trim();
      }
    });
  }

  void set_memory_fraction(double fraction, int device) override {
    memory& here = built();
    here.template get<device_shares>().set(device, bytes_of_fraction(here.api(), fraction, device));
  }

  void begin_pool(int device, cmm_torch_mempool_id id, std::function<bool(CUstream_st*)> filter) override {
    graphs_.begin(device, id, std::move(filter));
  }
  void end_pool(int device, cmm_torch_mempool_id id) override { graphs_.end(device, id); }
  void release_pool(int device, cmm_torch_mempool_id id) noexcept override {
    try {
      graphs_.release(device, id);
      if (memory* const here = if_built()) forget_ended_graphs(*here);
    } catch (const std::exception& failed) {
      cmm::detail::say(std::string{"the memory of a released CUDA graph is kept for now: "} + failed.what());
    }
  }

  cmm_torch_usage usage(int device) override {
    memory* const here = if_built();
    if (here != nullptr) {
      cmm_torch_usage counted = usage_of<full_recipe>(here->allocator(), device);
      counted.skipped_hints += here->hints().skipped_hints();
      return counted;
    }
    cmm_torch_usage nothing_yet{};
    nothing_yet.limit_bytes = no_limit;
    return nothing_yet;
  }
  void reset_peaks() override {
    if (memory* const here = if_built()) reset_peaks_of<full_recipe>(here->allocator());
  }

  std::vector<residence> residency(const void* data, std::size_t bytes, int device) override {
    auto& api = built().api();
    const auto on = api.enter(device);
    cmm::detail::check(on.result(), "asking for residency");
    return platform_.residency(api, data, bytes, on.device());
  }
  void advise(void* data, std::size_t bytes, advice what, bool set, location where, int device) override {
    on_managed({&data, &bytes, 1}, device, "advising on a tensor", [&](auto& hints, const auto& blocks) {
      set ? hints.advise(blocks.front(), what, where) : hints.withdraw(blocks.front(), what, where);
    });
  }
  void prefetch(const ranges& of, location where, int device, CUstream_st* stream) override {
    on_managed(of, device, "prefetching a tensor", [&](auto& hints, const auto& blocks) {
      of.count == 1 ? hints.prefetch(blocks.front(), where, stream) : hints.prefetch(blocks, where, stream);
    });
  }
  void discard(const ranges& of, location where, int device, CUstream_st* stream) override {
    on_managed(of, device, "discarding a tensor", [&](auto& hints, const auto& blocks) {
      where == location::none() ? hints.discard(blocks, stream)
                                : hints.discard_and_prefetch(blocks, where, stream);
    });
  }

  void save_trace() override {
    if (memory* const here = if_built()) here->save();
  }

 private:
  using full_recipe = decltype(completed(std::declval<const Recipe&>()));
  using memory = in_use<decltype(std::declval<Platform&>().api()), full_recipe>;

  /// The recipe as its author wrote it, with the values of the environment; throws where they do not fit.
  static std::string text_of(const Recipe& recipe, const environment& from) {
    auto written = cmm::detail::parts_of(recipe);
    auto all = completed(recipe);
    overrides checked{from};
    checked.apply(all);
    checked.check(to_text(recipe));
    overrides shown{from};
    std::string text;
    std::apply(
        [&](auto&... part) {
          (shown.apply(part), ...);
          ((text += (text.empty() ? "" : " | ") + to_text(part)), ...);
        },
        written);
    return text;
  }

  memory& built() {
    if (memory* const here = if_built()) [[likely]]
      return *here;
    const std::scoped_lock lock{building_};
    if (if_built() == nullptr) memory_ = new memory{recipe_, platform_.api(), trace_};
    return *if_built();
  }
  memory* if_built() const noexcept { return memory_.load(std::memory_order_acquire); }

  void forget_ended_graphs(memory& here) {
    graphs_.forget_ended([&](int device, std::uint64_t capture) {
      const auto on = here.api().enter(device);
      cmm::detail::check(on.result(), "releasing the memory of a graph");
      cmm::detail::check(here.api().synchronize_device(), "releasing the memory of a graph");
      here.with_pool([&](auto& cache) { cache.forget_captures(stream::legacy(), capture); });
    });
  }

  void on_managed(const ranges& of, int device, const char* doing, auto&& hint) {
    memory& here = built();
    const auto on = here.api().enter(device);
    cmm::detail::check(on.result(), doing);
    std::vector<block> blocks;
    for (std::size_t i = 0; i < of.count; ++i) {
      platform_.need_managed(here.api(), of.data[i], on.device());
      blocks.push_back({of.data[i], of.bytes[i], on.device()});
    }
    if (!blocks.empty()) hint(here.hints(), blocks);
  }

  Platform platform_;
  full_recipe recipe_;
  std::string recipe_text_;
  std::string overrides_text_;
  std::string platform_name_;
  std::string trace_;
  cmm_torch_description description_{.magic = {'c', 'm', 'm', 't', 'o', 'r', 'c', 'h'},
                                     .abi = abi_version,
                                     .cuda_runtime = Platform::runtime,
                                     .version = CMM_VERSION_STRING,
                                     .platform = platform_name_.c_str(),
                                     .recipe = recipe_text_.c_str(),
                                     .overrides = overrides_text_.c_str(),
                                     .caches = detail::has_layer<pool, full_recipe> ? 1 : 0};
  std::mutex building_;
  std::atomic<memory*> memory_ = nullptr;
  graph_pools graphs_;
};

}  // namespace cmm::torch
