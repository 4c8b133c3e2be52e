#pragma once

#include <algorithm>
#include <cmm/cmm.hpp>
#include <cmm/platform/description.hpp>
#include <concepts>
#include <cstddef>
#include <exception>
#include <string>
#include <utility>
#include <vector>

#include "options.hpp"
#include "trial.hpp"

namespace cmm::probe {

/// A machine to try out: real or simulated. `gpu_pass` writes every byte and gives GB/s; it has ended when it
/// returns. `cpu_touch` writes every byte by the CPU. `pages` may be empty. `bind`
/// obliges pages that come later to be on a NUMA node, or says why it does not. Other failures throw.
template <class Machine>
concept trial_machine = requires(Machine& m, void* p, std::size_t n, int device) {
  { m.api() } -> cmm::api;
  { m.stream(device) } -> std::same_as<cmm::stream>;
  { m.gpu_pass(p, n, device) } -> std::same_as<double>;
  m.cpu_touch(p, n);
  { m.bind(p, n, device) } -> std::same_as<std::string>;
  { m.pages(p, n) } -> std::same_as<std::vector<page_place>>;
};

/// Tries every source on every tier that it is said to reach, one block at a time, and makes verified facts
/// of what is seen. What fails or stays unclear is added to `unseen`; nothing throws for it.
template <trial_machine Machine>
class verification {
 public:
  verification(Machine& machine, platform::description& known, std::size_t bytes)
      : machine_{machine}, known_{known}, bytes_{bytes} {}

  void run() {
    for (std::size_t i = 0; i < known_.tiers.size(); ++i) {
      const platform::tier where = known_.tiers[i];
      if (where.what == platform::tier::kind::carve_out) continue;
      if (where.what == platform::tier::kind::hbm && where.gpu < 0) continue;
      if (where.what == platform::tier::kind::host) {
        try_host(i, where.node);
      } else {
        try_gpu(i, std::max(where.gpu, 0));
      }
    }
  }

 private:
  enum class first { gpu, cpu };

  void try_gpu(std::size_t i, int device) {
    const location here = location::device(device);
    attempt("device", i, device, cmm::device{}, first::gpu);
    attempt("managed", i, device, managed{} | prefer{here}, first::gpu);
    attempt("managed_pool", i, device, managed_pool{.at = here}, first::gpu);
    attempt("system", i, device, cmm::system{}, first::gpu);
    if (known_.tiers[i].what == platform::tier::kind::unified) attempt("egm", i, device, egm{}, first::gpu);
  }

  void try_host(std::size_t i, int node) {
    const int device = 0;
    const location there = node < 0 ? location::nearest_numa() : location::host_numa(node);
    const location reader = location::device(device);
    attempt("managed", i, device, managed{} | prefer{there} | accessed_by{reader}, first::cpu);
    attempt("managed_pool", i, device, managed_pool{.at = there}, first::cpu);
    attempt("egm", i, device, egm{.at = there}, first::cpu);
    attempt("system", i, device, cmm::system{}, first::cpu, has_nodes() ? node : -1);
  }

  static bool both_host(const platform::tier& one, const platform::tier& other) {
    return one.what == platform::tier::kind::host && other.what == platform::tier::kind::host;
  }

  /// Whether the host is several tiers, so that memory can be on the wrong one.
  [[nodiscard]] bool has_nodes() const {
    return std::count_if(known_.tiers.begin(), known_.tiers.end(), [](const platform::tier& each) {
             return each.what == platform::tier::kind::host;
           }) > 1;
  }

  /// One block of one source: taken, bound to a node if there is one, touched twice by the GPU, looked at,
  /// and given back.
  template <class Recipe>
  void attempt(const char* source, std::size_t i, int device, const Recipe& recipe, first toucher,
               int node = -1) {
    platform::reach* const cell = find(source, i);
    if (cell == nullptr || (cell->bytes && *cell->bytes == 0)) return;
    try {
      const std::size_t bytes = bounded(device, known_.tiers[i]);
      if (bytes == 0) return note(*cell, "skipped, since less than 8 MiB is free");
      auto memory = cmm::build(recipe, machine_.api());
      sighting seen = look(memory, bytes, device, toucher, node);
      if constexpr (cmm::detail::gives_hints<Recipe>) seen.loose = "advice obliges to nothing";
      if (seen.bytes == 0) return note(*cell, "memory ran out at " + platform::size_text(bytes));
      settle(*cell, judge(known_, device, seen), seen);
    } catch (const std::exception& error) {
      note(*cell, error.what());
    }
  }

