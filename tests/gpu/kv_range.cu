#include <cmm/core/units.hpp>
#include <cmm/cuda/page_copier.hpp>
#include <cmm/kv/mover.hpp>
#include <cmm/kv/range.hpp>
#include <cstdlib>
#include <numeric>
#include <random>
#include <string>

#include "tiered_world.cuh"

namespace {

constexpr std::size_t page = 1_MiB;

/// What the parts of the range hold: `CMM_GPU_RANGE=8GiB+48GiB`, HBM first, or little.
std::pair<std::int32_t, std::int32_t> wanted_slots() {
  const char* const asked = std::getenv("CMM_GPU_RANGE");
  const std::string text = asked == nullptr ? "256MiB+1GiB" : asked;
  const std::size_t plus = text.find('+');
  BOOST_REQUIRE_MESSAGE(plus != std::string::npos, "CMM_GPU_RANGE is " + text + "; write 8GiB+48GiB");
  const auto slots = [](const std::string& part) {
    return static_cast<std::int32_t>(parse_size(part) / page);
  };
  return {slots(text.substr(0, plus)), slots(text.substr(plus + 1))};
}

/// Slot `i` gets the words of the tag `tags[i]`.
__global__ void write_pages(unsigned* words, const unsigned* tags) {
  unsigned* const mine = words + blockIdx.x * (page / 4);
  for (std::size_t i = threadIdx.x; i < page / 4; i += blockDim.x) mine[i] = word_of(i, tags[blockIdx.x]);
}

__global__ void count_wrong_pages(const unsigned* words, const unsigned* tags, unsigned long long* wrong) {
  const unsigned* const mine = words + blockIdx.x * (page / 4);
  bool right = true;
  for (std::size_t i = threadIdx.x; i < page / 4; i += blockDim.x) {
    right = right && mine[i] == word_of(i, tags[blockIdx.x]);
  }
  if (__syncthreads_count(right ? 0 : 1) != 0 && threadIdx.x == 0) atomicAdd(wrong, 1);
}

/// A range whose slots have tags, and what each slot should hold by now.
struct tagged_range : world {
  tagged_range() : tagged_range{wanted_slots()} {}
  explicit tagged_range(std::pair<std::int32_t, std::int32_t> slots)
      : fast{slots.first},
        beyond{slots.second},
        range{api, {{{0, page, page}}, fast + beyond}, {.fast = fast, .how = {.device = home}}},
        tags(static_cast<std::size_t>(fast + beyond)) {
    std::iota(tags.begin(), tags.end(), 1U);
    const auto here = api.enter(home);
    require(cudaMalloc(&on_gpu, tags.size() * sizeof(unsigned)));
    write_pages<<<static_cast<unsigned>(tags.size()), threads, 0, stream>>>(words(), sent());
    require(cudaGetLastError());
  }
  ~tagged_range() { static_cast<void>(cudaFree(on_gpu)); }

  [[nodiscard]] unsigned* words() const { return reinterpret_cast<unsigned*>(range.data()); }
  const unsigned* sent() {
    require(cudaMemcpyAsync(on_gpu, tags.data(), tags.size() * sizeof(unsigned), cudaMemcpyDefault, stream));
    return on_gpu;
  }
  unsigned long long wrong_pages() {
    const auto here = api.enter(home);
    require(cudaStreamSynchronize(stream));
    *wrong = 0;
    count_wrong_pages<<<static_cast<unsigned>(tags.size()), threads, 0, stream>>>(words(), sent(), wrong);
    require(cudaGetLastError());
    require(cudaStreamSynchronize(stream));
    return *wrong;
  }
  /// All slots of HBM in some order, each with a slot anywhere beyond it.
  std::vector<kv::slot_pair> scattered() {
    std::vector<std::int32_t> here(static_cast<std::size_t>(fast));
    std::vector<std::int32_t> there(static_cast<std::size_t>(beyond));
    std::iota(here.begin(), here.end(), 0);
    std::iota(there.begin(), there.end(), fast);
    std::shuffle(here.begin(), here.end(), random);
    std::shuffle(there.begin(), there.end(), random);
    std::vector<kv::slot_pair> pairs;
    for (std::size_t i = 0; i < std::min(here.size(), there.size()); ++i)
      pairs.push_back({here[i], there[i]});
    return pairs;
  }
  unsigned& tag_of(std::int32_t slot) { return tags[static_cast<std::size_t>(slot)]; }

