// A batch of sequences of which the first gets a page in each step, so that the pages of all others stand
// elsewhere in FlashInfer's arrays. usage: kv_view PAGES STEPS, with so many pages in each of 64 sequences
#include <cmm/kv.hpp>
#include <cstdint>
#include <cstdlib>
#include <vector>

int main(int, char** arguments) {
  using namespace cmm;
  constexpr std::int32_t batch = 64;
  const std::int32_t pages = std::atoi(arguments[1]), steps = std::atoi(arguments[2]);
  const std::int32_t slots = batch * pages + steps + 2;
  kv::cache<kv::fixed> cache{kv::layout{{{0, 64, 64}}, slots},
                             slots,
                             {.tokens = 1, .sequences = batch, .pages_per_sequence = pages + steps}};
  std::vector<std::int32_t> indices(static_cast<std::size_t>(slots)), indptr(batch + 1), last(batch);
  kv::paged_batch view{indices, indptr, last};
  std::vector<kv::sequence> all;
  for (std::int32_t i = 0; i < batch; ++i) {
    all.push_back(cache.start());
    if (!cache.append(all.back(), pages)) return 1;
  }
  for (std::int32_t step = 0; step < steps; ++step) {
    if (!cache.append(all.front(), 1)) return 1;
    cache.prepare();
    view.update(cache, all);
  }
  return indptr.back() == batch * pages + steps ? 0 : 1;
}
