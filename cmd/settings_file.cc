#include "cmd/settings_file.h"

#include <fcntl.h>
#include <toml++/toml.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "storage/base/suggest.h"
#include "storage/base/text.h"

namespace trifecta::cmd {
namespace {

Status Wrong(std::string_view source, std::string_view text) {
  return {StatusCode::kInvalidArgument, StrCat(source, ": ", text)};
}

Result<std::string> ValueText(const toml::node& node, std::string_view key,
                              std::string_view source) {
  if (const auto* text = node.as_string()) return text->get();
  const auto* list = node.as_array();
  if (list == nullptr) {
    return Wrong(source, StrCat("'", key, "' is a string, or a list of strings, in quotes"));
  }
  std::string joined;
  for (const toml::node& item : *list) {
    if (!item.is_string()) return Wrong(source, StrCat("'", key, "' is a list of strings"));
    joined += StrCat(joined.empty() ? "" : ",", item.as_string()->get());
  }
  return joined;
}

Result<toml::table> ParseToml(const std::string& path, const std::string& text) {
  try {
    return toml::parse(text, path);
  } catch (const toml::parse_error& error) {
    return Wrong(StrCat(path, ":", error.source().begin.line), error.description());
  } catch (const std::exception& error) {
    return Wrong(path, error.what());
  }
}

}  // namespace

Result<std::vector<FileSetting>> ReadSettingsFile(const std::string& path,
                                                  std::span<const std::string_view> keys) {
  auto text = ReadSmallFile(path);
  if (!text.ok()) return text.status();
  auto table = ParseToml(path, *text);
  if (!table.ok()) return table.status();
  std::vector<FileSetting> settings;
  for (const auto& [name, node] : *table) {
    const std::string_view key = name.str();
    const std::string source = StrCat(path, ":", name.source().begin.line);
    if (std::find(keys.begin(), keys.end(), key) == keys.end()) {
      return Wrong(source, StrCat("unknown key '", key, "'", DidYouMean(key, keys)));
    }
    auto value = ValueText(node, key, source);
    if (!value.ok()) return value.status();
    settings.push_back({std::string(key), std::move(*value), source});
  }
  return settings;
}

Result<std::string> ReadSmallFile(const std::string& path) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return ErrnoStatus(errno, path);
  std::string text;
  Status status;
  for (char piece[4096]; status.ok();) {
    const ssize_t count = read(fd, piece, sizeof piece);
    if (count == 0) break;
    if (count > 0) {
      text.append(piece, static_cast<size_t>(count));
    } else if (errno != EINTR) {
      status = ErrnoStatus(errno, path);
    }
    if (text.size() > kSettingsBytesMax) {
      status = {StatusCode::kTooLarge, StrCat(path, ": larger than ", kSettingsBytesMax, " bytes")};
    }
  }
  close(fd);
  if (!status.ok()) return status;
  return text;
}

}  // namespace trifecta::cmd
