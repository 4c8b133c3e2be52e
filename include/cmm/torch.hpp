#pragma once

/// An allocator library for PyTorch: `CMM_TORCH_ALLOCATOR(managed{} | threshold_prefetch{} | pool{})` in its
/// one source file. Needs CUDA 13. `tools/adapter` writes and builds such a file from a recipe's text.

#include "core/requirements.hpp"

#include "torch/adapter.hpp"
#include "torch/exports.hpp"
#include "torch/on_cuda.hpp"

#define CMM_TORCH_ALLOCATOR(...) CMM_TORCH_ALLOCATOR_ON(cmm::torch::on_cuda{}, __VA_ARGS__)
