#pragma once

#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "../kv/mover_text.hpp"
#include "../kv/placement_text.hpp"
#include "../kv/residency.hpp"
#include "answer.hpp"
#include "edge.hpp"
#include "growth.hpp"
#include "lists.hpp"
#include "machine.hpp"

/// The exported functions, for the one source file of a library.

struct cmm_kv_layout {
  explicit cmm_kv_layout(cmm::kv::layout made) : layout{std::move(made)} {}
  cmm::kv::layout layout;
};
struct cmm_kv_residency {
  explicit cmm_kv_residency(cmm::kv::residency<cmm::kv::any_placement> made) : pages{std::move(made)} {}
  cmm::kv::residency<cmm::kv::any_placement> pages;
  cmm::python::growth growth;
  cmm::python::read_lists read;
};
struct cmm_kv_range {
  std::unique_ptr<cmm::python::range> range;
};
struct cmm_kv_stock {
  std::shared_ptr<cmm::python::stock> stock;  ///< which ranges keep while they take from it
};
struct cmm_kv_mover {
  std::unique_ptr<cmm::python::mover> mover;
};

namespace cmm::python::detail {

static_assert(sizeof(kv::slot_pair) == 2 * sizeof(std::int32_t));

inline std::span<const std::int32_t> pages_of(const cmm_kv_list& given) noexcept {
  return {given.pages, static_cast<std::size_t>(given.count)};
}
inline kv::changes changes_of(const cmm_kv_changes& given) noexcept {
  return {.idle = pages_of(given.idle),
          .dead = pages_of(given.dead),
          .dropped = pages_of(given.dropped),
          .fresh = pages_of(given.fresh),
          .hits = pages_of(given.hits),
          .written = pages_of(given.written),
          .used = pages_of(given.used)};
}
inline cmm_kv_list list_of(std::span<const std::int32_t> pages) noexcept {
  return {pages.data(), pages.size()};
}

inline std::span<const kv::slot_pair> pairs_of(const cmm_kv_pairs& given) noexcept {
  return {reinterpret_cast<const kv::slot_pair*>(given.slots), static_cast<std::size_t>(given.count)};
}
inline cmm_kv_pairs list_of(std::span<const kv::slot_pair> pairs) noexcept {
  return {reinterpret_cast<const std::int32_t*>(pairs.data()), pairs.size()};
}
inline kv::plan plan_of(const cmm_kv_plan& given) noexcept {
  return {pairs_of(given.up), pairs_of(given.down), pairs_of(given.swap), given.step};
}
inline cmm_kv_plan plan_of(const kv::plan& made) noexcept {
  return {list_of(made.up), list_of(made.down), list_of(made.swap), made.step};
}

inline location location_of(int kind, int id) {
  using enum location::kind;
  const bool known = kind >= static_cast<int>(device) && kind <= static_cast<int>(host_numa);
  if (!known || id < location::relative) {
    throw bad_request{"kind " + std::to_string(kind) + " with number " + std::to_string(id) +
                      " is no location; see cmm_kv_range_wish"};
  }
  return {static_cast<location::kind>(kind), id};
}
inline kv::range_plan plan_of(const cmm_kv_range_wish& how, std::size_t pieces) {
  kv::range_plan made{.fast = how.fast, .beyond = location_of(how.beyond_kind, how.beyond_id)};
  made.how.device = how.device;
  made.how.also.assign(how.also, how.also + how.others);
  made.how.background = how.background != 0;
  made.how.keep_when_full = how.keep_when_full != 0;
  if (how.piece != 0) made.how.piece = how.piece;
  if (how.window_bytes != 0)
    made.staging = {how.pages, how.window_bytes, {how.windows, how.windows + pieces}};
  if (how.stock != nullptr) {
    made.how.from = [from = how.stock->stock](std::size_t bytes, location where, memory_handle& out) {
      return from->take(bytes, where, out);
    };
  }
  return made;
}
inline kv::mover_settings settings_of(const cmm_kv_mover_wish& how) {
  kv::mover_settings made{.ctas = how.ctas};
  if (how.rows != nullptr) made.rows = kv::read_mover_rows(how.rows);
  return made;
}
inline kv::beside beside_of(int given) {
  if (given < 0 || given > static_cast<int>(kv::beside::prefill)) {
    throw bad_request{std::to_string(given) + " says nothing of what runs beside moves; it goes from 0 to 2"};
  }
  return static_cast<kv::beside>(given);
}

}  // namespace cmm::python::detail

