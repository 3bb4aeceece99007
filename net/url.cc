#include "net/url.h"

#include <algorithm>

#include "net/limits.h"
#include "storage/base/text.h"

namespace trifecta::net {
namespace {

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool Unreserved(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '.' || c == '_' || c == '~';
}

Result<std::string> Decode(std::string_view text, bool plus_is_space) {
  std::string bytes;
  bytes.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%') {
      const int high = i + 1 < text.size() ? HexDigit(text[i + 1]) : -1;
      const int low = i + 2 < text.size() ? HexDigit(text[i + 2]) : -1;
      if (high < 0 || low < 0) {
        return Status(StatusCode::kInvalidArgument,
                      StrCat("bad escape at byte ", i + 1,
                             ": \"%\" must be followed by two hexadecimal digits (write \"%\" as "
                             "\"%25\")"));
      }
      bytes.push_back(static_cast<char>(high << 4 | low));
      i += 2;
    } else {
      bytes.push_back(plus_is_space && text[i] == '+' ? ' ' : text[i]);
    }
  }
  return bytes;
}

Status AddParameter(std::string_view piece, QueryParameters* parameters) {
  const size_t equals = piece.find('=');
  Result<std::string> name = Decode(piece.substr(0, equals), true);
  if (!name.ok()) return name.status();
  if (name->empty()) return {StatusCode::kInvalidArgument, "a parameter without a name"};
  Result<std::string> value = Decode(
      equals == std::string_view::npos ? std::string_view() : piece.substr(equals + 1), true);
  if (!value.ok()) return value.status();
  const bool twice = std::any_of(parameters->begin(), parameters->end(),
                                 [&](const auto& other) { return other.first == *name; });
  if (twice) return {StatusCode::kInvalidArgument, "a parameter is given twice"};
  if (parameters->size() == kQueryParametersMax) {
    return {StatusCode::kInvalidArgument, StrCat("more than ", kQueryParametersMax, " parameters")};
  }
  parameters->emplace_back(std::move(*name), std::move(*value));
  return Status::Ok();
}

}  // namespace

Result<std::string> PercentDecode(std::string_view text) { return Decode(text, false); }

std::string PercentEncode(std::string_view bytes) {
  static constexpr char kDigits[] = "0123456789ABCDEF";
  std::string text;
  text.reserve(bytes.size());
  for (const char c : bytes) {
    if (Unreserved(c)) {
      text.push_back(c);
    } else {
      const auto byte = static_cast<unsigned char>(c);
      text.push_back('%');
      text.push_back(kDigits[byte >> 4]);
      text.push_back(kDigits[byte & 15]);
    }
  }
  return text;
}

Result<QueryParameters> ParseQuery(std::string_view query) {
  QueryParameters parameters;
  while (!query.empty()) {
    const size_t end = std::min(query.find('&'), query.size());
    if (end > 0) {
      Status status = AddParameter(query.substr(0, end), &parameters);
      if (!status.ok()) return status.WithContext("query");
    }
    query.remove_prefix(std::min(end + 1, query.size()));
  }
  return parameters;
}

}  // namespace trifecta::net
