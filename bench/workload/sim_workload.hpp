#pragma once

#include <cmm/sim.hpp>
#include <cmm/sim/page_copier.hpp>
#include <numeric>

#include <cmm/profile/draft.hpp>
#include "workload.hpp"

namespace cmm::bench {

/// One GPU of a simulated machine; its time is virtual.
class sim_workload {
 public:
  static constexpr bool simulated = true;

  /// Throws `bad_text` for a device that does not exist.
  explicit sim_workload(sim::machine_profile of, int device = 0)
      : profile_{std::move(of)}, machine_{*profile_, sim::backing::none}, device_{known(device)} {
    activate();
  }

  [[nodiscard]] sim::api api() { return sim::api{machine_}; }
  [[nodiscard]] int device() const noexcept { return device_; }
  [[nodiscard]] int devices() const noexcept { return machine_.profile().devices; }
  [[nodiscard]] std::vector<int> numa_nodes() const {
    std::vector<int> nodes(static_cast<std::size_t>(machine_.profile().numa_nodes));
    std::iota(nodes.begin(), nodes.end(), 0);
    const int nearest = machine_.profile().nearest_node(device_);
    std::stable_partition(nodes.begin(), nodes.end(), [&](int node) { return node == nearest; });
    return nodes;
  }
  [[nodiscard]] bool one_memory() const noexcept { return machine_.profile().unified; }
  bool connect(int other) {
    done(machine_.enable_peer_access(other));
    return true;
  }
  [[nodiscard]] peer_link joined_to(int) const {
    return {machine_.profile().link.peer_peak, "the link between the GPUs"};
  }
  void activate() { machine_.set_device(device_); }
  [[nodiscard]] cmm::stream stream() const noexcept { return stream_; }
  [[nodiscard]] cmm::stream other_stream() const noexcept { return other_; }

  void look_up() {
    machine_.inspect([](sim::state& s) { s.clock.spend(s.machine.host.latency); });
  }
  void write(void* p, std::size_t bytes, std::size_t stride) {
    done(machine_.gpu_touch(p, bytes, sim::access::write, stride, stream_));
  }
  void read(const void* p, std::size_t bytes, std::size_t stride) {
    done(machine_.gpu_touch(p, bytes, sim::access::read, stride, stream_));
  }
  void copy_by_kernel(void* to, const void* from, std::size_t bytes) {
    done(machine_.gpu_copy(to, from, bytes, stream_));
  }
  void exchange_by_kernel(copy_range up, copy_range down) {
    const sim::copy_use both[] = {{up.to, up.from, up.bytes}, {down.to, down.from, down.bytes}};
    done(machine_.gpu_copy(both, stream_));
  }
  /// The table of the blocks goes to the GPU first, as it does on a real one.
  void gather(std::span<const void* const> blocks, std::size_t bytes) {
    done(machine_.copy_table(blocks.size_bytes(), stream_));
    done(machine_.gpu_gather(ranges_of(blocks, bytes), sim::access::read, stream_));
  }
  void make_chain(void* p, std::size_t bytes) {
    done(machine_.gpu_touch(p, bytes, sim::access::write, 0, stream_));
  }
  void chase(const void* p, std::size_t bytes, std::size_t steps) {
    done(machine_.gpu_chase(p, bytes, steps, stream_));
  }
  void cpu_write(void* p, std::size_t bytes, std::size_t stride) {
    done(machine_.cpu_touch(p, bytes, sim::access::write, stride));
  }

