#pragma once

#include <exception>
#include <new>
#include <stdexcept>
#include <string>

#include "../source/range_errors.hpp"
#include "abi.hpp"

namespace cmm::python {

/// The last failure of this thread.
inline std::string& last_error() {
  thread_local std::string text;
  return text;
}

namespace detail {

inline int failed(int answer, const char* why) noexcept {
  try {
    last_error() = why;
  } catch (const std::bad_alloc&) {
    last_error().clear();
  }
  return answer;
}

}  // namespace detail

/// Runs a body for a caller that takes a `cmm_kv_answer`; no exception goes further.
int answer(auto&& body) noexcept {
  try {
    body();
    return cmm_kv_done;
  } catch (const std::invalid_argument& wrong) {
    return detail::failed(cmm_kv_bad_input, wrong.what());
  } catch (const cuda_error& error) {
    const bool full = status{error.code(), error.call()}.out_of_memory();
    return detail::failed(full ? cmm_kv_memory_full : cmm_kv_failed, error.what());
  } catch (const std::bad_alloc&) {
    return detail::failed(cmm_kv_memory_full,
                          "the memory of the process ran out; take fewer pages, or give it more memory");
  } catch (const std::exception& error) {
    return detail::failed(cmm_kv_failed, error.what());
  } catch (...) {
    return detail::failed(cmm_kv_failed, "an exception of an unknown kind was thrown");
  }
}

}  // namespace cmm::python
