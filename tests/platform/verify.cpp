#include "verify.hpp"

#include <boost/test/unit_test.hpp>
#include <cmm/sim.hpp>
#include <string>
#include <vector>

#include "machine.hpp"

namespace {

using namespace cmm::literals;
using cmm::location;
using cmm::platform::certainty;
using cmm::platform::description;
using cmm::probe::page_place;

/// A simulated machine as the probe tries a real one.
class sim_machine {
 public:
  explicit sim_machine(const cmm::sim::profile& on)
      : machine{on, cmm::sim::backing::none}, stream_{machine.create_stream()} {}

  [[nodiscard]] cmm::sim::api api() { return cmm::sim::api{machine}; }
  [[nodiscard]] cmm::stream stream(int) const { return stream_; }
  double gpu_pass(void* data, std::size_t bytes, int) {
    const auto begin = machine.now();
    cmm::detail::check(machine.gpu_touch(data, bytes, cmm::sim::access::write, 0, stream_), "touching");
    cmm::detail::check(api().synchronize(stream_), "waiting");
    return static_cast<double>(bytes) / static_cast<double>(machine.now() - begin);
  }
  void cpu_touch(void* data, std::size_t bytes) {
    cmm::detail::check(machine.cpu_touch(data, bytes, cmm::sim::access::write), "touching");
    largest = std::max(largest, bytes);
  }
  std::vector<page_place> pages(void* data, std::size_t bytes) {
    std::vector<page_place> found;
    if (!tells_pages) return found;
    for (const auto& [where, size] : machine.residency(data, bytes)) found.push_back({where, size});
    return found;
  }

  cmm::sim::machine machine;
  bool tells_pages = true;
  std::size_t largest = 0;

