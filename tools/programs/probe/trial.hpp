#pragma once

#include <cmm/core/location.hpp>
#include <cmm/platform/description.hpp>
#include <cmm/platform/size_text.hpp>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace cmm::probe {

/// Pages of a range and where they are. `location::none()` is a page that the CPU has not mapped.
struct page_place {
  location where{};
  std::size_t bytes = 0;
};

/// What was seen after the GPU touched a range twice.
struct sighting {
  std::vector<page_place> pages{};  ///< empty where the system does not tell
  std::size_t bytes = 0;
  std::int64_t taken = 0;  ///< how much less memory the GPU has free
  double rate = 0;         ///< GB/s of the second pass
  std::string loose{};     ///< why the range may be on another NUMA node than asked; empty: it must not
};

/// Where a range was found. `clear` is false for a conclusion from speed and free memory alone.
struct verdict {
  std::optional<std::size_t> tier{};  ///< none: it cannot be told
  bool clear = false;
  std::string why{};
};

namespace detail {

inline std::optional<std::size_t> tier_of_gpu(const platform::description& known, int ordinal) {
  for (std::size_t i = 0; i < known.tiers.size(); ++i) {
    const platform::tier& each = known.tiers[i];
    const bool own = each.what == platform::tier::kind::hbm && each.gpu == ordinal;
    if (own || each.what == platform::tier::kind::unified) return i;
  }
  return std::nullopt;
}

/// The tier of a node; a host whose nodes are not known is one tier.
inline std::optional<std::size_t> tier_of_node(const platform::description& known, int node) {
  std::optional<std::size_t> whole_host;
  for (std::size_t i = 0; i < known.tiers.size(); ++i) {
    if (known.tiers[i].node == node) return i;
    const auto kind = known.tiers[i].what;
    if (known.tiers[i].node < 0 && kind != platform::tier::kind::hbm &&
        kind != platform::tier::kind::carve_out) {
      whole_host = i;
    }
  }
  return whole_host;
}

}  // namespace detail

/// Judges where the range is. The kernel's word on pages goes first; what no CPU has mapped is in the GPU's
/// memory if that shrank by as much or if the pass was faster than the link.
inline verdict judge(const platform::description& known, int ordinal, const sighting& seen) {
  constexpr double nearly_all = 0.9;
  const auto whole = static_cast<double>(seen.bytes);
  const auto most = [&](std::size_t bytes) { return static_cast<double>(bytes) >= nearly_all * whole; };
  const double link = known.gpus.at(static_cast<std::size_t>(ordinal)).link_rate.value_or(0);
  const bool taken = static_cast<double>(seen.taken) >= nearly_all * whole;
  const bool fast = link > 0 && seen.rate > 1.2 * link;
  const bool slow = link > 0 && seen.rate <= 1.05 * link;
  const std::string speed = "a second GPU pass ran at " + platform::rate_text(seen.rate) +
                            (fast   ? ", above the link's " + platform::rate_text(link)
                             : slow ? ", within the link's " + platform::rate_text(link)
                                    : "");
  const std::string free =
      taken ? "free GPU memory fell by " + platform::size_text(static_cast<std::uint64_t>(seen.taken))
            : "free GPU memory did not fall as much";
  for (const page_place& each : seen.pages) {
    if (!most(each.bytes)) continue;
    if (each.where.what == location::kind::device) {
      return {detail::tier_of_gpu(known, each.where.id), true, "its pages are on the GPU; " + speed};
    }
    if (each.where.what == location::kind::host_numa) {
      return {detail::tier_of_node(known, each.where.id), true,
              "its pages are on node " + std::to_string(each.where.id) + "; " + speed};
    }
    if (taken || fast) {
      return {detail::tier_of_gpu(known, ordinal), true,
              "no CPU has its pages mapped, " + free + "; " + speed};
    }
  }
  if (taken && fast) return {detail::tier_of_gpu(known, ordinal), true, free + "; " + speed};
  const int node = known.gpus.at(static_cast<std::size_t>(ordinal)).nearest_node.value_or(0);
  if (slow && !taken && seen.pages.empty()) {
    return {detail::tier_of_node(known, node), false,
            "the system does not tell where its pages are, " + free + ", and " + speed};
  }
  return {std::nullopt, false, "it cannot be told where its pages are: " + free + ", " + speed};
}

}  // namespace cmm::probe
