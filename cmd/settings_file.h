// Reads a settings file (TOML, by toml++ in settings_file.cc alone).
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "storage/base/status.h"

namespace trifecta::cmd {

struct FileSetting {
  std::string key, value;  // a list's items are joined by commas
  std::string source;      // "FILE:LINE"
};

// The settings of a file in their order. kNotFound when it does not exist, kInvalidArgument
// ("FILE:LINE: unknown key 'nods'; did you mean 'nodes'?") when it is no TOML, has a key that is
// not in `keys`, or a value that is neither a string nor a list of strings.
Result<std::vector<FileSetting>> ReadSettingsFile(const std::string& path,
                                                  std::span<const std::string_view> keys);

// All of a small file, which may be a pipe ("--token-file <(pass trifecta)"). The failure names it;
// kTooLarge above kSettingsBytesMax.
Result<std::string> ReadSmallFile(const std::string& path);

// Settings and tokens are far smaller: a larger file is the wrong one.
inline constexpr size_t kSettingsBytesMax = 1 << 20;

}  // namespace trifecta::cmd
