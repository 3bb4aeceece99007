#include "daemon/config_file.h"

#include <toml++/toml.h>

#include <algorithm>
#include <utility>

#include "daemon/small_file.h"
#include "storage/base/suggest.h"
#include "storage/base/text.h"

namespace trifecta::daemon {
namespace {

// The file holds some thirty keys; this leaves room for as many comments as anybody writes.
constexpr size_t kFileBytesMax = 1 << 20;

std::string_view KindName(ValueKind kind) {
  switch (kind) {
    case ValueKind::kText:
      return "a string in quotes";
    case ValueKind::kNumber:
      return "a whole number";
    case ValueKind::kTextOrNumber:
      return "a whole number or a string in quotes";
    case ValueKind::kList:
      return "an array of strings";
  }
  return "";
}

// The value as the text that Key::set takes; nothing when it is of another kind.
std::optional<std::string> ListText(const toml::array& array) {
  std::string text;
  for (const toml::node& element : array) {
    const toml::value<std::string>* string = element.as_string();
    if (string == nullptr) return {};
    text += StrCat(text.empty() ? "" : ",", **string);
  }
  return text;
}

std::optional<std::string> ValueText(const toml::node& value, ValueKind kind) {
  const bool text = kind != ValueKind::kNumber;
  const bool number = kind == ValueKind::kNumber || kind == ValueKind::kTextOrNumber;
  if (const auto* string = value.as_string(); string != nullptr && text) return **string;
  if (const auto* integer = value.as_integer(); integer != nullptr && number) {
    return StrCat(**integer);
  }
  if (const auto* array = value.as_array(); array != nullptr && kind == ValueKind::kList) {
    return ListText(*array);
  }
  return {};
}

struct Line {
  toml::source_index number;
  std::string error;  // empty: `setting` counts
  Setting setting;    // with an error, its key alone, null where there is none
};

Line ReadLine(const toml::key& name, const toml::node& value, std::string_view file) {
  Line line{name.source().begin.line, "", {}};
  const std::string place = StrCat(file, ":", line.number);
  const Key* key = FindKey(name.str());
  if (key == nullptr && value.is_table()) {
    line.error = StrCat(place, ": unknown table '", name.str(), "'; all keys are at the top level");
  } else if (key == nullptr) {
    line.error =
        StrCat(place, ": unknown key '", name.str(), "'", DidYouMean(name.str(), KeyNames()));
  } else if (std::optional<std::string> text = ValueText(value, key->kind)) {
    line.setting = {key, std::move(*text), place};
  } else {
    line.setting.key = key;
    line.error = StrCat(place, ": ", key->name, " must be ", KindName(key->kind));
  }
  return line;
}

}  // namespace

FileSettings ParseConfigText(std::string_view text, std::string_view name) {
  FileSettings file;
  std::vector<Line> lines;
  try {  // toml++ as Debian builds it reports by exceptions
    const toml::table table = toml::parse(text);
    for (const auto& [key, value] : table) lines.push_back(ReadLine(key, value, name));
  } catch (const toml::parse_error& error) {
    file.errors.push_back(StrCat(name, ":", error.source().begin.line, ": ", error.description()));
    return file;
  }
  std::stable_sort(lines.begin(), lines.end(),
                   [](const Line& a, const Line& b) { return a.number < b.number; });
  for (Line& line : lines) {
    if (!line.error.empty()) {
      if (line.setting.key != nullptr) file.faulty.push_back(line.setting.key->name);
      file.errors.push_back(std::move(line.error));
    } else {
      file.settings.push_back(std::move(line.setting));
    }
  }
  return file;
}

FileSettings ReadConfigFile(const std::string& path, bool must_exist) {
  FileSettings file;
  if (path.empty()) {
    file.errors.push_back("the name of the configuration file is empty");
    return file;
  }
  Result<std::string> text = ReadSmallFile(path, kFileBytesMax);
  if (text.ok()) return ParseConfigText(*text, path);
  if (must_exist || text.status().code() != StatusCode::kNotFound) {
    file.errors.push_back(text.status().message());
  }
  return file;
}

}  // namespace trifecta::daemon
