// JSON bodies: whatever arrives, parsing ends with a value or a Status, and what was understood can
// be written and read again.
#include <cstdint>
#include <cstdlib>

#include "net/json.h"

using trifecta::net::AppendJsonString;
using trifecta::net::JsonValue;

namespace {

void MustReadBack(std::string_view text) {
  std::string quoted;
  AppendJsonString(&quoted, text);
  const auto again = trifecta::net::ParseJson(quoted);
  if (!again.ok() || again->string() != text) std::abort();
}

void CheckStrings(const JsonValue& value) {
  if (!value.string().empty()) MustReadBack(value.string());
  for (const JsonValue& item : value.array()) CheckStrings(item);
  for (const auto& [name, member] : value.object()) {
    MustReadBack(name);
    CheckStrings(member);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto json = trifecta::net::ParseJson(text);
  if (json.ok()) CheckStrings(*json);

  const auto word = trifecta::net::ParseWordObject(text);
  if (word.ok() && json.ok() && (*json)["word"].string() != *word) std::abort();
  return 0;
}
