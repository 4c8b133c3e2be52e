#pragma once

#include <optional>
#include <string>
#include <utility>

#include "../core/requirements.hpp"

namespace cmm::platform {

/// How a fact is known: tried out here, told by the driver or the kernel, concluded from such answers, or
/// not.
enum class certainty : unsigned char { verified, reported, inferred, unknown };

/// In one word, as it is printed.
constexpr const char* to_text(certainty how) noexcept {
  switch (how) {
    case certainty::verified: return "verified";
    case certainty::reported: return "reported";
    case certainty::inferred: return "inferred";
    case certainty::unknown: break;
  }
  return "unknown";
}

/// A value, how it is known, and what said so: a file, an attribute, or why there is no answer.
template <class T>
struct fact {
  std::optional<T> value{};
  certainty how = certainty::unknown;
  std::string evidence{};

  /// Whether it is known, its value where it is, and another value where it is not.
  [[nodiscard]] explicit operator bool() const noexcept { return value.has_value(); }
  [[nodiscard]] const T& operator*() const { return value.value(); }
  [[nodiscard]] T value_or(T otherwise) const { return value.value_or(std::move(otherwise)); }

  friend bool operator==(const fact&, const fact&) = default;
};

/// A fact that was tried out.
template <class T>
fact<T> verified(T value, std::string evidence) {
  return {std::move(value), certainty::verified, std::move(evidence)};
}
/// A fact that somebody who knows it told.
template <class T>
fact<T> reported(T value, std::string evidence) {
  return {std::move(value), certainty::reported, std::move(evidence)};
}
/// A fact that follows from others.
template <class T>
fact<T> inferred(T value, std::string evidence) {
  return {std::move(value), certainty::inferred, std::move(evidence)};
}

/// A fact of any type that is not known, and why.
struct unknown {
  std::string why{};

  template <class T>
  operator fact<T>() const {  // NOLINT(google-explicit-constructor): stands where a fact is expected
    return {std::nullopt, certainty::unknown, why};
  }
};

}  // namespace cmm::platform
