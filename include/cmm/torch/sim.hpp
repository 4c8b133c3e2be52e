#pragma once

/// An allocator library over a simulated machine: `CMM_TORCH_ALLOCATOR_ON(cmm::torch::on_sim{"gh200-480"},
/// managed{} | pool{})`. Needs no CUDA toolkit.

#include "adapter.hpp"
#include "exports.hpp"
#include "on_sim.hpp"
