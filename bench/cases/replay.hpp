#pragma once

#include <cmm/layer/trace_file.hpp>
#include <unordered_map>

#include "allocate.hpp"

namespace cmm::bench {
namespace replay {

/// A decode loop of a small model, as an engine's allocator sees it: weights once, then for each token a few
/// activations that live briefly and, every 16 tokens and sequence, a KV block that stays.
inline std::vector<trace_event> decode_trace() {
  constexpr int layers = 8, sequences = 8, tokens = 64, tokens_per_block = 16;
  std::vector<trace_event> log;
  std::uint64_t id = 0;
  const auto take = [&](std::size_t bytes) {
    log.push_back({++id, bytes, 0, 0, log.size()});
    return id;
  };
  const auto free = [&](std::uint64_t which) { log.push_back({which, 0, 0, 0, log.size()}); };
  for (int layer = 0; layer < layers; ++layer) {
    for (const std::size_t weight : {24_MiB, 8_MiB, 32_MiB}) take(weight);
  }
  std::vector<std::uint64_t> kept;
  for (int token = 0; token < tokens; ++token) {
    if (token % tokens_per_block == 0) {
      for (int block = 0; block < layers * sequences; ++block) kept.push_back(take(256_KiB));
    }
    for (int layer = 0; layer < layers; ++layer) {
      const auto hidden = take(32_KiB);
      const auto attention = take(96_KiB + static_cast<std::size_t>(token) * 4_KiB);
      const auto output = take(32_KiB);
      free(attention);
      const auto gate = take(176_KiB);
      free(hidden);
      free(gate);
      free(output);
    }
    free(take(1_MiB));
  }
  for (const auto block : kept) free(block);
  return log;
}

/// The most bytes that are live at once.
inline std::size_t peak_of(const std::vector<trace_event>& log) {
  std::unordered_map<std::uint64_t, std::size_t> live;
  std::size_t now = 0;
  std::size_t peak = 0;
  for (const trace_event& e : log) {
    if (e.bytes != 0) {
      live[e.id] = e.bytes;
      now += e.bytes;
      peak = std::max(peak, now);
    } else {
      now -= live.at(e.id);
    }
  }
  return peak;
}

/// The blocks that are live in a trace. What is left goes back at the end, however that comes.
template <class Memory>
class live_blocks {
 public:
  live_blocks(Memory& memory, stream on, std::size_t most) : memory_{memory}, stream_{on} {
    blocks_.reserve(most);
  }
  ~live_blocks() {
    for (const auto& [id, b] : blocks_) memory_.deallocate(b, stream_);
  }
  live_blocks(const live_blocks&) = delete;
  live_blocks& operator=(const live_blocks&) = delete;

  void play(const trace_event& e) {
    if (e.bytes != 0) {
      const block b = memory_.allocate(e.bytes, stream_);
      if (!b) throw ran_out{e.bytes, size_in_full(e.bytes)};
      blocks_[e.id] = b;
    } else {
      const auto found = blocks_.find(e.id);
      memory_.deallocate(found->second, stream_);
      blocks_.erase(found);
    }
  }

 private:
  Memory& memory_;
  stream stream_;
  std::unordered_map<std::uint64_t, block> blocks_;
};

/// Runs the whole trace in one stream and frees what is left at its end. Returns nanoseconds for each call.
template <workload Workload>
double run(suite<Workload>& s, const std::vector<trace_event>& log, auto& memory) {
  double time = 0;
  {
    live_blocks live{memory, s.work().stream(), log.size()};
    const double begin = s.work().now();
    for (const trace_event& e : log) {
      s.work().look_up();
      live.play(e);
    }
    time = (s.work().now() - begin) / static_cast<double>(log.size());
  }
  s.work().synchronize();
  return time;
}

}  // namespace replay

/// A recorded trace of allocations run again through the baselines and recipes: time for each call of the
/// trace.
template <workload Workload>
void add_replay(suite<Workload>& s) {
  using api_type = decltype(s.work().api());
  const bool recorded = !s.wanted().trace.empty();
  const auto log = recorded ? load_trace(s.wanted().trace) : replay::decode_trace();
  if (log.empty())
    throw bad_text{"the trace " + s.wanted().trace.string() + " has no events; record it again"};
  const std::size_t peak = replay::peak_of(log);
  const std::string source = recorded ? s.wanted().trace.stem().string() : "decode";
  const auto name = [&](const std::string& allocator) {
    return row_name("replay", {{"trace", source}, {"allocator", allocator}});
  };
  const auto measure = [&s, log](sample_sink& sink, auto& memory) {
    sink.limit = s.limits().event();
    sink.limit.nanoseconds /= 2;        // a sample is one call of a pair
    (void)replay::run(s, log, memory);  // the first pass fills caches
    s.repeat(sink, {.few = 3, .most = 101}, [&] { return replay::run(s, log, memory); });
  };
  const auto add_recipe = [&](const std::string& allocator, auto recipe) {
    s.row(name(allocator), [&s, recipe, measure](sample_sink& sink) {
      auto memory = build(recipe, s.api());
      measure(sink, memory);
    });
  };
  const auto add_baseline = [&]<class Baseline>(std::type_identity<Baseline>) {
    s.row(name(Baseline::name), [&s, measure, peak](sample_sink& sink) {
      const allocate::claim claimed{s.budget(), Baseline::managed ? peak : 0};
      Baseline memory{s.work().api()};
      measure(sink, memory);
    });
  };
  using kind = pool_properties::kind;
  add_baseline(std::type_identity<baseline::cuda_malloc<api_type>>{});
  add_baseline(std::type_identity<baseline::driver_pool<api_type, kind::pinned>>{});
  add_baseline(std::type_identity<baseline::driver_pool<api_type, kind::managed>>{});
  add_baseline(std::type_identity<baseline::predecessor<api_type>>{});
  add_recipe("managed+threshold_prefetch+pool", managed{} | threshold_prefetch{} | pool{});
  add_recipe("device+pool", device{} | pool{});
}

}  // namespace cmm::bench