  template <class Allocator>
  sighting look(Allocator& memory, std::size_t bytes, int device, first toucher, int node) {
    const cmm::stream stream = machine_.stream(device);
    const std::size_t before = free_on(device);
    const block taken = memory.allocate({.bytes = bytes, .stream = stream, .device = device});
    if (!taken) return {};
    struct giver {
      Allocator& memory;
      block taken;
      cmm::stream stream;
      ~giver() { memory.deallocate(taken, stream); }
    } const back{memory, taken, stream};
    sighting seen;
    seen.bytes = bytes;
    if (node >= 0) seen.loose = machine_.bind(taken.data, bytes, node);
    // A block is the CPU's only once its stream has reached the allocation.
    cmm::detail::check(machine_.api().synchronize(stream), "waiting for an allocation");
    if (toucher == first::cpu) machine_.cpu_touch(taken.data, bytes);
    static_cast<void>(machine_.gpu_pass(taken.data, bytes, device));
    seen.rate = machine_.gpu_pass(taken.data, bytes, device);
    seen.taken = static_cast<std::int64_t>(before) - static_cast<std::int64_t>(free_on(device));
    seen.pages = machine_.pages(taken.data, bytes);
    return seen;
  }

  std::size_t free_on(int device) {
    std::size_t free = 0;
    std::size_t total = 0;
    cmm::detail::check(machine_.api().memory_info(location::device(device), free, total),
                       "asking for free memory");
    return free;
  }

  /// At most a quarter of what the GPU and the tier have free, in whole pages of 2 MiB; 0 for too little.
  std::size_t bounded(int device, const platform::tier& where) {
    std::size_t most = std::min({bytes_, options::most_managed, free_on(device) / 4});
    if (where.what != platform::tier::kind::hbm) {
      std::size_t free = 0;
      std::size_t total = 0;
      const auto asked = machine_.api().memory_info(location::host(), free, total);
      if (asked.ok()) most = std::min(most, free / 4);
    }
    return most / 2_MiB * 2_MiB;
  }

  platform::reach* find(const std::string& source, std::size_t i) {
    const auto found = std::find_if(known_.reachable.begin(), known_.reachable.end(), [&](const auto& each) {
      return each.source == source && each.tier == i;
    });
    return found == known_.reachable.end() ? nullptr : &*found;
  }

  void settle(platform::reach& cell, const verdict& found, const sighting& seen) {
    const std::string tried = platform::size_text(seen.bytes) + " tried: " + found.why;
    if (!found.tier) return note(cell, tried);
    const platform::tier& there = known_.tiers.at(*found.tier);
    if (*found.tier == cell.tier && found.clear) {
      cell.verified_bytes = seen.bytes;
      cell.bytes.evidence = platform::size_text(seen.bytes) + " of it verified, " + found.why +
                            "; the whole size is " + to_text(cell.bytes.how) + ": " + cell.bytes.evidence;
    } else if (*found.tier == cell.tier) {
      note(cell, tried);
    } else if (!seen.loose.empty() && both_host(there, known_.tiers.at(cell.tier))) {
      note(cell, "this node was not tried (" + seen.loose + "); a block was in " + there.name() + " instead");
    } else if (found.clear) {
      // A success code that placed the memory elsewhere is the case this exists for.
      cell.bytes = platform::verified(std::uint64_t{0}, "found in " + there.name() + " instead; " + tried);
    } else {
      note(cell, "it seems to be in " + there.name() + " instead; " + tried);
    }
  }

  void note(const platform::reach& cell, const std::string& why) {
    known_.unseen.push_back("whether " + cell.source + " reaches " + known_.tiers.at(cell.tier).name() +
                            ": " + why);
  }

  Machine& machine_;
  platform::description& known_;
  std::size_t bytes_;
};

template <trial_machine Machine>
void verify(Machine& machine, platform::description& known, std::size_t bytes) {
  verification<Machine>{machine, known, bytes}.run();
}

}  // namespace cmm::probe
