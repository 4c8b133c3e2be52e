#include "verify.hpp"

#include <boost/test/unit_test.hpp>
#include <cmm/sim.hpp>
#include <string>
#include <vector>

#include "machine.hpp"
#include "sim_machine.hpp"

BOOST_AUTO_TEST_SUITE(platform_verify)

namespace {

using namespace cmm::literals;
using cmm::location;
using cmm::platform::certainty;
using cmm::platform::description;
using cmm::probe::page_place;
using tests::sim_machine;

std::size_t verified(const description& known) {
  std::size_t count = 0;
  for (const auto& each : known.reachable) count += each.verified_bytes != 0 ? 1 : 0;
  return count;
}

/// The largest block that was found where it should be.
std::uint64_t verified(const description& known, const std::string& source, std::size_t tier) {
  for (const auto& each : known.reachable) {
    if (each.source == source && each.tier == tier) return each.verified_bytes;
  }
  return 0;
}

std::string joined(const std::vector<std::string>& lines) {
  std::string all;
  for (const std::string& each : lines) all += each + "\n";
  return all;
}

}  // namespace

BOOST_AUTO_TEST_CASE(what_was_found_where_it_should_be_is_verified) {
  sim_machine machine{cmm::sim::h200_pcie};
  description known = tests::machine("h200-pcie");
  cmm::probe::verify(machine, known, 256_MiB);
  BOOST_TEST_INFO(to_text(known));
  BOOST_CHECK_EQUAL(verified(known), 6U);
  const auto own = known.reaches("managed", 0);
  BOOST_CHECK_EQUAL(verified(known, "managed", 0), 256_MiB);
  BOOST_CHECK_EQUAL(*own, 150'109'880'320U);
  BOOST_CHECK_MESSAGE(own.evidence.find("256 MiB of it verified, its pages are on the GPU") == 0,
                      own.evidence);
  const auto host = known.reaches("egm", 1);
  BOOST_CHECK_MESSAGE(host.evidence.find("256 MiB of it verified, its pages are on node 0") == 0,
                      host.evidence);
  BOOST_CHECK_EQUAL(machine.machine.live_blocks(), 0U);
  BOOST_CHECK_EQUAL(machine.machine.live_pools(), 0U);
  BOOST_CHECK_EQUAL(machine.machine.misuses(), 0U);
}

/// A block that was found says nothing of the rest of its tier.
BOOST_AUTO_TEST_CASE(the_size_of_a_tier_stays_reported) {
  sim_machine machine{cmm::sim::h200_pcie};
  const description before = tests::machine("h200-pcie");
  description known = before;
  cmm::probe::verify(machine, known, 256_MiB);
  const auto own = known.reaches("managed", 0);
  BOOST_CHECK(own.how == certainty::reported);
  BOOST_CHECK_MESSAGE(
      own.evidence.ends_with("; the whole size is reported: " + before.reaches("managed", 0).evidence),
      own.evidence);
  BOOST_CHECK(to_text(known).find("managed reaches memory of GPU 0: 256 MiB of it verified") !=
              std::string::npos);
  BOOST_CHECK(to_json(known).find("\"verified_bytes\": 268435456") != std::string::npos);
  BOOST_CHECK(to_json(before).find("verified_bytes") == std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_coherent_machine_is_verified_too) {
  sim_machine machine{cmm::sim::gh200_480};
  description known = tests::machine("gh200-480-cdmm");
  cmm::probe::verify(machine, known, 64_MiB);
  BOOST_CHECK_EQUAL(verified(known, "system", 1), 64_MiB);
  BOOST_CHECK_EQUAL(verified(known, "managed", 1), 64_MiB);
  BOOST_CHECK_EQUAL(verified(known, "device", 0), 64_MiB);
}

/// The memory of a thread lands on its own node unless it is bound to another.
BOOST_AUTO_TEST_CASE(each_of_two_sockets_is_verified) {
  sim_machine machine{cmm::sim::gh200_480_x2};
  description known = tests::machine("gh200-two-socket");
  cmm::probe::verify(machine, known, 64_MiB);
  BOOST_TEST_INFO(to_text(known));
  for (const char* source : {"managed", "managed_pool", "egm", "system"}) {
    for (const std::size_t host : {2U, 3U}) BOOST_CHECK_EQUAL(verified(known, source, host), 64_MiB);
  }
  BOOST_CHECK_EQUAL(verified(known, "device", 1), 64_MiB);
  BOOST_CHECK_EQUAL(machine.machine.live_blocks(), 0U);
}

BOOST_AUTO_TEST_CASE(a_node_that_memory_cannot_be_bound_to_is_not_tried_rather_than_out_of_reach) {
  sim_machine machine{cmm::sim::gh200_480_x2};
  machine.binds = false;
  description known = tests::machine("gh200-two-socket");
  const auto before = known.reaches("system", 3);
  cmm::probe::verify(machine, known, 64_MiB);
  BOOST_CHECK_EQUAL(verified(known, "system", 2), 64_MiB);
  BOOST_CHECK_EQUAL(verified(known, "system", 3), 0U);
  BOOST_CHECK(known.reaches("system", 3) == before);
  BOOST_CHECK_MESSAGE(joined(known.unseen)
                              .find("whether system reaches host memory, node 1: this node was not "
                                    "tried (mbind failed: Operation not permitted); a block was "
                                    "in host memory, node 0 instead") != std::string::npos,
                      joined(known.unseen));
}

/// A driver that does not read malloc memory takes no NUMA node for the advice.
BOOST_AUTO_TEST_CASE(advice_that_the_driver_ignores_proves_nothing_about_a_node) {
  cmm::sim::profile deaf = cmm::sim::gh200_480_x2;
  deaf.capabilities[static_cast<std::size_t>(cmm::attribute::pageable_memory_access)] = {
      0, "assumed, for tests"};
  sim_machine machine{deaf};
  description known = tests::machine("gh200-two-socket");
  const auto before = known.reaches("managed", 3);
  cmm::probe::verify(machine, known, 64_MiB);
  BOOST_CHECK(known.reaches("managed", 3) == before);
  BOOST_CHECK_MESSAGE(joined(known.unseen)
                              .find("whether managed reaches host memory, node 1: this node was not "
                                    "tried (advice obliges to nothing)") != std::string::npos,
                      joined(known.unseen));
}

/// Where the kernel does not tell of pages, free memory and speed prove HBM; host memory stays a conclusion.
BOOST_AUTO_TEST_CASE(without_pages_only_gpu_memory_is_verified) {
  sim_machine machine{cmm::sim::h200_pcie};
  machine.tells_pages = false;
  description known = tests::machine("h200-pcie");
  cmm::probe::verify(machine, known, 256_MiB);
  BOOST_CHECK(verified(known, "device", 0) != 0);
  BOOST_CHECK(known.reaches("managed", 0).evidence.find("free GPU memory fell by 256 MiB") !=
              std::string::npos);
  BOOST_CHECK_EQUAL(verified(known, "egm", 1), 0U);
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
  BOOST_CHECK(verified(known, "device", 0) != 0);
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
  BOOST_CHECK(known.reaches("device", 0).evidence.find("256 MiB of it verified") == 0);
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
