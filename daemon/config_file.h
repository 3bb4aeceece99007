// The configuration file: TOML, keys at the top level (trifectad.toml(5)).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "daemon/config.h"

namespace trifecta::daemon {

inline constexpr std::string_view kDefaultConfigFile = "/etc/trifecta/trifectad.toml";

struct FileSettings {
  std::vector<Setting> settings;         // in the order of the lines; origin "FILE:LINE"
  std::vector<std::string_view> faulty;  // keys whose value is of a wrong kind
  std::vector<std::string> errors;  // "FILE:LINE: unknown key 'segmnt'; did you mean 'segment'?"
};

// Parses the text of a file called `name`. Every unknown key and every value of a wrong kind is
// an error; of a text that is not TOML the first fault. Values are not judged yet: see Apply.
FileSettings ParseConfigText(std::string_view text, std::string_view name);

// Reads and parses a file. One that is missing is an error only if it `must_exist`.
FileSettings ReadConfigFile(const std::string& path, bool must_exist);

}  // namespace trifecta::daemon
