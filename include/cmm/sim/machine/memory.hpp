#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <list>
#include <map>
#include <utility>
#include <vector>

#include "../../core/location.hpp"
#include "addresses.hpp"
#include "streams.hpp"

namespace cmm::sim {

inline constexpr std::size_t granule_bytes = std::size_t{64} << 10;
inline constexpr unsigned granules = page_bytes / granule_bytes;

enum class memory_kind : unsigned char { managed, device, pinned, system };

/// 2 MiB of managed or system memory. Each bit of a mask is 64 KiB; a bit in neither mask was never touched.
struct page {
  std::uint32_t valid = 0;  ///< the granules that the allocation covers
  std::uint32_t on_device = 0;
  std::uint32_t on_host = 0;
  int device = 0;
  int node = 0;
  location preferred{};
  std::uint64_t accessed_by = 0;  ///< one bit for each device, the highest for the host
  std::uint32_t in_parts = 0;     ///< granules that came from the host by a prefetch of less than one
  bool read_mostly = false;
  bool evicted = false;
  bool mapped_remote = false;
  std::list<page*>::iterator age{};  ///< its place among the pages of its device, while it has any

  static constexpr std::uint64_t host_bit = std::uint64_t{1} << 63;
  [[nodiscard]] bool used_by(int ordinal) const noexcept { return (accessed_by >> ordinal & 1) != 0; }
  void let_use(location user, bool given) noexcept {
    const std::uint64_t bit = user.what == location::kind::device ? std::uint64_t{1} << user.id : host_bit;
    accessed_by = given ? accessed_by | bit : accessed_by & ~bit;
  }
  [[nodiscard]] bool prefers_host() const noexcept {
    return preferred.what == location::kind::host || preferred.what == location::kind::host_numa;
  }
  [[nodiscard]] std::uint32_t fresh() const noexcept { return ~on_device & ~on_host; }
};

/// A live block, or one its pool keeps for the next caller.
struct allocation {
  address_range range{};
  std::size_t bytes = 0;
  memory_kind kind = memory_kind::managed;
  location where{};          ///< of memory that never moves
  std::uint64_t opened = 0;  ///< to others than its owner, one bit for each device, the highest for the host
  void* pool = nullptr;
  bool kept = false;
  mark freed{};
  std::uint64_t capture = 0;
  std::vector<page> pages{};  ///< empty until someone looks
  std::uint64_t memory = 0;   ///< of a mapping, what it maps
  char* within = nullptr;     ///< of a mapping, the reserved range it lies in

  [[nodiscard]] bool mapped() const noexcept { return memory != 0; }
  [[nodiscard]] bool opened_to(int device) const noexcept { return (opened >> device & 1) != 0; }
  [[nodiscard]] bool pageable() const noexcept {
    return kind == memory_kind::managed || kind == memory_kind::system;
  }
};

/// The part of one page that a range covers.
struct page_slice {
  std::size_t offset = 0;  ///< into the allocation, of the first byte
  std::size_t bytes = 0;
  std::uint32_t mask = 0;
};

constexpr std::size_t bytes_of(std::uint32_t mask) noexcept {
  return static_cast<std::size_t>(std::popcount(mask)) * granule_bytes;
}
constexpr std::uint32_t granules_of(std::size_t first_byte, std::size_t last_byte) noexcept {
  const auto low = static_cast<unsigned>(first_byte / granule_bytes);
  const auto high = static_cast<unsigned>(last_byte / granule_bytes);
  return (~std::uint32_t{0} >> (granules - 1 - high)) & (~std::uint32_t{0} << low);
}

/// The pages of a block, made when first asked for.
inline std::vector<page>& pages_of(allocation& block) {
  if (!block.pages.empty()) return block.pages;
  block.pages.resize((block.bytes + page_bytes - 1) / page_bytes);
  for (page& p : block.pages) p.valid = ~std::uint32_t{0};
  block.pages.back().valid = granules_of(0, (block.bytes - 1) % page_bytes);
  return block.pages;
}

/// Calls `body(page&, page_slice)` for each page of the range, in order, until it answers false.
bool each_page(allocation& block, std::size_t offset, std::size_t bytes, auto body) {
  auto& pages = pages_of(block);
  for (const std::size_t end = offset + bytes; offset < end;) {
    const std::size_t within = offset % page_bytes;
    const std::size_t length = std::min(page_bytes - within, end - offset);
    const page_slice part{offset, length, granules_of(within, within + length - 1)};
    if (!body(pages[offset / page_bytes], part)) return false;
    offset += length;
  }
  return true;
}

/// The blocks of a process by address.
class address_space {
 public:
  explicit address_space(backing how) noexcept : how_{how} {}

