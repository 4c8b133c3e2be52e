#pragma once

#include <string>

namespace cmm::bench {

/// What the maker or a standard promises of a machine, 0 where it is unknown; results are held against it.
struct peaks {
  double hbm = 0;   ///< GPU memory, GB/s (bytes in a nanosecond)
  double link = 0;  ///< between CPU and GPU, GB/s one way: of the link, or of host memory where it is less
  double link_both = 0;  ///< both ways together, likewise
  double bf16 = 0;       ///< dense matrix products, FLOP in a nanosecond
  double fp8 = 0;        ///< dense matrix products, FLOP in a nanosecond
  double fp32 = 0;       ///< without tensor cores, FLOP in a nanosecond
};

/// What joins a GPU to another one. The rate is what it carries at best in each direction, GB/s; 0 where it
/// is unknown.
struct peer_link {
  double rate = 0;
  std::string name;  ///< such as "NVLink, 18 links of 25 GB/s"
};

}  // namespace cmm::bench
