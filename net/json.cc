#include "net/json.h"

#include <simdjson.h>

#include <charconv>
#include <cmath>
#include <cstring>
#include <exception>
#include <optional>

#include "storage/base/text.h"

namespace trifecta::net {
namespace {

namespace dom = simdjson::dom;

// --- writing

// Eight bytes at a time: false only when none of them is a quote, a backslash or below a space.
bool MayNeedEscape(uint64_t bytes) {
  constexpr uint64_t kOnes = 0x0101010101010101;
  const uint64_t quote = bytes ^ (kOnes * '"');
  const uint64_t backslash = bytes ^ (kOnes * '\\');
  return ((((quote - kOnes) & ~quote) | ((backslash - kOnes) & ~backslash) |
           ((bytes - kOnes * 0x20) & ~bytes)) &
          (kOnes * 0x80)) != 0;
}

bool NeedsEscape(char c) { return static_cast<uint8_t>(c) < 0x20 || c == '"' || c == '\\'; }

// The length of the run at the front of `text` that goes out as it is.
size_t PlainLength(std::string_view text) {
  size_t i = 0;
  for (uint64_t bytes; i + 8 <= text.size(); i += 8) {
    std::memcpy(&bytes, text.data() + i, 8);
    if (MayNeedEscape(bytes)) break;
  }
  while (i < text.size() && !NeedsEscape(text[i])) ++i;
  return i;
}

void AppendEscaped(std::string* to, char c) {
  constexpr char kHex[] = "0123456789abcdef";
  switch (c) {
    case '"':
      to->append("\\\"");
      break;
    case '\\':
      to->append("\\\\");
      break;
    case '\n':
      to->append("\\n");
      break;
    case '\r':
      to->append("\\r");
      break;
    case '\t':
      to->append("\\t");
      break;
    default:
      to->append("\\u00");
      to->push_back(kHex[static_cast<uint8_t>(c) >> 4]);
      to->push_back(kHex[c & 0xf]);
  }
}

// --- reading

// What a thread keeps to parse with: simdjson's parser and a copy of the text that has the padding
// it reads beyond the end. Neither allocates once it has seen its largest document.
struct ThreadParser {
  ThreadParser() = default;
  dom::parser parser;
  std::string padded;
};

// Above this a thread gives its buffers back after use: only answers to the client get so large,
// and a thread of the server should not keep some four times that for ever.
constexpr size_t kKeptBytesMax = 1 << 20;

Status Malformed(std::string text) { return {StatusCode::kInvalidArgument, std::move(text)}; }

Status MalformedBy(simdjson::error_code error) {
  switch (error) {
    case simdjson::EMPTY:
      return Malformed("not JSON: there is nothing in it");
    case simdjson::UTF8_ERROR:
      return Malformed("not JSON: not valid UTF-8");
    case simdjson::STRING_ERROR:
      return Malformed("not JSON: a string has a bad escape (a lone surrogate, or no such escape)");
    case simdjson::UNESCAPED_CHARS:
      return Malformed("not JSON: a control character in a string (write it as \\u00XX)");
    case simdjson::UNCLOSED_STRING:
      return Malformed("not JSON: a string without its end");
    case simdjson::NUMBER_ERROR:
      return Malformed("not JSON: a number is malformed or too large");
    case simdjson::DEPTH_ERROR:
      return Malformed("not JSON: nested too deeply");
    case simdjson::CAPACITY:
      return Malformed("not JSON: the document is too large");
    case simdjson::MEMALLOC:
      return {StatusCode::kUnavailable, "no memory to parse JSON"};
    default:
      return Malformed("not JSON: braces, commas or quotes do not fit, or something follows");
  }
}

// Parses `text` with the thread's parser and hands the root to `use`; the root is gone afterwards.
template <typename T, typename Use>
Result<T> WithDocument(std::string_view text, Use use) {
  static thread_local ThreadParser thread;
  try {
    thread.padded.reserve(text.size() + simdjson::SIMDJSON_PADDING);
    thread.padded.assign(text);
    dom::element root;
    const auto error = thread.parser.parse(thread.padded.data(), text.size(), false).get(root);
    Result<T> result = error != simdjson::SUCCESS ? Result<T>(MalformedBy(error)) : use(root);
    if (text.size() > kKeptBytesMax) thread = ThreadParser();
    return result;
  } catch (const std::exception& exception) {
    return Status(StatusCode::kUnavailable, StrCat("cannot parse JSON: ", exception.what()));
  }
}

bool HasNul(std::string_view text) { return text.find('\0') != std::string_view::npos; }

Status CopyValue(dom::element from, JsonValue* to);

Status CopyArray(dom::array from, JsonValue* to) {
  JsonValue::Array items;
  for (dom::element item : from) {
    TRIFECTA_RETURN_IF_ERROR(CopyValue(item, &items.emplace_back()));
  }
  to->value_ = std::move(items);
  return Status::Ok();
}

Status CopyObject(dom::object from, JsonValue* to) {
  JsonValue::Object members;
  for (dom::key_value_pair member : from) {
    if (HasNul(member.key)) return Malformed("a member's name contains NUL");
    const auto [place, is_new] = members.try_emplace(std::string(member.key));
    if (!is_new) return Malformed(StrCat("the member \"", member.key, "\" is given twice"));
    TRIFECTA_RETURN_IF_ERROR(CopyValue(member.value, &place->second));
  }
  to->value_ = std::move(members);
  return Status::Ok();
}

// Recursion ends: simdjson refuses documents deeper than 1,024 levels.
Status CopyValue(dom::element from, JsonValue* to) {
  switch (from.type()) {
    case dom::element_type::ARRAY:
      return CopyArray(dom::array(from), to);
    case dom::element_type::OBJECT:
      return CopyObject(dom::object(from), to);
    case dom::element_type::INT64:
      to->value_ = int64_t(from);
      break;
    case dom::element_type::UINT64:
      to->value_ = uint64_t(from);
      break;
    case dom::element_type::DOUBLE:
      to->value_ = double(from);
      break;
    case dom::element_type::BOOL:
      to->value_ = bool(from);
      break;
    case dom::element_type::NULL_VALUE:
      break;
    case dom::element_type::STRING: {
      const auto text = std::string_view(from);
      if (HasNul(text)) return Malformed("a string contains NUL");
      to->value_ = std::string(text);
      break;
    }
  }
  return Status::Ok();
}

Result<std::string> WordOf(dom::element root) {
  dom::object members;
  if (root.get(members) != simdjson::SUCCESS) {
    return Malformed("not an object: expected {\"word\": \"...\"}");
  }
  std::optional<std::string_view> word;
  for (dom::key_value_pair member : members) {
    if (member.key != "word") {
      return Malformed(StrCat("unknown member \"", member.key, "\": expected \"word\" alone"));
    }
    if (word) return Malformed("the member \"word\" is given twice");
    std::string_view value;
    if (member.value.get(value) != simdjson::SUCCESS) return Malformed("\"word\" is not a string");
    word = value;
  }
  if (!word) return Malformed("no member \"word\": expected {\"word\": \"...\"}");
  return std::string(*word);
}

}  // namespace

void AppendJsonString(std::string* to, std::string_view text) {
  to->push_back('"');
  while (true) {
    const size_t plain = PlainLength(text);
    to->append(text.substr(0, plain));
    if (plain == text.size()) break;
    AppendEscaped(to, text[plain]);
    text.remove_prefix(plain + 1);
  }
  to->push_back('"');
}

void JsonWriter::Separate() {
  if (after_key_) {
    after_key_ = false;
    return;
  }
  if (!first_) out_.push_back(',');
  first_ = false;
}

JsonWriter& JsonWriter::Raw(std::string_view json) {
  Separate();
  out_.append(json);
  return *this;
}

JsonWriter& JsonWriter::BeginObject() {
  Raw("{");
  first_ = true;
  return *this;
}

JsonWriter& JsonWriter::EndObject() {
  out_.push_back('}');
  first_ = false;
  return *this;
}

JsonWriter& JsonWriter::BeginArray() {
  Raw("[");
  first_ = true;
  return *this;
}

JsonWriter& JsonWriter::EndArray() {
  out_.push_back(']');
  first_ = false;
  return *this;
}

JsonWriter& JsonWriter::Key(std::string_view name) {
  String(name);
  out_.push_back(':');
  after_key_ = true;
  return *this;
}

JsonWriter& JsonWriter::String(std::string_view value) {
  Separate();
  AppendJsonString(&out_, value);
  return *this;
}

JsonWriter& JsonWriter::Number(uint64_t value) { return Raw(StrCat(value)); }

JsonWriter& JsonWriter::Number(int64_t value) { return Raw(StrCat(value)); }

JsonWriter& JsonWriter::Number(double value, int decimals) {
  if (!std::isfinite(value)) return Null();
  char digits[400];  // the largest double has 309 digits before the point
  const auto end =
      std::to_chars(digits, digits + sizeof digits, value, std::chars_format::fixed, decimals);
  return end.ec == std::errc() ? Raw({digits, static_cast<size_t>(end.ptr - digits)}) : Null();
}

JsonWriter& JsonWriter::Bool(bool value) { return Raw(value ? "true" : "false"); }

JsonWriter& JsonWriter::Null() { return Raw("null"); }

const JsonValue& JsonValue::operator[](std::string_view name) const {
  static const JsonValue null;
  const auto member = object().find(name);
  return member == object().end() ? null : member->second;
}

std::string_view JsonValue::string() const {
  const auto* text = std::get_if<std::string>(&value_);
  return text == nullptr ? std::string_view() : *text;
}

uint64_t JsonValue::number() const {
  if (const auto* value = std::get_if<uint64_t>(&value_)) return *value;
  if (const auto* value = std::get_if<int64_t>(&value_); value != nullptr && *value > 0) {
    return static_cast<uint64_t>(*value);
  }
  return 0;
}

double JsonValue::real() const {
  if (const auto* value = std::get_if<double>(&value_)) return *value;
  if (const auto* value = std::get_if<int64_t>(&value_)) return static_cast<double>(*value);
  return static_cast<double>(number());
}

bool JsonValue::boolean() const {
  const auto* value = std::get_if<bool>(&value_);
  return value != nullptr && *value;
}

const JsonValue::Array& JsonValue::array() const {
  static const Array empty;
  const auto* items = std::get_if<Array>(&value_);
  return items == nullptr ? empty : *items;
}

const JsonValue::Object& JsonValue::object() const {
  static const Object empty;
  const auto* members = std::get_if<Object>(&value_);
  return members == nullptr ? empty : *members;
}

Result<JsonValue> ParseJson(std::string_view text) {
  return WithDocument<JsonValue>(text, [](dom::element root) -> Result<JsonValue> {
    JsonValue value;
    TRIFECTA_RETURN_IF_ERROR(CopyValue(root, &value));
    return value;
  });
}

Result<std::string> ParseWordObject(std::string_view text) {
  return WithDocument<std::string>(text, WordOf);
}

}  // namespace trifecta::net
