#pragma once

#include <regex>
#include <string>

#include "../core/requirements.hpp"

namespace cmm::platform {

/// The text without what could name a person or a machine: users at hosts, UUIDs, MAC addresses.
inline std::string scrubbed(std::string text) {
  static const std::regex uuid{"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}"};
  static const std::regex mac{"\\b[0-9a-fA-F]{2}(:[0-9a-fA-F]{2}){5}\\b"};
  static const std::regex user{"[A-Za-z0-9._+-]+@[A-Za-z0-9._-]*"};
  if (text.find('-') != std::string::npos) text = std::regex_replace(text, uuid, "(uuid)");
  if (text.find(':') != std::string::npos) text = std::regex_replace(text, mac, "(mac)");
  if (text.find('@') != std::string::npos) text = std::regex_replace(text, user, "(user)");
  return text;
}

}  // namespace cmm::platform
