#ifndef CMM_PROBE_CUDA

#include <cmm/core/error.hpp>

#include "this_machine.hpp"

namespace cmm::probe {

platform::answers ask_this_machine() {
  return platform::answers_without_cuda("this probe was built without a CUDA toolkit");
}

void verify_this_machine(platform::description&, std::size_t) {
  throw bad_text{
      "--verify needs CUDA, and this probe was built without a toolkit; install one and build again"};
}

}  // namespace cmm::probe

#endif
