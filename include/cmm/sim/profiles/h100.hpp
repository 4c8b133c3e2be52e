#pragma once

#include "grace.hpp"

namespace cmm::sim {

/// Two H100 SXM of one node, joined by NVLink 4; host and driver as on the H200.
inline constexpr profile h100_x2 = [] {
  constexpr const char* sheet = "NVIDIA H100 data sheet";
  constexpr const char* linked = "assumed, as copies between two H100 over NVLink reach";
  profile p = detail::hopper_machine;
  p.name = "h100-x2";
  p.devices = 2;
  p.hbm.capacity = {80e9, sheet};
  p.hbm.peak = {3350, sheet};
  p.hbm.read = p.hbm.write = {3015, "assumed, 90 % of the peak"};
  p.gpu.cache = {50 * detail::mib, detail::hopper};
  p.link.peer = {395, linked};
  p.link.peer_read = {369, "assumed, as kernels write over NVLink"};
  p.link.peer_write = {369, linked};
  p.link.peer_both = {781, linked};
  p.link.peer_peak = {450, "NVIDIA H100 data sheet: 900 GB/s of NVLink both ways together"};
  return p;
}();

}  // namespace cmm::sim
