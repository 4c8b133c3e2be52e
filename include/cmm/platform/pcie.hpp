#pragma once

#include <charconv>
#include <cstdint>
#include <cstdio>
#include <optional>
#include <string>

#include "evidence.hpp"
#include "files.hpp"
#include "lines.hpp"

namespace cmm::platform {

/// GB/s (1e9 bytes) that a PCIe link carries in one direction, before the headers of its packets.
///
/// Eight of ten bits are data up to 5 GT/s, 128 of 130 up to 32 GT/s, 242 of 256 bytes above (flits).
constexpr double pcie_rate(double gigatransfers, int lanes) noexcept {
  const double coding = gigatransfers <= 5 ? 0.8 : gigatransfers <= 32 ? 128.0 / 130 : 242.0 / 256;
  return gigatransfers * coding * lanes / 8;
}

/// The speed of a lane in GT/s; 0 for a generation that does not exist.
constexpr double pcie_gigatransfers(std::int64_t generation) noexcept {
  constexpr double speeds[] = {0, 2.5, 5, 8, 16, 32, 64};
  return generation >= 1 && generation <= 6 ? speeds[generation] : 0;
}

/// A trained link or the best a device can do.
struct pcie_link {
  double gigatransfers = 0;
  int lanes = 0;

  [[nodiscard]] double rate() const noexcept { return pcie_rate(gigatransfers, lanes); }
  [[nodiscard]] std::string text() const {
    char words[64];
    std::snprintf(words, sizeof words, "%g GT/s x%d", gigatransfers, lanes);
    return words;
  }
};

/// The link of a PCI device as the kernel sees it now.
inline std::optional<pcie_link> read_pcie(files& from, const std::string& bus) {
  const std::string place = "/sys/bus/pci/devices/" + bus;
  const auto speed = from.line(place + "/current_link_speed");
  const auto width = from.line(place + "/current_link_width");
  if (!speed || !width) return std::nullopt;
  pcie_link link;
  const auto [stop, error] =
      std::from_chars(speed->data(), speed->data() + speed->size(), link.gigatransfers);
  const auto lanes = number(*width);
  if (error != std::errc{} || !(link.gigatransfers > 0) || !lanes || *lanes < 1 || *lanes > 32) {
    return std::nullopt;  // "Unknown speed" and width 0 or 63: a virtual machine, or a link that is down
  }
  link.lanes = static_cast<int>(*lanes);
  return link;
}

}  // namespace cmm::platform