  /// A new block, or null when the process has no addresses left. The program writes to pinned memory, so
  /// that it is always real.
  allocation* create(std::size_t bytes, memory_kind kind) {
    address_range range{bytes, kind == memory_kind::pinned ? backing::real : how_, next_};
    char* const base = range.base();
    if (base == nullptr) return nullptr;
    return &(blocks_[base] = {.range = std::move(range), .bytes = bytes, .kind = kind});
  }
  /// A mapping of addresses that are reserved already.
  allocation& create_at(char* base, std::size_t bytes, memory_kind kind) {
    return blocks_[base] = {.range = {base, bytes}, .bytes = bytes, .kind = kind};
  }
  /// Addresses for mappings, with no memory behind them.
  address_range reserve(std::size_t bytes) { return address_range::reserved(bytes, how_, next_); }
  [[nodiscard]] backing how() const noexcept { return how_; }
  void erase(const allocation& block) { blocks_.erase(block.range.base()); }

  /// The live block that begins here, or null.
  allocation* find(void* base) {
    allocation* const found = look_up(blocks_, static_cast<char*>(base));
    return found == nullptr || found->kept ? nullptr : found;
  }
  /// The live block that holds all of these bytes, or null.
  allocation* holding(const void* p, std::size_t bytes) {
    auto found = blocks_.upper_bound(const_cast<char*>(static_cast<const char*>(p)));
    if (bytes == 0 || found == blocks_.begin()) return nullptr;
    allocation& block = (--found)->second;
    const std::size_t offset = offset_in(block, p);
    return block.kept || offset >= block.bytes || bytes > block.bytes - offset ? nullptr : &block;
  }
  /// Calls `body(allocation&, offset, bytes)` for each live block that holds a part of these bytes, in order,
  /// until it answers false: one block, or mappings of one reserved range. Whether it got through.
  bool each_part(const void* p, std::size_t bytes, auto body) {
    const auto* at = static_cast<const char*>(p);
    const char* within = nullptr;
    for (std::size_t left = bytes; left > 0;) {
      allocation* const block = holding(at, 1);
      if (block == nullptr || (at != p && (!block->mapped() || block->within != within))) return false;
      const std::size_t offset = offset_in(*block, at);
      const std::size_t length = std::min(block->bytes - offset, left);
      if (!body(*block, offset, length)) return false;
      within = block->within;
      at += length;
      left -= length;
    }
    return bytes != 0;
  }
  /// True if live memory holds all of these bytes.
  bool holds(const void* p, std::size_t bytes) {
    return each_part(p, bytes, [](const allocation&, std::size_t, std::size_t) { return true; });
  }
  static std::size_t offset_in(const allocation& block, const void* p) noexcept {
    return static_cast<std::size_t>(static_cast<const char*>(p) - block.range.base());
  }

  void each(auto body) {
    for (auto& [base, block] : blocks_) body(block);
  }

 private:
  backing how_;
  char* next_ = reinterpret_cast<char*>(std::uintptr_t{1} << 46);
  std::map<char*, allocation> blocks_;
};

}  // namespace cmm::sim