// NOLINTBEGIN(misc-definitions-in-headers): a library has one source file.
extern "C" {

const cmm_kv_description* cmm_kv_describe() noexcept {
  const cmm_kv_description* found = nullptr;
  cmm::python::answer([&] { found = &cmm::python::library().description(); });
  return found;
}
const char* cmm_kv_last_error() noexcept { return cmm::python::last_error().c_str(); }

int cmm_kv_layout_make(const cmm_kv_piece* pieces, std::uint64_t count, std::int64_t slots,
                       cmm_kv_layout** out) noexcept {
  return cmm::python::answer([&] {
    std::vector<cmm::kv::piece> given;
    given.reserve(count);
    for (const cmm_kv_piece& each : std::span{pieces, static_cast<std::size_t>(count)})
      given.push_back({each.offset, each.stride, each.bytes});
    *out = std::make_unique<cmm_kv_layout>(cmm::kv::layout{given, slots}).release();
  });
}
void cmm_kv_layout_free(cmm_kv_layout* of) noexcept { delete of; }
int cmm_kv_layout_tell(const cmm_kv_layout* of, cmm_kv_layout_facts* out) noexcept {
  return cmm::python::answer([&] {
    *out = {.slots = of->layout.slots(), .page_bytes = of->layout.page_bytes(), .bytes = of->layout.bytes()};
  });
}
int cmm_kv_layout_fast_within(const cmm_kv_layout* of, std::uint64_t hbm, std::int32_t* out) noexcept {
  return cmm::python::answer([&] { *out = of->layout.fast_within(hbm); });
}

int cmm_kv_residency_make(std::int32_t slots, std::int32_t fast, std::uint64_t page_bytes, const char* policy,
                          std::int32_t reserve, int careful, cmm_kv_residency** out) noexcept {
  return cmm::python::answer([&] {
    cmm::kv::residency pages{slots,
                             fast,
                             page_bytes,
                             cmm::kv::read_placement(policy),
                             {.reserve = reserve, .careful = careful != 0}};
    *out = std::make_unique<cmm_kv_residency>(std::move(pages)).release();
  });
}
void cmm_kv_residency_free(cmm_kv_residency* of) noexcept { delete of; }
int cmm_kv_residency_adopt(cmm_kv_residency* of, std::int32_t first, std::int32_t count) noexcept {
  return cmm::python::answer([&] { of->pages.adopt(first, count); });
}
int cmm_kv_residency_step(cmm_kv_residency* of, const cmm_kv_changes* what, cmm_kv_plan* out) noexcept {
  return cmm::python::answer(
      [&] { *out = cmm::python::detail::plan_of(of->pages.step(cmm::python::detail::changes_of(*what))); });
}
int cmm_kv_residency_step_lists(cmm_kv_residency* of, const cmm_kv_changes* what, void* lists,
                                cmm_kv_plan* out) noexcept {
  return cmm::python::answer([&] {
    cmm_kv_changes all = *what;
    cmm_kv_list* const each[] = {&all.idle, &all.dead,    &all.dropped, &all.fresh,
                                 &all.hits, &all.written, &all.used};
    of->read.lists(static_cast<_object*>(lists), [&](std::size_t at, std::span<const std::int32_t> pages) {
      *each[at] = cmm::python::detail::list_of(pages);
    });
    *out = cmm::python::detail::plan_of(of->pages.step(cmm::python::detail::changes_of(all)));
  });
}
int cmm_kv_residency_refill(cmm_kv_residency* of, std::int32_t least, cmm_kv_plan* out) noexcept {
  return cmm::python::answer([&] { *out = cmm::python::detail::plan_of(of->pages.refill(least)); });
}
int cmm_kv_residency_translate(const cmm_kv_residency* of, const std::int32_t* pages, std::uint64_t count,
                               std::int32_t* slots) noexcept {
  return cmm::python::answer([&] {
    const auto table = of->pages.slots();
    for (std::uint64_t i = 0; i < count; ++i) {
      // Asked for by its number, a foreign page throws with the sentence about it.
      if (static_cast<std::uint32_t>(pages[i]) >= table.size())
        static_cast<void>(of->pages.slot_of(pages[i]));
    }
    for (std::uint64_t i = 0; i < count; ++i) slots[i] = table[static_cast<std::size_t>(pages[i])];
  });
}
int cmm_kv_residency_translate_lists(const cmm_kv_residency* of, void* lists, void* numbers) noexcept {
  return cmm::python::answer([&] {
    cmm::python::translation{of->pages.slots(), static_cast<_object*>(numbers)}.replace_each(
        static_cast<_object*>(lists));
  });
}
int cmm_kv_residency_grow(cmm_kv_residency* of, void* requests, void* names, void* blocks, void* computed,
                          std::int64_t page_tokens, void* others, cmm_kv_list* out) noexcept {
  return cmm::python::answer([&] {
    *out = cmm::python::detail::list_of(of->growth.read(
        static_cast<_object*>(requests), static_cast<_object*>(names), static_cast<_object*>(blocks),
        static_cast<_object*>(computed), page_tokens, static_cast<_object*>(others)));
  });
}
int cmm_kv_residency_translate_gained(const cmm_kv_residency* of, void* places, void* numbers) noexcept {
  return cmm::python::answer([&] {
    of->growth.translate({of->pages.slots(), static_cast<_object*>(numbers)}, static_cast<_object*>(places));
  });
}
int cmm_kv_residency_slots(const cmm_kv_residency* of, cmm_kv_list* out) noexcept {
  return cmm::python::answer([&] { *out = cmm::python::detail::list_of(of->pages.slots()); });
}
int cmm_kv_residency_moved(const cmm_kv_residency* of, cmm_kv_list* out) noexcept {
  return cmm::python::answer([&] { *out = cmm::python::detail::list_of(of->pages.moved()); });
}
int cmm_kv_residency_count(const cmm_kv_residency* of, cmm_kv_counters* out) noexcept {
  return cmm::python::answer([&] {
    const cmm::kv::counters& c = of->pages.counters();
    *out = {.live = static_cast<std::uint64_t>(c.live),
            .remote = static_cast<std::uint64_t>(c.remote),
            .idle = static_cast<std::uint64_t>(c.idle),
            .steps = c.steps,
            .pages_up = c.pages_up,
            .pages_down = c.pages_down,
            .bytes_up = c.bytes_up(),
            .bytes_down = c.bytes_down(),
            .avoided = c.avoided,
            .refilled = c.refilled,
            .read = c.read,
            .read_remote = c.read_remote,
            .remote_share = c.remote_share};
  });
}

int cmm_kv_stock_make(const cmm_kv_stock_wish* how, cmm_kv_stock** out) noexcept {
  return cmm::python::answer([&] {
    const std::size_t piece = how->piece != 0 ? how->piece : cmm::range_settings{}.piece;
    auto made = std::make_unique<cmm_kv_stock>();
    made->stock = cmm::python::library().make_stock(
        cmm::python::detail::location_of(how->where_kind, how->where_id), how->bytes, piece, how->device);
    *out = made.release();
  });
}
void cmm_kv_stock_free(cmm_kv_stock* of) noexcept { delete of; }
int cmm_kv_stock_tell(const cmm_kv_stock* of, std::uint64_t* out) noexcept {
  return cmm::python::answer([&] { *out = of->stock->ready(); });
}

int cmm_kv_range_make(const cmm_kv_layout* of, const cmm_kv_range_wish* how, cmm_kv_range** out) noexcept {
  return cmm::python::answer([&] {
    auto made = std::make_unique<cmm_kv_range>();
    made->range = cmm::python::library().make_range(
        of->layout, cmm::python::detail::plan_of(*how, of->layout.pieces().size()));
    *out = made.release();
  });
}
void cmm_kv_range_free(cmm_kv_range* of) noexcept { delete of; }
int cmm_kv_range_tell(const cmm_kv_range* of, cmm_kv_range_facts* out) noexcept {
  return cmm::python::answer([&] { *out = of->range->facts(); });
}
const char* cmm_kv_range_text(const cmm_kv_range* of) noexcept { return of->range->text(); }
int cmm_kv_range_wait(cmm_kv_range* of, std::int32_t count) noexcept {
  return cmm::python::answer([&] { of->range->wait_for_slots(count); });
}

int cmm_kv_mover_make(const cmm_kv_layout* of, const cmm_kv_mover_wish* how, cmm_kv_mover** out) noexcept {
  return cmm::python::answer([&] {
    const std::int32_t slots = of->layout.slots();
    if (how->fast < 0 || how->fast > slots) {
      throw cmm::bad_request{"of " + std::to_string(slots) + " slots " + std::to_string(how->fast) +
                             " cannot be moved to; give a number from 0 to all of them"};
    }
    const cmm::kv::page_places where{{how->fast_base, 0, how->fast}, {how->beyond_base, how->fast, slots}};
    auto made = std::make_unique<cmm_kv_mover>();
    made->mover = cmm::python::library().make_mover(of->layout, where, how->device,
                                                    cmm::python::detail::settings_of(*how));
    *out = made.release();
  });
}
void cmm_kv_mover_free(cmm_kv_mover* of) noexcept { delete of; }
int cmm_kv_mover_run(cmm_kv_mover* of, const cmm_kv_plan* what, void* stream, int beside) noexcept {
  return cmm::python::answer([&] {
    of->mover->run(cmm::python::detail::plan_of(*what), stream, cmm::python::detail::beside_of(beside));
  });
}
int cmm_kv_mover_count(const cmm_kv_mover* of, cmm_kv_mover_counts* out) noexcept {
  return cmm::python::answer([&] {
    const cmm::kv::mover_counts c = of->mover->counts();
    *out = {.plans = c.plans,
            .pages_up = c.up,
            .pages_down = c.down,
            .swapped = c.swapped,
            .bytes_up = c.bytes_up,
            .bytes_down = c.bytes_down,
            .kernels = c.kernels,
            .copies = c.copies,
            .waits = c.waits};
  });
}

}  // extern "C"
// NOLINTEND(misc-definitions-in-headers)

/// Makes the one library over a platform, such as `CMM_KV_LIBRARY(cmm::python::on_sim{"gh200-480"})`. For the
/// one source file of the library.
#define CMM_KV_LIBRARY(...)                                                      \
  cmm::python::edge& cmm::python::library() {                                    \
    static auto& only = *[] { return new cmm::python::machine{__VA_ARGS__}; }(); \
    return only;                                                                 \
  }                                                                              \
  static_assert(true, "a semicolon follows")
