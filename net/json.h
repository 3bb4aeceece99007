// JSON in (simdjson, in json.cc alone) and out (a small writer: simdjson has none).
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "storage/base/status.h"

namespace trifecta::net {

// Appends `text` as a JSON string, quotes included. `text` must be valid UTF-8.
void AppendJsonString(std::string* to, std::string_view text);

// Writes one document: Begin/End pairs nest, Key comes before each value of an object, commas are
// put by the writer. Output is compact, on one line.
class JsonWriter {
 public:
  JsonWriter& BeginObject();
  JsonWriter& EndObject();
  JsonWriter& BeginArray();
  JsonWriter& EndArray();
  JsonWriter& Key(std::string_view name);
  JsonWriter& String(std::string_view value);
  JsonWriter& Number(uint64_t value);
  JsonWriter& Number(int64_t value);
  JsonWriter& Number(double value, int decimals);
  JsonWriter& Bool(bool value);
  JsonWriter& Null();
  JsonWriter& Raw(std::string_view json);  // a value that is JSON already

  std::string Take() { return std::move(out_); }

 private:
  void Separate();
  std::string out_;
  bool first_ = true;  // no value yet at this level
  bool after_key_ = false;
};

// A parsed document, for the few places that look into one (the client, tests). Small by intent.
class JsonValue {
 public:
  using Array = std::vector<JsonValue>;
  using Object = std::map<std::string, JsonValue, std::less<>>;

  bool is_null() const { return std::holds_alternative<std::monostate>(value_); }
  // The member, or a null value when this is no object or has no such member.
  const JsonValue& operator[](std::string_view name) const;
  std::string_view string() const;  // "" when it is none
  uint64_t number() const;          // 0 when it is no non-negative integer
  double real() const;              // 0 when it is no number
  bool boolean() const;             // false when it is none
  const Array& array() const;       // empty when it is none
  const Object& object() const;     // empty when it is none

  std::variant<std::monostate, bool, int64_t, uint64_t, double, std::string, Array, Object> value_;
};

// Parses one whole document; kInvalidArgument with the reason for anything else (trailing bytes,
// duplicate keys of one object, invalid UTF-8 included).
Result<JsonValue> ParseJson(std::string_view text);

// The member "word" of {"word": "..."}: what a word's body or NDJSON line holds. kInvalidArgument
// when the text is not JSON, not an object, has no string "word", has it twice, or has another
// member. The fast path of bulk requests: about 100 ns. The word is not validated here.
Result<std::string> ParseWordObject(std::string_view text);

}  // namespace trifecta::net
