#pragma once

#include <cstddef>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

#include "placement.hpp"

namespace cmm {

namespace detail {

template <class Memory>
concept has_api = requires(Memory& memory) {
  memory.api();
};

}  // namespace detail

/// Prefetch, advice and discard for managed blocks that are in use, or for parts of them, one at a time or so
/// many in one call of CUDA 13.
///
/// The contract is that of policies: a hint that this machine or a stream capture cannot take, or that names
/// a place that is not there, is skipped, counted and said; with `strict`, and when a machine that can take
/// it refuses, it throws `cuda_error`. Each call answers whether all of it was taken. Relative locations are
/// resolved for each block. Any thread may use it.
template <cmm::api Api>
class live_hints {
 public:
  explicit live_hints(Api api, bool strict = false) : api_{std::move(api)}, strict_{strict} {}
  /// For the blocks of an allocator.
  template <detail::has_api Memory>
  explicit live_hints(Memory& memory, bool strict = false) : live_hints{Api{memory.api()}, strict} {}

  bool advise(const block& b, advice what, location where = location::device()) {
    const auto here = api_.enter(b.device);
    detail::check(here.result(), entering);
    return placing().advise(b, what, where);
  }
  /// Takes advice back; of a preferred location and of read mostly, whichever place it named.
  bool withdraw(const block& b, advice what, location where = location::device()) {
    const auto here = api_.enter(b.device);
    detail::check(here.result(), entering);
    const location at = resolve(api_, where, b.device);
    const status taken = api_.withdraw(b.data, b.bytes, what, at);
    return taken.ok() || refused(taken, "withdrawn advice", at, b.device);
  }

  /// Moves the block, or populates it, in the order of the stream.
  bool prefetch(const block& b, location where, stream s) {
    const auto here = api_.enter(b.device);
    detail::check(here.result(), entering);
    return placing().prefetch(b, where, s);
  }
  /// The same for many blocks; one call for each row of blocks that go to one place.
  bool prefetch(std::span<const block> blocks, location where, stream s) {
    if (blocks.empty()) return true;
    const auto here = api_.enter(blocks.front().device);
    detail::check(here.result(), entering);
    if (detail::is_legacy(api_, s)) {  // which batches cannot use
      bool taken = true;
      for (const block& each : blocks) taken = placing().prefetch(each, where, s) && taken;
      return taken;
    }
    return batch(blocks, where, s, "prefetch", "cudaMemPrefetchBatchAsync",
                 [&](auto&... of) { return api_.prefetch_batch(of...); });
  }

  /// The block holds nothing from here on in the stream, until it is written or prefetched. Throws
  /// `bad_request` for the legacy default stream, in which the driver discards nothing.
  bool discard(const block& b, stream s) { return discard(std::span{&b, 1}, s); }
  bool discard(std::span<const block> blocks, stream s) {
    if (blocks.empty()) return true;
    const auto here = api_.enter(blocks.front().device);
    detail::check(here.result(), entering);
    need_stream(s);
    return batch(blocks, location::device(), s, "discard", "cudaMemDiscardBatchAsync",
                 [&](void**& data, std::size_t*& bytes, std::size_t& count, location&, stream& on) {
                   return api_.discard_batch(data, bytes, count, on);
                 });
  }
  /// Moves the blocks without what they hold.
  bool discard_and_prefetch(std::span<const block> blocks, location where, stream s) {
    if (blocks.empty()) return true;
    const auto here = api_.enter(blocks.front().device);
    detail::check(here.result(), entering);
    need_stream(s);
    return batch(blocks, where, s, "discard_and_prefetch", "cudaMemDiscardAndPrefetchBatchAsync",
                 [&](auto&... of) { return api_.discard_and_prefetch_batch(of...); });
  }

  [[nodiscard]] std::size_t skipped_hints() const noexcept { return skipped_.count(); }
  [[nodiscard]] Api& api() noexcept { return api_; }

 private:
  static constexpr const char* entering = "entering the device of a block in use";

  placement<Api> placing() noexcept { return {api_, skipped_, strict_, true}; }

  void need_stream(stream s) const {
    if (!detail::is_legacy(api_, s)) return;
    throw bad_request{
        "a discard was asked for in the legacy default stream, in which the driver discards nothing; give a "
        "stream of your own"};
  }

  bool captured(stream s, const char* call) {
    std::uint64_t capture = 0;
    const status asked = api_.capture_of(s, capture);
    if (asked.ok() && capture == 0) return false;
    if (!asked.ok() && asked.code != errc::capture_implicit) detail::fail(asked, "hinting at blocks in use");
    if (strict_) detail::fail({errc::capture_unsupported, call}, "hinting at blocks in use");
    skipped_.add();
    return true;
  }

  bool refused(status result, const char* what, location at, int device) {
    const hint which{what, at};
    const char* const why = detail::unable(api_, at, device);
    if (strict_ || why == nullptr) throw cuda_error{result, "hinting at blocks in use by " + which.text(why)};
    skipped_.add(which, result.call, why);
    return false;
  }

  bool batch(std::span<const block> blocks, location where, stream s, const char* what, const char* name,
             auto&& call) {
    if (captured(s, name)) return false;
    std::vector<void*> data;
    std::vector<std::size_t> bytes;
    bool taken = true;
    location to = resolve(api_, where, blocks.front().device);
    const auto send = [&](int device) {
      void** first = data.data();
      std::size_t* sizes = bytes.data();
      std::size_t count = data.size();
      const status done = call(first, sizes, count, to, s);
      taken = (done.ok() || refused(done, what, to, device)) && taken;
      data.clear();
      bytes.clear();
    };
    int device = blocks.front().device;
    for (const block& each : blocks) {
      const location next = resolve(api_, where, each.device);
      if (next != to) send(device);
      to = next;
      device = each.device;
      data.push_back(each.data);
      bytes.push_back(each.bytes);
    }
    send(device);
    return taken;
  }

  Api api_;
  bool strict_;
  cmm::skipped_hints skipped_;
};

template <detail::has_api Memory>
live_hints(Memory&, bool = false) -> live_hints<std::remove_cvref_t<decltype(std::declval<Memory&>().api())>>;

}  // namespace cmm
