#pragma once

#include <cmm/sim.hpp>
#include <string_view>

#include "workload.hpp"

namespace cmm::bench {

/// A simulated machine; its time is virtual.
class sim_workload {
 public:
  static constexpr bool simulated = true;

  explicit sim_workload(std::string_view profile)
      : machine_{sim::find_profile(profile), sim::backing::none}, stream_{machine_.create_stream()} {}

  [[nodiscard]] sim::api api() { return sim::api{machine_}; }
  [[nodiscard]] cmm::stream stream() const noexcept { return stream_; }

  void write(void* p, std::size_t bytes, std::size_t stride) { touch(p, bytes, sim::access::write, stride); }
  void read(void* p, std::size_t bytes, std::size_t stride) { touch(p, bytes, sim::access::read, stride); }
  void cpu_write(void* p, std::size_t bytes, std::size_t stride) {
    detail::check(machine_.cpu_touch(p, bytes, sim::access::write, stride), "touching memory with the CPU");
  }
  void prefetch_once(void* p, std::size_t bytes) {
    detail::check(api().prefetch(p, bytes, location::device(0), stream_), "prefetching once");
  }
  void synchronize() { detail::check(api().synchronize(stream_), "waiting for the simulated GPU"); }

  double now() { return static_cast<double>(machine_.now()); }
  double gpu_time(auto&& work) {
    synchronize();
    return elapsed(*this, work);
  }

  [[nodiscard]] facts describe() const {
    return {{"platform", std::string{"sim:"} + machine_.profile().name},
            {"simulated", "true: every time is predicted by the named profile, none was measured"}};
  }

 private:
  void touch(void* p, std::size_t bytes, sim::access how, std::size_t stride) {
    detail::check(machine_.gpu_touch(p, bytes, how, stride, stream_), "running a simulated kernel");
  }

  sim::machine machine_;
  cmm::stream stream_;
};

}  // namespace cmm::bench
