#pragma once

#include <cmm/sim.hpp>
#include <cstddef>
#include <map>
#include <mutex>
#include <string>
#include <vector>

namespace tests {

/// What an allocator promises, as a plain map: which bytes are out, and after what each byte may be used.
class model {
 public:
  explicit model(cmm::sim::machine& machine) : machine_{machine} {}

  /// Notes a block that was handed out for use on a stream; the complaint about it, or nothing.
  std::string took(const cmm::block& b, const cmm::request& r) {
    const std::scoped_lock lock{mutex_};
    auto* const begin = static_cast<char*>(b.data);
    if (b.bytes != r.bytes || b.device != r.device) return "a block differs from its request";
    if (reinterpret_cast<std::uintptr_t>(begin) % r.alignment != 0) return "a block is not aligned";
    auto next = live_.lower_bound(begin);
    if (next != live_.end() && next->first < begin + b.bytes) return "a block overlaps a later one";
    if (next != live_.begin() && std::prev(next)->first + std::prev(next)->second.bytes > begin)
      return "a block overlaps an earlier one";
    live_[begin] = {b.bytes, b.device};
    bytes_[index(b.device)] += b.bytes;
    return reuse(begin, begin + b.bytes, r.stream);
  }

  /// Notes a block that is about to be freed in a stream.
  void gives(const cmm::block& b, cmm::stream s) {
    const std::scoped_lock lock{mutex_};
    auto* const begin = static_cast<char*>(b.data);
    live_.erase(begin);
    bytes_[index(b.device)] -= b.bytes;
    cut(begin, begin + b.bytes);
    freed_[begin] = {b.bytes, machine_.mark_of(s)};
  }

  [[nodiscard]] std::size_t live_blocks() const { return live_.size(); }
  [[nodiscard]] std::size_t live_bytes(int device) const { return bytes_[index(device)]; }
  [[nodiscard]] std::size_t live_bytes() const { return bytes_[0] + bytes_[1]; }

 private:
  struct out {
    std::size_t bytes;
    int device;
  };
  struct past {
    std::size_t bytes;
    cmm::sim::mark last_use;
  };

  static std::size_t index(int device) { return static_cast<std::size_t>(device); }

  /// The bytes are taken again: all that used them before must be ordered before the stream.
  std::string reuse(char* begin, char* end, cmm::stream s) {
    std::string complaint;
    for (auto at = first_touching(begin); at != freed_.end() && at->first < end; ++at) {
      if (!machine_.ordered_after(at->second.last_use, s))
        complaint = "a block may still be in use by another stream";
    }
    cut(begin, end);
    return complaint;
  }

  std::map<char*, past>::iterator first_touching(char* begin) {
    auto at = freed_.lower_bound(begin);
    if (at != freed_.begin() && std::prev(at)->first + std::prev(at)->second.bytes > begin) --at;
    return at;
  }

  /// Forgets the past of these bytes.
  void cut(char* begin, char* end) {
    for (auto at = first_touching(begin); at != freed_.end() && at->first < end;) {
      char* const from = at->first;
      const past old = at->second;
      char* const to = from + old.bytes;
      at = freed_.erase(at);
      if (from < begin) freed_[from] = {static_cast<std::size_t>(begin - from), old.last_use};
      if (to > end) freed_[end] = {static_cast<std::size_t>(to - end), old.last_use};
    }
  }

  cmm::sim::machine& machine_;
  std::mutex mutex_;
  std::map<char*, out> live_;
  std::map<char*, past> freed_;
  std::size_t bytes_[2] = {};
};

}  // namespace tests
