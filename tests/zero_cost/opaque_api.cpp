#include "opaque_api.hpp"

alignas(256) static char memory[256];

void opaque_api::scope::enter(int device) noexcept { device_ = device < 0 ? 0 : device; }
void opaque_api::scope::leave() noexcept {}

cmm::status opaque_api::allocate_managed(void*& out, std::size_t) noexcept {
  out = memory;
  return {};
}
cmm::status opaque_api::free(void*) noexcept { return {}; }
cmm::status opaque_api::advise(void*, std::size_t, cmm::advice, cmm::location) noexcept { return {}; }
cmm::status opaque_api::prefetch(void*, std::size_t, cmm::location, cmm::stream) noexcept { return {}; }
cmm::status opaque_api::synchronize(cmm::stream) noexcept { return {}; }
cmm::status opaque_api::capture_of(cmm::stream, std::uint64_t& id) noexcept {
  id = 0;
  return {};
}
cmm::status opaque_api::attribute(int, cmm::attribute, int& value) noexcept {
  value = 1;
  return {};
}
