#pragma once

#include <pthread.h>

#include <cstddef>
#include <vector>

#include "requirements.hpp"

namespace cmm::detail {

/// Runs a function on several threads at once, this one among them, and returns when all have ended; on fewer
/// where no more can be had. The function must not throw.
///
/// By pthreads, because `<thread>` would make everything that includes the library compile a tenth longer.
template <class Function>
void on_threads(int count, const Function& work) {
  static_assert(noexcept(work()), "cmm: a function for several threads must not throw");
  constexpr auto entry = +[](void* function) -> void* {
    (*static_cast<const Function*>(function))();
    return nullptr;
  };
  std::vector<pthread_t> helpers;
  helpers.reserve(static_cast<std::size_t>(count));
  for (int helper = 1; helper < count; ++helper) {
    pthread_t made{};
    if (::pthread_create(&made, nullptr, entry, const_cast<Function*>(&work)) != 0) break;
    helpers.push_back(made);
  }
  work();
  for (const pthread_t helper : helpers) ::pthread_join(helper, nullptr);
}

}  // namespace cmm::detail
