#pragma once

#include <string>

#include "../measure/options.hpp"

namespace cmm::bench {

/// Why no GPU can be used; empty when one answers.
std::string why_no_gpu();

/// Runs on all GPUs that this process sees. Returns the exit code of the process.
int run_on_cuda(const options& wanted);

}  // namespace cmm::bench