 private:
  cmm::stream stream_;
};

std::size_t verified(const description& known) {
  std::size_t count = 0;
  for (const auto& each : known.reachable) count += each.bytes.how == certainty::verified ? 1 : 0;
  return count;
}

std::string joined(const std::vector<std::string>& lines) {
  std::string all;
  for (const std::string& each : lines) all += each + "\n";
  return all;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(platform_verify)

BOOST_AUTO_TEST_CASE(what_was_found_where_it_should_be_is_verified) {
  sim_machine machine{cmm::sim::h200_pcie};
  description known = tests::machine("h200-pcie");
  cmm::probe::verify(machine, known, 256_MiB);
  BOOST_TEST_INFO(to_text(known));
  BOOST_CHECK_EQUAL(verified(known), 6U);
  const auto own = known.reaches("managed", 0);
  BOOST_CHECK(own.how == certainty::verified);
  BOOST_CHECK_EQUAL(*own, 150'109'880'320U);
  BOOST_CHECK_MESSAGE(own.evidence.find("256 MiB tried: its pages are on the GPU") == 0, own.evidence);
  BOOST_CHECK(to_text(known).find("managed reaches memory of GPU 0, verified: 256 MiB tried") !=
              std::string::npos);
  const auto host = known.reaches("egm", 1);
  BOOST_CHECK_MESSAGE(host.evidence.find("256 MiB tried: its pages are on node 0") == 0, host.evidence);
  BOOST_CHECK_EQUAL(machine.machine.live_blocks(), 0U);
  BOOST_CHECK_EQUAL(machine.machine.live_pools(), 0U);
  BOOST_CHECK_EQUAL(machine.machine.misuses(), 0U);
}

BOOST_AUTO_TEST_CASE(a_coherent_machine_is_verified_too) {
  sim_machine machine{cmm::sim::gh200_480};
  description known = tests::machine("gh200-480-cdmm");
  cmm::probe::verify(machine, known, 64_MiB);
  BOOST_CHECK(known.reaches("system", 1).how == certainty::verified);
  BOOST_CHECK(known.reaches("managed", 1).how == certainty::verified);
  BOOST_CHECK(known.reaches("device", 0).how == certainty::verified);
}

/// Where the kernel does not tell of pages, free memory and speed prove HBM; host memory stays a conclusion.
BOOST_AUTO_TEST_CASE(without_pages_only_gpu_memory_is_verified) {
  sim_machine machine{cmm::sim::h200_pcie};
  machine.tells_pages = false;
  description known = tests::machine("h200-pcie");
  cmm::probe::verify(machine, known, 256_MiB);
  BOOST_CHECK(known.reaches("device", 0).how == certainty::verified);
  BOOST_CHECK(known.reaches("managed", 0).evidence.find("free GPU memory fell by 256 MiB") !=
              std::string::npos);
  BOOST_CHECK(known.reaches("egm", 1).how != certainty::verified);
  BOOST_CHECK(joined(known.unseen)
                  .find("whether egm reaches host memory, node 0: 256 MiB tried: the system does not tell "
                        "where its pages are") != std::string::npos);
}

/// Managed memory that succeeds and lands elsewhere, as prefetches of malloc memory do under CDMM.
BOOST_AUTO_TEST_CASE(a_success_that_landed_elsewhere_is_found_out) {
  class liar : public sim_machine {
   public:
    using sim_machine::sim_machine;
    static std::vector<page_place> pages(void*, std::size_t bytes) {
      return {{location::host_numa(0), bytes}};
    }
  } machine{cmm::sim::h200_pcie};
  description known = tests::machine("h200-pcie");
  cmm::probe::verify(machine, known, 256_MiB);
  const auto found = known.reaches("managed", 0);
  BOOST_CHECK(found.how == certainty::verified);
  BOOST_CHECK_EQUAL(*found, 0U);
  BOOST_CHECK_MESSAGE(found.evidence.find("found in host memory, node 0 instead") == 0, found.evidence);
}

BOOST_AUTO_TEST_CASE(running_out_is_said_and_nothing_is_kept) {
  sim_machine machine{cmm::sim::h200_pcie};
  machine.machine.fail_from("cudaMallocManaged", 1, cmm::errc::out_of_memory);
  machine.machine.fail_from("cudaMemPoolCreate", 1, cmm::errc::not_supported);
  description known = tests::machine("h200-pcie");
  cmm::probe::verify(machine, known, 256_MiB);
  BOOST_CHECK(known.reaches("managed", 0).how == certainty::reported);
  BOOST_CHECK(
      joined(known.unseen).find("whether managed reaches memory of GPU 0: memory ran out at 256 MiB") !=
      std::string::npos);
  BOOST_CHECK(
      joined(known.unseen).find("whether egm reaches host memory, node 0: cudaMemPoolCreate failed") !=
      std::string::npos);
  BOOST_CHECK(known.reaches("device", 0).how == certainty::verified);
  BOOST_CHECK_EQUAL(machine.machine.live_blocks(), 0U);
}

BOOST_AUTO_TEST_CASE(every_failing_call_is_survived_and_gives_all_back) {
  for (std::size_t n = 1; n < 200; ++n) {
    sim_machine machine{cmm::sim::h200_pcie};
    description known = tests::machine("h200-pcie");
    machine.machine.fail_nth(n, cmm::errc::invalid_value);
    cmm::probe::verify(machine, known, 8_MiB);
    BOOST_REQUIRE_EQUAL(machine.machine.misuses(), 0U);
    if (machine.machine.calls() < n) return;
    BOOST_REQUIRE_GE(verified(known), 4U);
  }
  BOOST_ERROR("verification makes more than 200 calls");
}

BOOST_AUTO_TEST_CASE(never_more_than_a_quarter_of_what_is_free) {
  cmm::sim::profile small = cmm::sim::h200_pcie;
  small.hbm.capacity = {0x1p30, "assumed, for tests"};
  small.host.capacity = {0x1p28, "assumed, for tests"};
  sim_machine machine{small};
  description known = tests::machine("h200-pcie");
  cmm::probe::verify(machine, known, 8_GiB);
  BOOST_CHECK_EQUAL(machine.largest, 64_MiB);
  BOOST_CHECK(known.reaches("device", 0).evidence.find("256 MiB tried") == 0);
}

BOOST_AUTO_TEST_CASE(too_little_memory_is_skipped_with_the_reason) {
  cmm::sim::profile tiny = cmm::sim::h200_pcie;
  tiny.hbm.capacity = {4.0 * 1024 * 1024, "assumed, for tests"};
  sim_machine machine{tiny};
  description known = tests::machine("h200-pcie");
  cmm::probe::verify(machine, known, 8_GiB);
  BOOST_CHECK_EQUAL(verified(known), 0U);
  BOOST_CHECK(joined(known.unseen).find("skipped, since less than 8 MiB is free") != std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()
