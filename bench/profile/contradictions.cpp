#include <cstdio>
#include <string>

#include "file.hpp"

namespace cmm::bench {
namespace {

/// A figure with its value, such as "link.h2d (70 GB/s)".
std::string shown(const char* name, double value, const char* unit) {
  char digits[32];
  std::snprintf(digits, sizeof digits, "%.4g", value);
  return std::string{name} + " (" + digits + (*unit == 0 ? "" : " ") + unit + ")";
}

}  // namespace

std::vector<std::string> contradictions(const sim::profile& of) {
  std::vector<std::string> found;
  const auto no_more = [&](const char* name, double value, const char* most, double bound, const char* unit,
                           double times = 1) {
    if (value <= 1.001 * times * bound) return;
    found.push_back(shown(name, value, unit) + " is more than " + (times == 2 ? "twice " : "") +
                    shown(most, bound, unit));
  };
  const auto rate = [&](const char* name, double value, const char* most, double bound, double times = 1) {
    no_more(name, value, most, bound, sim::unit::rate, times);
  };
  const sim::link& link = of.link;
  rate("link.h2d", link.h2d, "link.peak", link.peak);
  rate("link.d2h", link.d2h, "link.peak", link.peak);
  rate("link.both", link.both, "link.peak", link.peak, 2);
  rate("link.remote_read", link.remote_read, "link.peak", link.peak);
  rate("link.remote_write", link.remote_write, "link.peak", link.peak);
  rate("link.remote_both", link.remote_both, "link.peak", link.peak, 2);
  rate("link.cpu_read", link.cpu_read, "link.peak", link.peak);
  rate("link.peer", link.peer, "link.peer_peak", link.peer_peak);
  rate("link.peer_read", link.peer_read, "link.peer_peak", link.peer_peak);
  rate("link.peer_write", link.peer_write, "link.peer_peak", link.peer_peak);
  rate("link.peer_both", link.peer_both, "link.peer_peak", link.peer_peak, 2);
  rate("movers.up", of.movers.up, "link.peak", link.peak);
  rate("movers.down", of.movers.down, "link.peak", link.peak);
  rate("faults.cpu_migrate", of.faults.cpu_migrate, "link.peak", link.peak);
  rate("hbm.read", of.hbm.read, "hbm.peak", of.hbm.peak);
  rate("hbm.write", of.hbm.write, "hbm.peak", of.hbm.peak);
  rate("host.read", of.host.read, "host.peak", of.host.peak);
  rate("host.write", of.host.write, "host.peak", of.host.peak);
  no_more("gpu.cache", of.gpu.cache, "hbm.capacity", of.hbm.capacity, sim::unit::size);
  no_more("gpu.cache_latency", of.gpu.cache_latency, "hbm.latency", of.hbm.latency, sim::unit::time);
  no_more("copies.batched", of.copies.batched, "copies.call", of.copies.call, sim::unit::time);
  no_more("copies.engine_batched", of.copies.engine_batched, "copies.engine", of.copies.engine,
          sim::unit::time);
  return found;
}

}  // namespace cmm::bench
