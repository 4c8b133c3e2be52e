#pragma once

/// Recipes from the command line, the environment or a file: text to a value that prints, writes itself as
/// C++ and builds over any api.

#include "core/requirements.hpp"

#include <string_view>

#include "text/any_allocator.hpp"
#include "text/cpp.hpp"
#include "text/reader.hpp"

namespace cmm {

/// Reads a recipe as `text()` prints it and as people type it: `managed | prefetch | limit{64GiB} | stats`.
///
/// Settings are values in order or `.field = value`; a size is "2GiB", "2_GiB" or "8192", a location
/// "device:0", "host", "host_numa:1" or "nearest_numa". `cmm::` and empty braces may be written, parentheses
/// may group. Throws `bad_text` that says what is wrong, at which column, and what was expected.
inline parsed_recipe parse_recipe(std::string_view text) { return detail::reader{text}.whole(); }

}  // namespace cmm
