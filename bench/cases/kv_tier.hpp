#pragma once

#include "kv_tier_pages.hpp"

namespace cmm::bench {
namespace kv_tier {

/// A product with few columns, as of a decode step, or with many, as of a prompt.
template <workload Workload>
class background {
 public:
  background(suite<Workload>& s, std::size_t columns)
      : work_{s.work()},
        shape_{number::bf16, 8192, columns},
        memory_{build(device{}, s.api())},
        block_{memory_, shape_.operand() + shape_.other_operand() + shape_.result(), s.work().stream()} {
    work_.fill_operand(a(), shape_.kind, shape_.elements(), 1);
    work_.fill_operand(b(), shape_.kind, shape_.other_operand() / operand_bytes(shape_.kind), 2);
    run(1);
    one_ = work_.gpu_time([&] { run(8); }) / 8;
  }
  void run(int count) {
    for (int i = 0; i < count; ++i) work_.multiply(shape_, a(), b(), b() + shape_.other_operand());
  }
  /// Products that take so many nanoseconds when nothing runs beside them.
  [[nodiscard]] int that_take(double nanoseconds) const {
    return static_cast<int>(std::clamp(nanoseconds / one_, 1.0, 1000.0));
  }

 private:
  using memory = decltype(build(device{}, std::declval<suite<Workload>&>().api()));
  [[nodiscard]] char* a() const { return block_.data(); }
  [[nodiscard]] char* b() const { return a() + shape_.operand(); }

