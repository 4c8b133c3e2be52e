#pragma once

#include <cmm/core/page_copier.hpp>
#include <cmm/kv/cache.hpp>
#include <cmm/kv/layout.hpp>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>

#include "../options/options.hpp"
#include "batch.hpp"

namespace engine {

/// The KV pages as kernels see them: slots of a layout behind one base address.
struct page_memory {
  std::byte* base = nullptr;
  const cmm::kv::layout* layout = nullptr;
  std::int32_t table_width = 0;  ///< entries in a row of the table of slots
  std::int32_t table_rows = 0;
};

/// A model with its weights on one machine. Work goes into its stream; `run` waits for the answers.
template <class M>
concept model = requires(M& m, const batch& work, std::span<const cmm::kv::slot_copy> copies) {
  { m.table() } -> std::same_as<std::span<std::int32_t>>;  // rows of slots, read by the next `run`
  m.copy(copies);
  { m.run(work) } -> std::same_as<std::span<const next_token>>;
};

/// A machine: its memory, its streams, its clock, and the model that it can compute.
template <class B>
concept backend = requires(B& b) {
  typename B::model;
  requires model<typename B::model>;
  { b.api() } -> cmm::api;
  { b.copier() } -> cmm::page_copier;
  { b.stream() } -> std::convertible_to<cmm::stream>;
  { b.beside() } -> std::convertible_to<cmm::stream>;  // for copies that no work of the step waits for
  { b.seconds() } -> std::same_as<double>;             // when all its work is done
  { B::element_bytes } -> std::convertible_to<std::int32_t>;
  { B::same_in_any_batch } -> std::convertible_to<bool>;  // whether what a token becomes depends on it alone
  requires std::constructible_from<typename B::model, B&, const options&, const page_memory&>;
};

}  // namespace engine
