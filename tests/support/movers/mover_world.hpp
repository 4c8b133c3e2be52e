#pragma once

#include <boost/test/unit_test.hpp>
#include <cmm/sim.hpp>
#include <cmm/sim/page_copier.hpp>
#include <cstring>

namespace tests {

/// A simulated machine whose memory is real.
class mover_world {
 public:
  using copier_type = cmm::sim::page_copier;

  mover_world() : copier_{machine_} {}

  cmm::sim::machine& machine() noexcept { return machine_; }
  copier_type& copier() noexcept { return copier_; }
  [[nodiscard]] cmm::stream stream() const noexcept { return stream_; }
  void finish() { BOOST_REQUIRE(copier_.api().synchronize(stream_).ok()); }

  char* take_fast(std::size_t bytes) {
    void* p = nullptr;
    BOOST_REQUIRE(copier_.api().allocate_device(p, bytes).ok());
    return static_cast<char*>(p);
  }
  char* take_beyond(std::size_t bytes) {
    void* p = nullptr;
    BOOST_REQUIRE(machine_.allocate_pinned(p, bytes).ok());
    return static_cast<char*>(p);
  }
  void give_fast(char* p) { BOOST_REQUIRE(copier_.api().free(p).ok()); }
  void give_beyond(char* p) { BOOST_REQUIRE(machine_.free_pinned(p).ok()); }
  static void put(char* to, const void* from, std::size_t bytes) { std::memcpy(to, from, bytes); }
  static void get(void* to, const char* from, std::size_t bytes) { std::memcpy(to, from, bytes); }

 private:
  cmm::sim::machine machine_{cmm::sim::h200_pcie};
  copier_type copier_;
  cmm::stream stream_ = machine_.create_stream();
};

}  // namespace tests