  Workload& work_;
  product shape_;
  memory memory_;
  held<memory> block_;
  double one_ = 0;
};

template <workload Workload>
void require_products(suite<Workload>& s) {
  if (const std::string why = s.work().why_no(number::bf16); !why.empty()) throw skipped{why};
}

inline std::string name_of(const task& what, const std::string& axis, const std::string& value) {
  std::string name = row_name("kv_tier", {{"way", name_of(what.way)}, {"by", name_of(what.by.what)}});
  if (what.by.what != kv::moved_by::mover::engine) name += "/ctas:" + std::to_string(what.by.ctas);
  return name + "/page:" + format_size(what.page) + "/" + axis + ":" + value;
}

/// Adds a row that uses the memories of all.
template <workload Workload>
void add(suite<Workload>& s, const std::shared_ptr<memories<Workload>>& in, const std::string& name,
         auto measure) {
  in->join();
  s.row(name, [in, measure](sample_sink& sink) {
    const std::shared_ptr<void> left{nullptr, [&](void*) { in->leave(); }};
    measure(sink);
  });
}

/// The time of one run of pages in a stream where nothing else runs.
template <workload Workload>
double moves_alone(suite<Workload>& s, pages<Workload>& moved) {
  Workload& work = s.work();
  moved.draw();
  return work.gpu_time([&] { moved.move(work.other_stream()); }, work.other_stream(), [] {});
}

/// What a sample of a row of moves counts, and what limits it.
template <workload Workload>
void describe(suite<Workload>& s, const task& what, sample_sink& sink) {
  sink.bytes = what.way == kv::direction::swap ? 2 * what.bytes : what.bytes;
  sink.limit = limit_of(s, what);
}

/// Moves in one stream, with nothing in the other: how fast they are.
template <workload Workload>
void add_alone(suite<Workload>& s, const std::shared_ptr<memories<Workload>>& in, const task& what,
               const std::string& axis, const std::string& value) {
  add(s, in, name_of(what, axis, value), [&s, in, what](sample_sink& sink) {
    require_mover(s, what);
    pages<Workload> moved{s, *in, what};
    describe(s, what, sink);
    for (int warm = 0; warm < 2; ++warm) (void)moves_alone(s, moved);
    s.repeat(sink, {.few = 5, .most = 15}, [&] { return moves_alone(s, moved); });
  });
}

/// Moves in one stream, with products in the other: how fast they are.
template <workload Workload>
void add_moves(suite<Workload>& s, const std::shared_ptr<memories<Workload>>& in, const task& what,
               std::size_t columns) {
  add(s, in, name_of(what, "beside", "m" + std::to_string(columns)),
      [&s, in, what, columns](sample_sink& sink) {
        require_mover(s, what);
        require_products(s);
        Workload& work = s.work();
        pages<Workload> moved{s, *in, what};
        describe(s, what, sink);
        (void)moves_alone(s, moved);
        const double once = moves_alone(s, moved);
        const auto move = [&] { moved.move(work.other_stream()); };
        background<Workload> products{s, columns};
        const int covering = products.that_take(3 * once);
        s.repeat(sink, {.few = 5, .most = 15}, [&] {
          moved.draw();
          const double time = work.gpu_time(move, work.other_stream(), [&] { products.run(covering); });
          work.synchronize();
          return time;
        });
      });
}

/// Moves of pages that lie anywhere in a range of this size, of which a GPU's tables of addresses hold a
/// part.
template <workload Workload>
void add_range(suite<Workload>& s, range_size size) {
  using mover = kv::moved_by::mover;
  const auto in = std::make_shared<memories<Workload>>(s, size, memory_kind::one_range);
  const std::string name = format_size(size.fast) + "+" + format_size(size.beyond);
  const std::size_t moved = std::min(256_MiB, std::min(size.fast, size.beyond));
  for (const kv::direction way : {kv::direction::up, kv::direction::down, kv::direction::swap}) {
    for (const std::size_t page : {16_KiB, 32_KiB, 64_KiB, 256_KiB, 2_MiB}) {
      for (const kv::moved_by by : std::initializer_list<kv::moved_by>{{mover::registers, 4},
                                                                       {mover::registers, 8},
                                                                       {mover::ring, 2},
                                                                       {mover::ring, 4},
                                                                       {mover::engine, 0}}) {
        add_alone(s, in, {way, by, page, moved}, "range", name);
      }
    }
  }
}

/// Products in one stream with moves in the other: how much they are slowed, against products alone.
template <workload Workload>
void add_product(suite<Workload>& s, const std::shared_ptr<memories<Workload>>& in, const task& what,
                 std::size_t columns) {
  add(s, in, name_of(what, "product", "m" + std::to_string(columns)),
      [&s, in, what, columns](sample_sink& sink) {
        require_mover(s, what);
        require_products(s);
        Workload& work = s.work();
        pages<Workload> moved{s, *in, what};
        background<Workload> products{s, columns};
        moved.draw();
        (void)work.gpu_time([&] { moved.move(work.other_stream()); }, work.other_stream(), [] {});
        const double once =
            work.gpu_time([&] { moved.move(work.other_stream()); }, work.other_stream(), [] {});
        constexpr double long_enough = 5e6;
        const int count = products.that_take(long_enough);
        const auto run = [&] { products.run(count); };
        const int covering = 1 + static_cast<int>(2 * work.gpu_time(run) / once);
        s.repeat(sink, {.few = 5, .most = 15}, [&] {
          sink.reference.push_back(work.gpu_time(run) / count);
          moved.draw();
          const double time = work.gpu_time(run, work.stream(), [&] {
            for (int i = 0; i < covering; ++i) moved.move(work.other_stream());
          });
          work.synchronize();
          return time / count;
        });
        std::vector<double> alone = sink.reference;
        std::nth_element(alone.begin(), alone.begin() + static_cast<std::ptrdiff_t>(alone.size() / 2),
                         alone.end());
        sink.limit = {alone[alone.size() / 2], "the product alone", false};
      });
}

/// What a step costs the CPU: the moves of a few pages are put into a stream.
template <workload Workload>
void add_step(suite<Workload>& s, const std::shared_ptr<memories<Workload>>& in, const task& what) {
  add(s, in, name_of(what, "cpu", std::to_string(what.bytes / what.page) + "pages"),
      [&s, in, what](sample_sink& sink) {
        Workload& work = s.work();
        pages<Workload> moved{s, *in, what};
        sink.limit = s.limits().enqueue();
        const auto step = [&] {
          moved.draw();
          const double begin = work.now();
          moved.move(work.stream());
          const double time = work.now() - begin;
          work.synchronize();
          return time;
        };
        for (int i = 0; i < 32; ++i) (void)step();
        s.repeat(sink, {.few = 25, .most = 201}, step);
      });
}

}  // namespace kv_tier

/// Pages of a KV cache that move between host memory and HBM: by which mover, how many thread blocks, page
/// size and direction, alone and beside a product, each against what the link gives a kernel; and what a step
/// costs.
template <workload Workload>
void add_kv_tier(suite<Workload>& s) {
  using kv::direction;
  using mover = kv::moved_by::mover;
  if (s.work().one_memory()) return;
  const std::size_t moved = s.quick() ? 128_MiB : 256_MiB;
  const range_size room = s.quick() ? range_size{512_MiB, 1_GiB} : range_size{1_GiB, 4_GiB};
  const auto in = std::make_shared<kv_tier::memories<Workload>>(s, room);
  const std::vector<std::size_t> sizes =
      s.quick() ? std::vector{16_KiB, 64_KiB, 2_MiB} : std::vector{16_KiB, 32_KiB, 64_KiB, 256_KiB, 2_MiB};
  const std::vector<unsigned> few = s.quick() ? std::vector{1U, 2U} : std::vector{1U, 2U, 4U};
  const std::vector<std::size_t> products =
      s.quick() ? std::vector<std::size_t>{16} : std::vector<std::size_t>{16, 256, 8192};
  for (const direction way : {direction::up, direction::down, direction::swap}) {
    for (const std::size_t page : sizes) {
      for (const unsigned ctas : {1U, 2U, 4U, 8U, 16U}) {
        for (const mover by : {mover::registers, mover::ring}) {
          kv_tier::add_alone(s, in, {way, {by, ctas}, page, moved}, "beside", "nothing");
        }
      }
      kv_tier::add_alone(s, in, {way, {mover::engine, 0}, page, moved}, "beside", "nothing");
    }
    const bool both_sizes = !s.quick() && way != direction::swap;
    for (const std::size_t page : both_sizes ? std::vector{16_KiB, 64_KiB} : std::vector{64_KiB}) {
      for (const std::size_t columns : products) {
        const auto both = [&](kv::moved_by by) {
          kv_tier::add_moves(s, in, {way, by, page, moved}, columns);
          kv_tier::add_product(s, in, {way, by, page, moved}, columns);
        };
        for (const unsigned ctas : few) {
          both({mover::registers, ctas});
          both({mover::ring, ctas});
        }
        both({mover::engine, 0});
      }
    }
  }
  for (const std::size_t count : {1, 8, 64}) {
    kv_tier::add_step(s, in, {direction::up, {mover::registers, 4}, 64_KiB, count * 64_KiB});
  }
  for (const range_size each : s.wanted().kv_ranges) kv_tier::add_range(s, each);
}

}  // namespace cmm::bench
