#include "cuda_model.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cmm/core/error.hpp>

#include "cuda_backend.hpp"

namespace engine {
namespace {

std::size_t at(std::int32_t number) { return static_cast<std::size_t>(number); }

/// The number of elements in rows of this width.
std::size_t rows(std::int32_t count, std::int32_t width) { return at(count) * at(width); }

template <class T>
void send_to(const device_array<T>& there, std::span<const T> here, cudaStream_t in) {
  check(cudaMemcpyAsync(there.data(), here.data(), here.size_bytes(), cudaMemcpyHostToDevice, in),
        "sending a batch");
}

const options& checked(const options& how) {
  if (!kernels::can_attend(how.model))
    throw cmm::bad_text{"the attention kernel is not compiled for " + std::to_string(how.model.group()) +
                        " query heads of " + std::to_string(how.model.head_size) +
                        " elements for each head of keys; give 1, 2, 4 or 8 of 64 or 128"};
  return how;
}

}  // namespace

cuda_model::cuda_model(cuda_backend& on, const options& how, const page_memory& pages)
    : stream_{on.stream()},
      shape_{checked(how).model},
      pages_{pages},
      page_tokens_{how.page},
      most_tokens_{std::max(cuda_graphs::padded(how.batch), how.batch + how.chunk)},
      most_wanted_{cuda_graphs::padded(how.batch)},
      products_{stream_},
      weights_{shape_.weights(), "weights"},
      states_{rows(most_tokens_, shape_.hidden), "states"},
      logits_{rows(most_wanted_, shape_.vocabulary), "logits"},
      normed_{rows(most_tokens_, shape_.hidden), "states"},
      qkv_{rows(most_tokens_, shape_.qkv_width()), "queries"},
      attended_{rows(most_tokens_, shape_.q_width()), "queries"},
      added_{rows(most_tokens_, shape_.hidden), "states"},
      gate_and_up_{rows(most_tokens_, 2 * shape_.ffn), "states"},
      gated_{rows(most_tokens_, shape_.ffn), "states"},
      tokens_{at(most_tokens_)},
      wanted_{at(most_wanted_)},
      table_{rows(pages.table_rows, pages.table_width)},
      drawn_{at(pages.layout->slots())},
      said_{at(most_wanted_)},
      tokens_there_{at(most_tokens_), "tokens"},
      wanted_there_{at(most_wanted_), "tokens"},
      table_there_{rows(pages.table_rows, pages.table_width), "the table of slots"},
      drawn_there_{at(pages.layout->slots()), "the list of drawn pages"},
      said_there_{at(most_wanted_), "tokens"} {
  const float scale = 1.7F / std::sqrt(static_cast<float>(shape_.hidden));
  kernels::fill(weights_.data(), shape_.weights(), how.seed, scale, stream_);
  capture_all(most_wanted_);
}

/// Once for each size, on padding only, before its capture: libraries load what they need.
void cuda_model::capture_all(std::int32_t most) {
  for (std::int32_t size = 1; size <= most; size *= 2) {
    send({}, size);
    compute(size, size);
    check(cudaStreamSynchronize(stream_), "computing padding");
    graphs_.capture(size, stream_, [&] { compute(size, size); });
  }
}

void cuda_model::copy(std::span<const cmm::kv::slot_copy> copies) {
  const std::size_t bytes = pages_.layout->page_bytes();
  for (const cmm::kv::slot_copy& each : copies) {
    check(cudaMemcpyAsync(pages_.base + at(each.to) * bytes, pages_.base + at(each.from) * bytes, bytes,
                          cudaMemcpyDefault, stream_),
          "copying a page");
  }
}

std::span<const next_token> cuda_model::run(const batch& work) {
  const auto tokens = static_cast<std::int32_t>(work.tokens.size());
  const auto wanted = static_cast<std::int32_t>(work.wanted.size());
  draw(work.drawn);
  if (work.decodes()) {
    const std::int32_t padded = cuda_graphs::padded(tokens);
    send(work, padded);
    graphs_.launch(padded, stream_);
  } else {
    send(work, tokens);
    compute(tokens, wanted);
  }
  check(cudaMemcpyAsync(said_.data(), said_there_.data(), at(wanted) * sizeof(next_token),
                        cudaMemcpyDeviceToHost, stream_),
        "fetching the tokens");
  check(cudaStreamSynchronize(stream_), "waiting for a step");
  return said_.all().first(at(wanted));
}

void cuda_model::draw(std::span<const drawn_page> pages) {
  if (pages.empty()) return;
  std::ranges::copy(pages, drawn_.data());
  send_to<drawn_page>(drawn_there_, drawn_.all().first(pages.size()), stream_);
  kernels::draw(drawn_there_.data(), static_cast<int>(pages.size()), pages_.base, pages_.layout->page_bytes(),
                stream_);
}

/// Behind the tokens of the batch come those of padding, whose keys and values go to slot 0.
void cuda_model::send(const batch& work, std::int32_t padded) {
  const std::span tokens = tokens_.all().first(at(padded));
  std::fill(std::ranges::copy(work.tokens, tokens.begin()).out, tokens.end(), token{});
  send_to<token>(tokens_there_, tokens, stream_);
  const std::span wanted = wanted_.all().first(std::min(at(padded), at(most_wanted_)));
  std::fill(std::ranges::copy(work.wanted, wanted.begin()).out, wanted.end(), 0);
  send_to<std::int32_t>(wanted_there_, wanted, stream_);
  send_to<std::int32_t>(table_there_, table_.all(), stream_);
}

void cuda_model::compute(std::int32_t tokens, std::int32_t wanted) {
  const bf16* const embeddings = weights_.data() + at(shape_.layers) * shape_.layer_weights();
  kernels::embed(tokens_there_.data(), tokens, embeddings, states_.data(), shape_.hidden, stream_);
  for (std::int32_t number = 0; number < shape_.layers; ++number) layer(number, tokens);
  if (wanted == 0) return;
  kernels::norm_some(wanted_there_.data(), wanted, states_.data(), added_.data(), normed_.data(),
                     shape_.hidden, stream_);
  products_.multiply(embeddings + rows(shape_.vocabulary, shape_.hidden), normed_.data(), logits_.data(),
                     wanted, shape_.vocabulary, shape_.hidden);
  kernels::choose(logits_.data(), wanted, shape_.vocabulary, said_there_.data(), stream_);
}

/// What the last product of a layer adds to the states is added by the norm that comes next.
void cuda_model::layer(std::int32_t number, std::int32_t tokens) {
  const model_shape& s = shape_;
  const bf16* const qkv = weights_.data() + at(number) * s.layer_weights();
  const bf16* const out = qkv + rows(s.qkv_width(), s.hidden);
  const bf16* const gate_and_up = out + rows(s.hidden, s.q_width());
  const bf16* const down = gate_and_up + rows(2 * s.ffn, s.hidden);
  const kernels::layer_pages pages = pages_of(number);

  kernels::add_and_norm(states_.data(), number == 0 ? nullptr : added_.data(), normed_.data(), tokens,
                        s.hidden, stream_);
  products_.multiply(qkv, normed_.data(), qkv_.data(), tokens, s.qkv_width(), s.hidden);
  kernels::rotate_and_keep(tokens_there_.data(), tokens, qkv_.data(), pages, s, stream_);
  kernels::attend(tokens_there_.data(), tokens, qkv_.data(), pages, {table_there_.data(), pages_.table_width},
                  attended_.data(), s, stream_);
  products_.multiply(out, attended_.data(), added_.data(), tokens, s.hidden, s.q_width());
  kernels::add_and_norm(states_.data(), added_.data(), normed_.data(), tokens, s.hidden, stream_);
  products_.multiply(gate_and_up, normed_.data(), gate_and_up_.data(), tokens, 2 * s.ffn, s.hidden);
  kernels::swiglu(gate_and_up_.data(), gated_.data(), tokens, s.ffn, stream_);
  products_.multiply(down, gated_.data(), added_.data(), tokens, s.hidden, s.ffn);
}

kernels::layer_pages cuda_model::pages_of(std::int32_t layer) const {
  const auto planes = pages_.layout->planes().subspan(2 * at(layer), 2);
  return {pages_.base + planes[0].offset, pages_.base + planes[1].offset, planes[0].stride,
          std::countr_zero(static_cast<std::uint32_t>(page_tokens_))};
}

}  // namespace engine
