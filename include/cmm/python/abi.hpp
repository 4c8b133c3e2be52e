#pragma once

/// What a library of KV pages exports for the Python package `cmm.kv`, and the C types its functions pass. No
/// CUDA header.
///
/// Functions answer a `cmm_kv_answer`; where that is not 0, `cmm_kv_last_error` has one sentence about it,
/// and what `out` points to is as it was. Sizes are bytes, pages and slots are int32 numbers, streams are
/// native handles (0 the default stream). A handle is used by one thread at a time and freed once; freeing
/// null does nothing. Arrays are read before the function returns.

#include <cstddef>
#include <cstdint>

#include "../core/requirements.hpp"

#pragma GCC visibility push(default)
extern "C" {

enum cmm_kv_answer : int {
  cmm_kv_done = 0,
  cmm_kv_bad_input = 1,    ///< what was asked for cannot be; nothing is changed
  cmm_kv_memory_full = 2,  ///< a memory ran out; the sentence says which one and what would fit
  cmm_kv_failed = 3,       ///< a call of the driver failed, or something unforeseen did
};

/// What a library is; readable without a GPU, a driver or CUDA. The strings live as long as the library.
struct cmm_kv_description {
  char magic[8];         ///< "cmmkvpgs", without an end
  int abi;               ///< `cmm::python::abi_version`
  int cuda_runtime;      ///< CUDART_VERSION of its build; 0 for a simulated machine
  const char* version;   ///< of cmm
  const char* platform;  ///< "cuda", or "sim:" and the profile
};

/// `cmm::kv::piece`: that of slot `s` is `bytes` at `offset + s * stride`.
struct cmm_kv_piece {
  std::uint64_t offset, stride, bytes;
};

/// What a layout is: its slots, and bytes of a page in all of them together.
struct cmm_kv_layout_facts {
  std::int32_t slots;
  std::uint64_t page_bytes;
  std::uint64_t bytes;  ///< of the whole range
};

/// Pages; null where there are none.
struct cmm_kv_list {
  const std::int32_t* pages;
  std::uint64_t count;
};

/// `cmm::kv::changes`, in its order.
struct cmm_kv_changes {
  cmm_kv_list idle, dead, dropped, fresh, hits, written, used;
};

/// Pairs of slots, fast and beyond: `2 * count` numbers.
struct cmm_kv_pairs {
  const std::int32_t* slots;
  std::uint64_t count;
};

/// `cmm::kv::plan`. What a residency gave is valid until its next step, or its next refill.
struct cmm_kv_plan {
  cmm_kv_pairs up, down, swap;
  std::uint64_t step;
};

/// `cmm::kv::counters`.
struct cmm_kv_counters {
  std::uint64_t live, remote, idle;
  std::uint64_t steps, pages_up, pages_down, bytes_up, bytes_down, avoided, refilled;
  std::uint64_t read, read_remote;
  double remote_share;
};

/// How memory for a layout is made.
struct cmm_kv_range_wish {
  std::int32_t fast;     ///< slots `[0, fast)` lie in HBM
  int device;            ///< an ordinal; -1 the current one
  int beyond_kind;       ///< of `cmm::location` (1 device, 2 host, 3 host NUMA node)
  int beyond_id;         ///< its number; -1 the node nearest to the GPU
  const int* also;       ///< other GPUs that reach it
  std::uint64_t others;  ///< how many
  int background;        ///< 1: a thread makes the part beyond
  int keep_when_full;    ///< 1: what is made stays when the rest cannot be had
  std::uint64_t piece;   ///< bytes of one handle and of a step of progress at most; 0 as the library does
  struct cmm_kv_stock* stock;  ///< from which handles of `piece` bytes are taken first; may be null
  std::int32_t pages;          ///< `cmm::kv::staging`, where `window_bytes` is not 0
  std::uint64_t window_bytes;
  const std::uint32_t* windows;  ///< one for each piece of the layout
};

/// What is made before anybody knows where it will be mapped.
struct cmm_kv_stock_wish {
  std::uint64_t bytes;
  std::uint64_t piece;  ///< bytes of each handle; 0 as the library does
  int device;           ///< an ordinal; -1 the current one
  int where_kind;       ///< of `cmm::location`
  int where_id;         ///< its number; -1 the node nearest to the GPU
};

/// What a range is, and how much of it is made.
struct cmm_kv_range_facts {
  void* data;  ///< of slot 0; null when all was given back
  std::uint64_t bytes;
  std::uint64_t ready_bytes;  ///< from the first one on, that may be used
  std::int32_t slots, fast, ready_slots;
  int device;  ///< the ordinal of the GPU that it is for
  std::uint64_t skipped_hints;
  std::int32_t staged_first, staged;  ///< `cmm::kv::staged_slots`
};

/// Where a mover finds slots and how it moves. Two bases: those of slot 0 if all slots lay in that memory.
struct cmm_kv_mover_wish {
  void* fast_base;
  void* beyond_base;
  std::int32_t fast;  ///< slots `[0, fast)` are at the first, the others of the layout at the second
  int device;         ///< that moves; -1 the current one
  const char* rows;   ///< text of `cmm::kv::read_mover_rows`; null as the library does
  unsigned ctas;      ///< thread blocks of every kernel; 0 as the rows say
};

/// `cmm::kv::mover_counts`.
struct cmm_kv_mover_counts {
  std::uint64_t plans, pages_up, pages_down, swapped, bytes_up, bytes_down, kernels, copies, waits;
};

struct cmm_kv_layout;
struct cmm_kv_residency;
struct cmm_kv_range;
struct cmm_kv_stock;
struct cmm_kv_mover;

const cmm_kv_description* cmm_kv_describe() noexcept;
const char* cmm_kv_last_error() noexcept;  // of the calling thread

int cmm_kv_layout_make(const cmm_kv_piece* pieces, std::uint64_t count, std::int64_t slots,
                       cmm_kv_layout** out) noexcept;
void cmm_kv_layout_free(cmm_kv_layout* of) noexcept;
int cmm_kv_layout_tell(const cmm_kv_layout* of, cmm_kv_layout_facts* out) noexcept;
/// The most slots whose memory fits into so many bytes of HBM.
int cmm_kv_layout_fast_within(const cmm_kv_layout* of, std::uint64_t hbm, std::int32_t* out) noexcept;

/// `policy`: text of `cmm::kv::read_placement`.
int cmm_kv_residency_make(std::int32_t slots, std::int32_t fast, std::uint64_t page_bytes, const char* policy,
                          std::int32_t reserve, int careful, cmm_kv_residency** out) noexcept;
void cmm_kv_residency_free(cmm_kv_residency* of) noexcept;
int cmm_kv_residency_adopt(cmm_kv_residency* of, std::int32_t first, std::int32_t count) noexcept;
int cmm_kv_residency_step(cmm_kv_residency* of, const cmm_kv_changes* what, cmm_kv_plan* out) noexcept;
/// The same, a tuple of Python having a list of pages or None for each list of `what`, in its order; a list
/// comes in the place of what is there. The caller holds Python's lock.
int cmm_kv_residency_step_lists(cmm_kv_residency* of, const cmm_kv_changes* what, void* lists,
                                cmm_kv_plan* out) noexcept;
int cmm_kv_residency_refill(cmm_kv_residency* of, std::int32_t least, cmm_kv_plan* out) noexcept;
/// The slots of pages; both arrays may be the same one. Nothing is written where a page is foreign.
int cmm_kv_residency_translate(const cmm_kv_residency* of, const std::int32_t* pages, std::uint64_t count,
                               std::int32_t* slots) noexcept;
/// New lists with the slots come into Python's list in the place of lists, and of tuples of lists; None
/// stays. `numbers` is a list of the numbers from 0 on, one for each slot. The caller holds Python's lock.
int cmm_kv_residency_translate_lists(const cmm_kv_residency* of, void* lists, void* numbers) noexcept;
/// What sequences gain in a step, in Python's lists, as `cmm::python::growth` says; `out` is valid until the
/// next call. The caller holds Python's lock.
int cmm_kv_residency_grow(cmm_kv_residency* of, void* requests, void* names, void* blocks, void* computed,
                          std::int64_t page_tokens, void* others, cmm_kv_list* out) noexcept;
/// The slots of what sequences gained in the last such call, into a list of Python of as many places, each
/// where its pages stood; other places stay. `numbers` as above. The caller holds Python's lock.
int cmm_kv_residency_translate_gained(const cmm_kv_residency* of, void* places, void* numbers) noexcept;
/// The slot of each page: a table that stays where it is as long as the residency lives.
int cmm_kv_residency_slots(const cmm_kv_residency* of, cmm_kv_list* out) noexcept;
/// The pages that the last step gave another slot; valid until the next one.
int cmm_kv_residency_moved(const cmm_kv_residency* of, cmm_kv_list* out) noexcept;
int cmm_kv_residency_count(const cmm_kv_residency* of, cmm_kv_counters* out) noexcept;

/// A thread makes it. Ranges that take from it may outlive it.
int cmm_kv_stock_make(const cmm_kv_stock_wish* how, cmm_kv_stock** out) noexcept;
/// Gives back what nobody took.
void cmm_kv_stock_free(cmm_kv_stock* of) noexcept;
/// Bytes made so far.
int cmm_kv_stock_tell(const cmm_kv_stock* of, std::uint64_t* out) noexcept;

int cmm_kv_range_make(const cmm_kv_layout* of, const cmm_kv_range_wish* how, cmm_kv_range** out) noexcept;
void cmm_kv_range_free(cmm_kv_range* of) noexcept;
int cmm_kv_range_tell(const cmm_kv_range* of, cmm_kv_range_facts* out) noexcept;
/// What it lies in: "mapped memory", or a recipe. Lives as long as the range.
const char* cmm_kv_range_text(const cmm_kv_range* of) noexcept;
/// Returns when slots `[0, count)` may be used. May be called while another thread asks.
int cmm_kv_range_wait(cmm_kv_range* of, std::int32_t count) noexcept;

/// The memory must outlive the mover.
int cmm_kv_mover_make(const cmm_kv_layout* of, const cmm_kv_mover_wish* how, cmm_kv_mover** out) noexcept;
void cmm_kv_mover_free(cmm_kv_mover* of) noexcept;
/// Puts the copies of a plan into a stream. `beside`: 0 nothing runs, 1 a decode, 2 a prefill.
int cmm_kv_mover_run(cmm_kv_mover* of, const cmm_kv_plan* what, void* stream, int beside) noexcept;
int cmm_kv_mover_count(const cmm_kv_mover* of, cmm_kv_mover_counts* out) noexcept;

}  // extern "C"
#pragma GCC visibility pop

namespace cmm::python {

/// Counts changes of the functions and structures above.
inline constexpr int abi_version = 4;

}  // namespace cmm::python
