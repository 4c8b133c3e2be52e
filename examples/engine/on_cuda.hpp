#pragma once

#include <string>

#include "options/options.hpp"

namespace engine {

/// Why no GPU can be used, or nothing.
std::string why_no_gpu();

/// As `run`, on the GPU.
int run_on_cuda(const options& how);

}  // namespace engine
