#pragma once

#include "../measure/format.hpp"
#include "../measure/suite.hpp"

namespace cmm::bench::bandwidth {

/// Memory that is on the GPU: read, written and copied by a kernel, copied by the copy engine.
template <workload Workload>
void add_on_gpu(suite<Workload>& s, const std::string& memory, auto recipe, const std::string& engine,
                const std::string& op, std::size_t wanted) {
  const std::size_t bytes = s.fitting(wanted);
  s.row(row_name("bandwidth", {{"what", "device"},
                               {"engine", engine},
                               {"op", op},
                               {"memory", memory},
                               {"bytes", format_size(bytes)}}),
        [&s, recipe, engine, op, bytes](sample_sink& sink) {
          const bool copies = op == "copy";
          sink.bytes = copies ? 2 * bytes : bytes;  // a copy reads and writes
          sink.limit = s.limits().published(s.work().peak().hbm, static_cast<double>(sink.bytes),
                                            "GPU memory, by clock and bus width");
          auto allocator = build(recipe, s.api());
          const held one{allocator, bytes, s.work().stream()};
          const held two{allocator, copies ? bytes : 2_MiB, s.work().stream()};
          s.work().write(one.data(), bytes, 0);
          if (copies) s.work().write(two.data(), bytes, 0);
          s.work().synchronize();
          s.repeat(sink, {.few = 5, .most = 25}, [&] {
            return s.work().gpu_time([&] {
              if (op == "read") return s.work().read(one.data(), bytes, 0);
              if (op == "write") return s.work().write(one.data(), bytes, 0);
              if (engine == "sm") return s.work().copy_by_kernel(two.data(), one.data(), bytes);
              s.work().copy(two.data(), one.data(), bytes, s.work().stream());
            });
          });
        });
}

template <workload Workload>
void add_gpu(suite<Workload>& s) {
  for (const char* op : {"read", "write", "copy"}) {
    add_on_gpu(s, "device", device{}, "sm", op, 2_GiB);
    add_on_gpu(s, "managed", managed{} | prefetch{}, "sm", op, 2_GiB);
  }
  add_on_gpu(s, "device", device{}, "copy", "copy", 2_GiB);
  add_on_gpu(s, "managed", managed{} | prefetch{}, "copy", "copy", 2_GiB);
}

}  // namespace cmm::bench::bandwidth
