#pragma once

#include <cmm/sim.hpp>
#include <cstddef>
#include <string>

namespace tests {

using namespace cmm::literals;

inline const cmm::stream per_thread_stream{reinterpret_cast<void*>(2)};

/// A small machine, so that its memory is soon exhausted: 1 GiB of each kind.
constexpr cmm::sim::profile small(cmm::sim::profile machine, int devices = 1) {
  machine.hbm.capacity = machine.host.capacity = {0x1p30, "assumed, for tests"};
  machine.devices = devices;
  return machine;
}

inline constexpr auto small_h200 = small(cmm::sim::h200_pcie);
inline constexpr auto small_gh200 = small(cmm::sim::gh200_480);
inline constexpr auto small_gh200_egm = small(cmm::sim::gh200_480_egm);
inline constexpr auto two_h200 = small(cmm::sim::h200_pcie, 2);
inline constexpr auto two_gh200 = small(cmm::sim::gh200_480, 2);
inline constexpr auto two_gh200_egm = small(cmm::sim::gh200_480_egm, 2);

/// A simulated machine, as the laws see any machine.
class sim_world {
 public:
  using api_type = cmm::sim::api;
  static constexpr bool simulated = true;

  explicit sim_world(const cmm::sim::profile& on, cmm::sim::backing how = cmm::sim::backing::real,
                     cmm::stream null = cmm::stream::legacy())
      : machine_{on, how, null} {}

  [[nodiscard]] api_type api() { return api_type{machine_}; }
  [[nodiscard]] cmm::sim::machine& machine() { return machine_; }
  [[nodiscard]] int devices() const { return machine_.profile().devices; }

  /// The device that laws use; the current one is the first.
  [[nodiscard]] int home() const { return devices() - 1; }

  cmm::stream create_stream() { return create_stream(home()); }
  cmm::stream create_stream(int device) { return machine_.create_stream(device); }
  bool begin_capture(cmm::stream s) { return machine_.begin_capture(s).ok(); }
  /// Whether the capture is still whole.
  bool end_capture(cmm::stream s) { return machine_.end_capture(s).ok(); }
  void work(const cmm::block& b, cmm::stream s) {
    const auto here = api().enter(b.device);  // whose default streams are meant
    static_cast<void>(machine_.gpu_touch(b.data, b.bytes, cmm::sim::access::write, 0, s));
  }
  void finish(cmm::stream s) { static_cast<void>(api().synchronize(s)); }

  std::size_t live_blocks() {
    return machine_.live_blocks() + machine_.live_handles() + machine_.live_mappings() +
           machine_.live_reservations();
  }
  std::size_t live_pools() { return machine_.live_pools(); }
  std::size_t live_events() { return machine_.live_events(); }
  std::size_t waits() {
    return machine_.calls("cudaStreamSynchronize") + machine_.calls("cudaEventSynchronize");
  }
  std::string misuse() { return machine_.misuses() == 0 ? "" : machine_.last_misuse(); }

 private:
  cmm::sim::machine machine_;
};

/// The same for a program that is compiled with per-thread default streams.
struct per_thread_world : sim_world {
  explicit per_thread_world(const cmm::sim::profile& on)
      : sim_world{on, cmm::sim::backing::real, cmm::stream::per_thread()} {}
};

}  // namespace tests
