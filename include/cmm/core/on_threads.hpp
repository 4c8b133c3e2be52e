#pragma once

#include <pthread.h>

#include <cstddef>
#include <vector>

#include "requirements.hpp"

namespace cmm::detail {

/// Runs a function on several threads at once, this one among them, and returns when all have ended; on fewer
/// where no more can be had. The function gets the number of its thread, 0 for this one, and must not throw.
///
/// By pthreads, because `<thread>` would make everything that includes the library compile a tenth longer.
template <class Function>
void on_threads(int count, const Function& work) {
  static_assert(noexcept(work(0)), "cmm: a function for several threads must not throw");
  struct helper {
    const Function* work;
    int number;
    pthread_t thread;
  };
  constexpr auto entry = +[](void* given) -> void* {
    const helper& own = *static_cast<const helper*>(given);
    (*own.work)(own.number);
    return nullptr;
  };
  std::vector<helper> helpers;
  helpers.reserve(static_cast<std::size_t>(count));  // so that none moves
  for (int number = 1; number < count; ++number) {
    helpers.push_back({&work, number, {}});
    if (::pthread_create(&helpers.back().thread, nullptr, entry, &helpers.back()) != 0) {
      helpers.pop_back();
      break;
    }
  }
  work(0);
  for (const helper& each : helpers) ::pthread_join(each.thread, nullptr);
}

}  // namespace cmm::detail
