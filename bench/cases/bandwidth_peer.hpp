#pragma once

#include "../measure/format.hpp"
#include "../measure/suite.hpp"

namespace cmm::bench::bandwidth {

/// A way between the memories of two GPUs, seen from the one that works.
struct peer_route {
  const char* what;    ///< peer_from, peer_to or peer_both
  const char* engine;  ///< copy or sm
  const char* op;      ///< read, write or copy; what a kernel does, "copy" for the copy engine

  [[nodiscard]] bool by_kernel() const { return std::string_view{engine} == "sm"; }
  [[nodiscard]] bool two_ways() const { return std::string_view{what} == "peer_both"; }
};

/// Memory of another GPU, for as long as a case needs it; the case's own GPU stays current.
template <workload Workload>
class peer_memory {
 public:
  peer_memory(Workload& work, int other, std::size_t bytes) : work_{work} {
    auto api = work.api();
    const auto on_other = api.enter(other);
    detail::check(on_other.result(), "using the other GPU");
    const status taken = api.allocate_device(data_, bytes);
    if (taken.out_of_memory()) throw ran_out{bytes, size_in_full(bytes)};
    detail::check(taken, "taking memory of the other GPU");
  }
  ~peer_memory() {
    if (!work_.api().free(data_).ok()) detail::say("memory of the other GPU was not freed");
  }
  peer_memory(const peer_memory&) = delete;
  peer_memory& operator=(const peer_memory&) = delete;

  [[nodiscard]] char* data() const noexcept { return static_cast<char*>(data_); }

 private:
  Workload& work_;
  void* data_ = nullptr;
};

/// Puts the work of one sample into the streams: `bytes` each way.
template <workload Workload>
void cross_to_peer(Workload& work, const peer_route& way, char* here, char* there, std::size_t bytes) {
  const std::string_view op = way.op;
  if (way.two_ways()) {
    if (way.by_kernel()) {
      return work.exchange_by_kernel({here, there, bytes}, {there + bytes, here + bytes, bytes});
    }
    work.copy(here, there, bytes, work.stream());
    return work.copy(there + bytes, here + bytes, bytes, work.other_stream());
  }
  if (op == "read") return work.read(there, bytes, 0);
  if (op == "write") return work.write(there, bytes, 0);
  const bool from = std::string_view{way.what} == "peer_from";
  char* const to = from ? here : there;
  const char* const source = from ? there : here;
  if (way.by_kernel()) return work.copy_by_kernel(to, source, bytes);
  work.copy(to, source, bytes, work.stream());
}

template <workload Workload>
bound peer_limit(suite<Workload>& s, const peer_route& way, int other, bool direct, std::size_t bytes) {
  const peer_link link = s.work().joined_to(other);
  const double rate = way.two_ways() ? 2 * link.rate : link.rate;
  return s.limits().published(rate, static_cast<double>(bytes),
                              link.name + (way.two_ways() ? ", both ways" : ", one way") +
                                  (direct ? "" : "; the GPUs do not reach each other"));
}

template <workload Workload>
void add_peer_route(suite<Workload>& s, const peer_route& way, int other) {
  constexpr std::size_t bytes = 256_MiB;
  s.row(row_name("bandwidth", {{"what", way.what},
                               {"engine", way.engine},
                               {"op", way.op},
                               {"memory", "device"},
                               {"peer", std::to_string(other)},
                               {"bytes", format_size(bytes)}}),
        [&s, way, other](sample_sink& sink) {
          if (s.work().devices() < 2) throw skipped{"there is one GPU, and this row needs two"};
          const bool direct = s.work().connect(other);
          if (!direct && way.by_kernel()) {
            throw skipped{"its kernels cannot use the memory of GPU " + std::to_string(other)};
          }
          sink.bytes = way.two_ways() ? 2 * bytes : bytes;
          sink.limit = peer_limit(s, way, other, direct, sink.bytes);
          auto memory = build(device{}, s.api());
          const held here{memory, sink.bytes, s.work().stream()};
          const peer_memory there{s.work(), other, sink.bytes};
          const auto once = [&] { cross_to_peer(s.work(), way, here.data(), there.data(), bytes); };
          (void)elapsed(s.work(), once);
          s.repeat(sink, {.few = 5, .most = 25},
                   [&] { return way.two_ways() ? elapsed(s.work(), once) : s.work().gpu_time(once); });
        });
}

/// Memory of other GPUs: copied and used by kernels, to and from this one's and both ways at once.
template <workload Workload>
void add_peers(suite<Workload>& s) {
  constexpr peer_route ways[] = {{"peer_from", "copy", "copy"}, {"peer_to", "copy", "copy"},
                                 {"peer_both", "copy", "copy"}, {"peer_from", "sm", "read"},
                                 {"peer_to", "sm", "write"},    {"peer_from", "sm", "copy"},
                                 {"peer_to", "sm", "copy"},     {"peer_both", "sm", "copy"}};
  const int here = s.work().device();
  const int last = std::max(s.work().devices(), 2);  // of a single GPU, rows that say what they need
  for (int other = 0; other < last; ++other) {
    for (const peer_route& way : ways) {
      if (other != here) add_peer_route(s, way, other);
    }
  }
}

}  // namespace cmm::bench::bandwidth
