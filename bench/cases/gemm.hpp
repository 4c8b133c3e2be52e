#pragma once

#include "../baselines/baselines.hpp"
#include "../measure/format.hpp"
#include "../measure/statistics.hpp"
#include "host_memory.hpp"

namespace cmm::bench {
namespace gemm {

/// The three matrices of a product, in one block of memory.
struct matrices {
  char* a = nullptr;
  char* b = nullptr;
  char* c = nullptr;

  matrices(const product& shape, char* block) : a{block}, b{a + shape.operand()}, c{b + shape.operand()} {}
  static std::size_t bytes(const product& shape) { return 2 * shape.operand() + shape.result(); }
};

/// Operands and result in memory of `cudaMalloc`: what every other placement is held against.
template <workload Workload>
class reference {
 public:
  reference(suite<Workload>& s, const product& shape)
      : suite_{s},
        shape_{shape},
        memory_{build(device{}, s.api())},
        block_{memory_, matrices::bytes(shape), s.work().stream()},
        in_{shape, block_.data()} {
    s.work().fill_operand(in_.a, shape.kind, shape.elements(), 1);
    s.work().fill_operand(in_.b, shape.kind, shape.elements(), 2);
    (void)time(1);
    const double one = time(1);
    constexpr double long_enough = 2e6;
    batch_ = static_cast<int>(std::clamp(long_enough / one, 1.0, 64.0));
  }

  /// Nanoseconds of one product in steady state.
  double time() { return time(batch_); }
  [[nodiscard]] int batch() const noexcept { return batch_; }
  [[nodiscard]] const matrices& in() const noexcept { return in_; }

  /// Throws unless the result is, bit for bit, that of this product.
  void check(const char* result) {
    if (!suite_.work().same_product(in_.c, result, shape_.result())) {
      throw std::runtime_error{"the product differs from that of cudaMalloc memory"};
    }
  }

 private:
  double time(int count) {
    return suite_.work().gpu_time([&] {
      for (int i = 0; i < count; ++i) suite_.work().multiply(shape_, in_.a, in_.b, in_.c);
    }) / count;
  }

