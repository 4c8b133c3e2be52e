#pragma once

#include <cmm/platform/answers.hpp>
#include <cmm/platform/description.hpp>
#include <cstddef>

namespace cmm::probe {

/// What CUDA and NVML answer on this machine, or why they do not.
platform::answers ask_this_machine();

/// Allocates up to `bytes` at once in each tier, touches it with the GPU, and turns what it saw into verified
/// facts. Throws `bad_text` where there is no GPU.
void verify_this_machine(platform::description& known, std::size_t bytes);

}  // namespace cmm::probe