  std::int32_t fast;
  std::int32_t beyond;
  kv::range<cuda::api> range;
  std::vector<unsigned> tags;
  unsigned* on_gpu = nullptr;
  std::minstd_rand random{1};
};

}  // namespace

BOOST_AUTO_TEST_SUITE(gpu_kv_range)

BOOST_FIXTURE_TEST_CASE(what_is_copied_to_a_window_is_read_by_every_piece_that_shows_it, world) {
  constexpr std::int32_t kept = 61, fast = 7, slots = kept + 13;  // so that windows begin at the same slot
  const auto piece_at = [](std::size_t i) { return kv::piece{i * slots * page, page, page}; };
  kv::range_plan how{.fast = fast, .how = {.device = home}};
  how.staging = {kept, 8_MiB, {0, 0}};
  kv::range<cuda::api> range{api, {{piece_at(0), piece_at(1)}, slots}, how};
  const auto [first, count] = range.staged();
  BOOST_REQUIRE_GE(count, 6);
  const auto here = api.enter(home);
  const auto slot = [&](std::size_t piece, std::int32_t at) {
    return reinterpret_cast<unsigned*>(range.data() + piece_at(piece).offset +
                                       static_cast<std::size_t>(at) * page);
  };
  std::vector<unsigned> tags(static_cast<std::size_t>(count));
  unsigned* on_gpu = nullptr;
  require(cudaMalloc(&on_gpu, tags.size() * sizeof(unsigned)));
  for (const unsigned round : {1U, 100U}) {  // written by the one, read by the other, and again
    std::iota(tags.begin(), tags.end(), round);
    require(cudaMemcpyAsync(on_gpu, tags.data(), tags.size() * sizeof(unsigned), cudaMemcpyDefault, stream));
    write_pages<<<static_cast<unsigned>(count), threads, 0, stream>>>(slot(0, kept - count), on_gpu);
    for (std::int32_t at = 0; at < count; ++at) {
      require(cudaMemcpyAsync(slot(round % 2, first + at), slot(0, kept - count + at), page,
                              cudaMemcpyDefault, stream));
    }
    for (const std::size_t piece : {0U, 1U}) {
      require(cudaStreamSynchronize(stream));
      *wrong = 0;
      count_wrong_pages<<<static_cast<unsigned>(count), threads, 0, stream>>>(slot(piece, first), on_gpu,
                                                                              wrong);
      require(cudaGetLastError());
      require(cudaStreamSynchronize(stream));
      BOOST_CHECK_EQUAL(*wrong, 0U);
    }
  }
  require(cudaFree(on_gpu));
}

BOOST_FIXTURE_TEST_CASE(all_of_a_range_is_filled_moved_and_right, tagged_range) {
  BOOST_CHECK_EQUAL(wrong_pages(), 0U);
  cuda::page_copier copier{home};
  const kv::piece whole{0, page, page};
  kv::mover mover{copier, kv::page_places::of_range(range.data(), fast, fast + beyond), std::span{&whole, 1}};
  for (const kv::direction way : {kv::direction::up, kv::direction::swap, kv::direction::down}) {
    const std::vector<kv::slot_pair> pairs = scattered();
    for (const kv::slot_pair& each : pairs) {
      if (way == kv::direction::swap) std::swap(tag_of(each.fast), tag_of(each.beyond));
      if (way == kv::direction::up) tag_of(each.fast) = tag_of(each.beyond);
      if (way == kv::direction::down) tag_of(each.beyond) = tag_of(each.fast);
    }
    BOOST_CHECK_NE(wrong_pages(), 0U);  // not moved yet
    kv::plan plan;
    (way == kv::direction::up ? plan.up : way == kv::direction::down ? plan.down : plan.swap) = pairs;
    const auto here = api.enter(home);
    mover.run(plan, stream);
    BOOST_CHECK_EQUAL(wrong_pages(), 0U);
  }
  BOOST_TEST_MESSAGE("filled, moved and checked: " + size_in_full(static_cast<std::size_t>(fast) * page) +
                     " of HBM and " + size_in_full(static_cast<std::size_t>(beyond) * page) + " beyond, in " +
                     range.text());
}

BOOST_AUTO_TEST_SUITE_END()
