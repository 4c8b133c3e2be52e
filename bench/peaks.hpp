#pragma once

namespace cmm::bench {

/// What the maker or a standard promises of a machine, 0 where it is unknown; results are held against it.
struct peaks {
  double hbm = 0;        ///< GPU memory, GB/s (bytes in a nanosecond)
  double link = 0;       ///< between CPU and GPU, GB/s for each direction
  double link_both = 0;  ///< both directions together, GB/s
  double bf16 = 0;       ///< dense matrix products, FLOP in a nanosecond
  double fp8 = 0;        ///< dense matrix products, FLOP in a nanosecond
  double fp32 = 0;       ///< without tensor cores, FLOP in a nanosecond
};

}  // namespace cmm::bench