  void copy(void* to, const void* from, std::size_t bytes, cmm::stream on) {
    done(machine_.copy(to, from, bytes, on));
  }
  void copy_batch(std::span<const copy_range> copies) {
    std::vector<sim::copy_use> all;
    all.reserve(copies.size());
    for (const copy_range& each : copies) all.push_back({each.to, each.from, each.bytes});
    done(machine_.copy_batch(all, stream_));
  }
  void prefetch_once(void* p, std::size_t bytes) {
    done(api().prefetch(p, bytes, location::device(device_), stream_));
  }
  void prefetch_batch(std::span<const void* const> blocks, std::size_t bytes) {
    done(machine_.prefetch_batch(ranges_of(blocks, bytes), location::device(device_), stream_));
  }
  void* pinned(std::size_t bytes) {
    void* p = nullptr;
    done(machine_.allocate_pinned(p, bytes));
    return p;
  }
  void free_pinned(void* p) { done(machine_.free_pinned(p)); }

  /// Touches the operand; it holds no numbers, since nothing is computed.
  void fill_operand(void* p, number kind, std::size_t elements, unsigned) {
    write(p, elements * operand_bytes(kind), 0);
  }
  void multiply(const product& shape, const void* a, const void* b, void* c) {
    done(machine_.gpu_multiply({a, b, c, shape.n, shape.columns(), kind_of(shape.kind)}, stream_));
  }
  /// Always true: a simulated product computes nothing that could differ.
  static bool same_product(const void*, const void*, std::size_t) { return true; }
  static std::string why_no(number) { return {}; }

  void synchronize() {
    done(api().synchronize(stream_));
    done(api().synchronize(other_));
  }
  double now() { return static_cast<double>(machine_.now()); }
  double gpu_time(auto&& work) {
    return gpu_time(work, stream_, [] {});
  }
  double gpu_time(auto&& work, cmm::stream on, auto&& background) {
    synchronize();
    background();
    const std::int64_t begin = machine_.done_at(on);
    work();
    return static_cast<double>(machine_.done_at(on) - begin);
  }
  sim::page_copier& copier() noexcept { return copier_; }

  [[nodiscard]] about describe() const {
    const sim::profile& of = machine_.profile();
    about known;
    known.machine = {{"platform", std::string{"sim:"} + of.name},
                     {"simulated", "true: every time is predicted by the named profile, none was measured"},
                     {"devices", std::to_string(of.devices)}};
    sim::for_each_figure(
        of, [&](const std::string& name, double value, const char* unit, const std::string& source) {
          known.profile.push_back({name, value, unit, source});
        });
    for (const sim::calibrated& each : of.calibration) known.calibration.emplace_back(each.row);
    return known;
  }
  [[nodiscard]] peaks peak() const {
    const sim::profile& of = machine_.profile();
    const double one = std::min<double>(of.link.peak, of.host.peak);
    const double both = std::min<double>(2 * of.link.peak, of.host.peak);
    return {of.hbm.peak, one, both, of.gpu.bf16, of.gpu.fp8, of.gpu.fp32};
  }

 private:
  static void done(status got) { detail::check(got, "running a simulated machine"); }
  static sim::arithmetic kind_of(number kind) {
    return kind == number::bf16  ? sim::arithmetic::bf16
           : kind == number::fp8 ? sim::arithmetic::fp8
                                 : sim::arithmetic::fp32;
  }
  static std::vector<sim::memory_use> ranges_of(std::span<const void* const> blocks, std::size_t bytes) {
    std::vector<sim::memory_use> ranges;
    ranges.reserve(blocks.size());
    for (const void* each : blocks) ranges.push_back({each, bytes});
    return ranges;
  }
  [[nodiscard]] int known(int device) const {
    const int count = machine_.profile().devices;
    if (device >= 0 && device < count) return device;
    throw bad_text{"the simulated machine " + std::string{machine_.profile().name} + " has no device " +
                   std::to_string(device) + "; it has " + std::to_string(count) + ", counted from 0"};
  }

  sim::machine_profile profile_;  ///< holds the texts of the machine's
  sim::machine machine_;
  int device_;
  sim::page_copier copier_{machine_, device_};
  cmm::stream stream_ = machine_.create_stream(device_);
  cmm::stream other_ = machine_.create_stream(device_);
};

static_assert(workload<sim_workload>);

}  // namespace cmm::bench
