#include "on_cuda.hpp"

#include <stdexcept>

namespace engine {

std::string why_no_gpu() { return "this engine was built without nvcc or cuBLAS"; }

int run_on_cuda(const options&) { throw std::logic_error{why_no_gpu()}; }

}  // namespace engine
