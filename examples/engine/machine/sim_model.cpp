#include "sim_model.hpp"

#include <bit>
#include <cstring>

#include "../options/random.hpp"
#include "sim_backend.hpp"

namespace engine {

using cmm::detail::check;

namespace {

constexpr std::size_t most_weights = std::size_t{16} << 20;

std::size_t at(std::int32_t number) { return static_cast<std::size_t>(number); }

}  // namespace

sim_model::sim_model(sim_backend& on, const options& how, const page_memory& pages)
    : on_{on},
      shape_{how.model},
      page_{how.page},
      pages_{pages},
      table_(at(pages.table_rows) * at(pages.table_width)),
      state_(at(shape_.hidden)),
      normed_(at(shape_.hidden)),
      qkv_(at(shape_.qkv_width())),
      attended_(at(shape_.q_width())),
      ffn_(2 * at(shape_.ffn)),
      gated_(at(shape_.ffn)),
      added_(at(shape_.hidden)),
      logits_(at(shape_.vocabulary)) {
  if (shape_.weights() > most_weights)
    throw cmm::bad_text{"a model of " + std::to_string(shape_.weights() >> 20) +
                        " million weights is too large to be computed without a GPU; take --model tiny, or "
                        "fewer layers and a smaller vocabulary"};
  void* got = nullptr;
  check(on_.api().allocate_device(got, shape_.weights() * sizeof(float)), "taking memory for the weights");
  weights_ = static_cast<float*>(got);
  const float scale = 1.7F / std::sqrt(static_cast<float>(shape_.hidden));
  for (std::size_t i = 0; i < shape_.weights(); ++i) weights_[i] = scale * unit(mixed(how.seed, i));
}

sim_model::~sim_model() { static_cast<void>(on_.api().free(weights_)); }

void sim_model::copy(std::span<const cmm::kv::slot_copy> copies) {
  const std::size_t bytes = pages_.layout->page_bytes();
  for (const cmm::kv::slot_copy& each : copies) {
    std::byte* const to = pages_.base + at(each.to) * bytes;
    const std::byte* const from = pages_.base + at(each.from) * bytes;
    check(on_.machine().gpu_copy(to, from, bytes, on_.stream()), "copying a page");
    std::memcpy(to, from, bytes);
  }
}

std::span<const next_token> sim_model::run(const batch& work) {
  for (const drawn_page& each : work.drawn) draw(each);
  tell_reads(work);
  answers_.clear();
  for (std::size_t i = 0, wanted = 0; i < work.tokens.size(); ++i) {
    compute(work.tokens[i]);
    if (wanted == work.wanted.size() || at(work.wanted[wanted]) != i) continue;
    answers_.push_back(choose());
    ++wanted;
  }
  check(on_.api().synchronize(on_.stream()), "waiting for a step");
  return answers_;
}

std::span<const float> sim_model::weights(std::size_t count) {
  used_ += count;
  return {weights_ + used_ - count, count};
}

float* sim_model::head(std::int32_t layer, std::int32_t plane, std::int32_t slot, std::int32_t head) const {
  const cmm::kv::piece& of = pages_.layout->planes()[at(2 * layer + plane)];
  std::byte* const begin = pages_.base + of.offset + at(slot) * of.stride;
  return reinterpret_cast<float*>(begin) + at(head) * at(page_) * at(shape_.head_size);
}

void sim_model::draw(const drawn_page& page) {
  const std::size_t count = pages_.layout->page_bytes() / sizeof(float);
  float* const to = head(0, 0, page.slot, 0);
  for (std::size_t i = 0; i < count; ++i) to[i] = unit(mixed(page.seed, i));
}

void sim_model::compute(const token& what) {
  used_ = 0;
  const std::size_t embeddings = at(shape_.layers) * shape_.layer_weights();
  const float* const embedding = weights_ + embeddings + at(what.id) * at(shape_.hidden);
  state_.assign(embedding, embedding + shape_.hidden);
  for (std::int32_t number = 0; number < shape_.layers; ++number) layer(what, number);
}

void sim_model::layer(const token& what, std::int32_t number) {
  math::rms_norm(state_, normed_);
  math::product(weights(qkv_.size() * normed_.size()), normed_, qkv_);
  attend(what, number);
  math::product(weights(added_.size() * attended_.size()), attended_, added_);
  math::add(state_, added_);
  math::rms_norm(state_, normed_);
  math::product(weights(ffn_.size() * normed_.size()), normed_, ffn_);
  math::swiglu(ffn_, gated_);
  math::product(weights(added_.size() * gated_.size()), gated_, added_);
  math::add(state_, added_);
}

void sim_model::attend(const token& what, std::int32_t number) {
  const std::size_t size = at(shape_.head_size);
  const std::size_t within = at(what.position % page_) * size;
  for (std::int32_t h = 0; h < shape_.kv_heads; ++h) {
    const std::span key{qkv_.data() + at(shape_.heads + h) * size, size};
    const float* const value = qkv_.data() + at(shape_.heads + shape_.kv_heads + h) * size;
    math::rotate(key, what.position);
    std::copy(key.begin(), key.end(), head(number, 0, what.slot, h) + within);
    std::copy_n(value, size, head(number, 1, what.slot, h) + within);
  }
  const std::int32_t* const slots = table_.data() + at(what.row) * at(pages_.table_width);
  for (std::int32_t h = 0; h < shape_.heads; ++h) {
    const std::span query{qkv_.data() + at(h) * size, size};
    math::rotate(query, what.position);
    math::attention seen{query};
    for (std::int32_t i = 0; i < what.length; ++i) {
      const std::size_t offset = at(i % page_) * size;
      const std::int32_t slot = slots[i / page_], kv_head = h / shape_.group();
      seen.see(head(number, 0, slot, kv_head) + offset, head(number, 1, slot, kv_head) + offset);
    }
    seen.write(std::span{attended_}.subspan(at(h) * size, size));
  }
}

next_token sim_model::choose() {
  math::rms_norm(state_, normed_);
  const std::size_t head = shape_.weights() - logits_.size() * normed_.size();
  math::product({weights_ + head, logits_.size() * normed_.size()}, normed_, logits_);
  next_token next{
      .id = static_cast<std::int32_t>(std::max_element(logits_.begin(), logits_.end()) - logits_.begin())};
  for (std::size_t i = 0; i < logits_.size(); ++i)
    next.checksum += mixed(std::bit_cast<std::uint32_t>(logits_[i]), i);
  return next;
}

/// What each layer reads: its weights once, and of the pages keys and values.
void sim_model::tell_reads(const batch& work) {
  auto& machine = on_.machine();
  std::vector<cmm::sim::memory_use> uses;
  for (std::int32_t number = 0; number < shape_.layers; ++number) {
    const std::size_t layer = shape_.layer_weights();
    check(machine.gpu_touch(weights_ + at(number) * layer, layer * sizeof(float), cmm::sim::access::read, 0,
                            on_.stream()),
          "reading weights");
    uses.clear();
    const std::size_t bytes = 2 * pages_.layout->planes()[0].bytes;
    for (const token& each : work.tokens) {
      const std::int32_t* const slots = table_.data() + at(each.row) * at(pages_.table_width);
      for (std::int32_t i = 0; i * page_ < each.length; ++i)
        uses.push_back({head(number, 0, slots[i], 0), bytes});
    }
    check(machine.gpu_gather(uses, cmm::sim::access::read, on_.stream()), "reading pages");
  }
  const std::size_t head = logits_.size() * normed_.size();
  check(machine.gpu_touch(weights_ + shape_.weights() - head, head * sizeof(float), cmm::sim::access::read, 0,
                          on_.stream()),
        "reading the weights of the logits");
}

}  // namespace engine
