#pragma once

#include <cmm/sim.hpp>
#include <cstdint>
#include <span>
#include <vector>

#include "backend.hpp"
#include "sim_math.hpp"

namespace engine {

class sim_backend;

/// The model in plain C++, in the memory of a simulated machine, which is told what each layer reads.
class sim_model {
 public:
  /// Throws `cmm::bad_text` for a model that is too large to compute so.
  sim_model(sim_backend& on, const options& how, const page_memory& pages);
  ~sim_model();
  sim_model(const sim_model&) = delete;
  sim_model& operator=(const sim_model&) = delete;

  [[nodiscard]] std::span<std::int32_t> table() noexcept { return table_; }
  void copy(std::span<const cmm::kv::slot_copy> copies);
  std::span<const next_token> run(const batch& work);

 private:
  [[nodiscard]] std::span<const float> weights(std::size_t count);
  void draw(const drawn_page& page);
  void compute(const token& what);
  void layer(const token& what, std::int32_t number);
  void attend(const token& what, std::int32_t number);
  [[nodiscard]] next_token choose();
  void tell_reads(const batch& work);

  /// Where the keys (plane 0) or values (plane 1) of a head in a slot begin.
  [[nodiscard]] float* head(std::int32_t layer, std::int32_t plane, std::int32_t slot,
                            std::int32_t head) const;

  sim_backend& on_;
  model_shape shape_;
  std::int32_t page_;
  page_memory pages_;
  std::vector<std::int32_t> table_;
  float* weights_ = nullptr;
  std::size_t used_ = 0;  ///< weights that this token has been multiplied by
  math::vector state_, normed_, qkv_, attended_, ffn_, gated_, added_, logits_;
  std::vector<next_token> answers_;
};

}  // namespace engine
