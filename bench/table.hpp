#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace cmm::bench {

/// The results as Markdown: a matrix of allocators and sizes, with the ratio to the driver's managed pool,
/// and a list of the other rows with their rate and how much of their limit they reach.
std::string table_of(const nlohmann::json& result);

}  // namespace cmm::bench