  using memory = decltype(build(device{}, std::declval<suite<Workload>&>().api()));
  suite<Workload>& suite_;
  product shape_;
  memory memory_;
  held<memory> block_;
  matrices in_;
  int batch_ = 1;
};

/// Throws `skipped` where the GPU has no products of this type.
template <workload Workload>
void require_type(suite<Workload>& s, number kind) {
  const std::string reason = s.work().why_no(kind);
  if (!reason.empty()) throw skipped{reason};
}

enum class call : unsigned char { first, steady };

/// Products of matrices that a recipe allocates and a copy fills, as an engine loads weights; `settle` then
/// puts the pages where the case wants them.
template <workload Workload>
void measure(suite<Workload>& s, sample_sink& sink, const product& shape, auto recipe, auto settle,
             call which) {
  require_type(s, shape.kind);
  reference<Workload> base{s, shape};
  sink.flops = shape.flops();
  sink.bytes = 0;
  sink.limit = {base.time(), "the same product on cudaMalloc memory", false};
  const auto load = [&](const matrices& m) {
    s.work().copy(m.a, base.in().a, 2 * shape.operand(), s.work().stream());
    settle(m.a, matrices::bytes(shape));
    s.work().synchronize();
  };
  auto memory = build(recipe, s.api());
  const auto multiply = [&](const matrices& m, int count) {
    for (int i = 0; i < count; ++i) s.work().multiply(shape, m.a, m.b, m.c);
  };
  if (which == call::first) {
    s.repeat(sink, {.few = 3, .most = 9}, [&] {
      const held block{memory, matrices::bytes(shape), s.work().stream()};
      const matrices m{shape, block.data()};
      load(m);
      const double time = s.work().gpu_time([&] { multiply(m, 1); });
      base.check(m.c);
      return time;
    });
    return;
  }
  const held block{memory, matrices::bytes(shape), s.work().stream()};
  const matrices m{shape, block.data()};
  load(m);
  multiply(m, 1);
  s.work().synchronize();
  const double one = s.work().gpu_time([&] { multiply(m, 1); });
  const bool far_slower = one > 4 * base.batch() * sink.limit.nanoseconds;
  const int batch = far_slower ? 1 : base.batch();  // as for the reference, so that launches weigh the same
  s.repeat(sink, {.few = 5, .most = 41}, [&] {
    sink.reference.push_back(base.time());
    return s.work().gpu_time([&] { multiply(m, batch); }) / batch;
  });
  sink.limit.nanoseconds = median_of(sink.reference);  // taken in turn, it knows the same clocks
  base.check(m.c);
}

/// The product on cudaMalloc memory itself, against the arithmetic rate of the GPU.
template <workload Workload>
void add_device(suite<Workload>& s, const std::string& name, const product& shape) {
  s.row(name, [&s, shape](sample_sink& sink) {
    require_type(s, shape.kind);
    const peaks most = s.work().peak();
    const double rate = shape.kind == number::bf16  ? most.bf16
                        : shape.kind == number::fp8 ? most.fp8
                                                    : most.fp32;
    sink.flops = shape.flops();
    sink.limit = s.limits().published(rate, shape.flops(), "arithmetic, at the highest clock");
    reference<Workload> base{s, shape};
    s.repeat(sink, {.few = 5, .most = 41}, [&] { return base.time(); });
  });
}

template <workload Workload>
void add(suite<Workload>& s, const product& shape, const std::string& operands, auto recipe, auto settle,
         call which) {
  s.row(row_name("gemm", {{"type", name_of(shape.kind)},
                          {"n", std::to_string(shape.n)},
                          {"operands", operands},
                          {"call", which == call::first ? "first" : "steady"}}),
        [&s, shape, recipe, settle, which](sample_sink& sink) {
          if (matrices::bytes(shape) > s.budget().bytes() / 2) {
            throw skipped{"its matrices need " + size_in_full(matrices::bytes(shape)) +
                          " of managed memory; see --max-managed"};
          }
          require_placement(s);
          measure(s, sink, shape, recipe, settle, which);
        });
}

}  // namespace gemm

/// Matrix products over types and sizes, by where their matrices are: the first call and the steady state.
template <workload Workload>
void add_gemm(suite<Workload>& s) {
  using gemm::call;
  Workload& work = s.work();
  const auto stay = [](char*, std::size_t) {};
  const auto move_to = [&work](location where) {
    return [&work, where](char* data, std::size_t bytes) {
      detail::check(work.api().prefetch(data, bytes, where, work.stream()), "moving matrices");
    };
  };
  const auto resident = move_to(s.gpu());
  const auto cold = move_to(location::host());
  const std::vector<std::size_t> sizes = s.quick() ? std::vector<std::size_t>{2048, 4096}
                                                   : std::vector<std::size_t>{1024, 2048, 4096, 8192, 16384};
  const std::vector<std::size_t> placed =
      s.quick() ? std::vector<std::size_t>{2048} : std::vector<std::size_t>{2048, 8192};
  for (const number kind : {number::bf16, number::fp8, number::fp32}) {
    for (const std::size_t n : sizes) {
      gemm::add_device(s,
                       row_name("gemm", {{"type", name_of(kind)},
                                         {"n", std::to_string(n)},
                                         {"operands", "device"},
                                         {"call", "steady"}}),
                       {kind, n});
      gemm::add(s, {kind, n}, "managed_resident", managed{}, resident, call::steady);
    }
    for (const std::size_t n : placed) {
      const product shape{kind, n};
      gemm::add(s, shape, "managed_cold", managed{}, cold, call::first);
      gemm::add(s, shape, "managed_remote", managed{} | prefer{location::host()} | accessed_by{s.gpu()}, cold,
                call::steady);
      gemm::add(s, shape, "driver_managed_pool", managed_pool{}, stay,
                call::steady);  // it keeps pages: no first call
      for (const call which : {call::first, call::steady}) {
        gemm::add(s, shape, "none", managed{}, stay, which);
        gemm::add(s, shape, "advise_only", managed{} | advise_only{}, stay, which);
        gemm::add(s, shape, "always_prefetch", managed{} | always_prefetch{}, stay, which);
        gemm::add(s, shape, "threshold_prefetch", managed{} | threshold_prefetch{}, stay, which);
        gemm::add(s, shape, "egm_numa", managed{} | egm_numa{}, stay, which);
        gemm::add(s, shape, "predecessor", managed{} | baseline::predecessor_policy{}, stay, which);
      }
    }
  }
}

}  // namespace cmm::bench
