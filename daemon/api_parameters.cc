#include "daemon/api_parameters.h"

#include <algorithm>
#include <charconv>
#include <cstdint>

#include "daemon/inflating_reader.h"
#include "net/limits.h"
#include "storage/base/suggest.h"
#include "storage/base/text.h"
#include "storage/base/word.h"

namespace trifecta::daemon {
namespace {

constexpr size_t kShownBytesMax = 64;

Status BadParameter(std::string_view name, std::string_view value, std::string_view allowed) {
  return {StatusCode::kInvalidArgument, StrCat(name, "=", Shown(value), ": expected ", allowed)};
}

std::string Joined(std::span<const std::string_view> names) {
  std::string text;
  for (std::string_view name : names) {
    if (!text.empty()) text.append(name == names.back() ? " or " : ", ");
    text.append(name);
  }
  return text;
}

std::string_view Trimmed(std::string_view text) {
  constexpr std::string_view kBlanks = " \t";
  const size_t begin = text.find_first_not_of(kBlanks);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kBlanks) - begin + 1);
}

std::string Lower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + ('a' - 'A'));
  }
  return lower;
}

}  // namespace

std::string Shown(std::string_view text) {
  size_t end = std::min(text.size(), kShownBytesMax);
  const auto continues = [](char c) { return (static_cast<uint8_t>(c) & 0xc0) == 0x80; };
  while (end > 0 && end < text.size() && continues(text[end])) --end;
  std::string shown(text.substr(0, end));
  if (!ValidatePrefix(shown).ok()) {
    const auto strange = [](char c) { return c < 0x20 || c > 0x7e; };
    std::replace_if(shown.begin(), shown.end(), strange, '?');
  }
  return StrCat("'", shown, end < text.size() ? "...'" : "'");
}

Status CheckParameterNames(const net::Request& request, std::span<const std::string_view> known) {
  for (const auto& [name, value] : request.query) {
    if (std::find(known.begin(), known.end(), name) != known.end()) continue;
    const std::string allowed =
        known.empty() ? "this route has none" : "known are " + Joined(known);
    const std::string hint = DidYouMean(name, known);
    return {StatusCode::kInvalidArgument,
            StrCat("unknown query parameter ", Shown(name), hint.empty() ? "; " + allowed : hint)};
  }
  return Status::Ok();
}

Result<uint64_t> NumberParameter(const net::Request& request, std::string_view name, uint64_t least,
                                 uint64_t most, uint64_t fallback) {
  const auto text = request.Query(name);
  if (!text) return fallback;
  uint64_t number = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), number);
  const bool whole = error == std::errc() && end == text->data() + text->size();
  if (whole && number >= least && number <= most) return number;
  return BadParameter(name, *text, StrCat("a whole number from ", least, " to ", most));
}

Result<size_t> ChoiceParameter(const net::Request& request, std::string_view name,
                               std::initializer_list<std::string_view> choices) {
  const auto text = request.Query(name);
  if (!text) return size_t{0};
  const auto chosen = std::find(choices.begin(), choices.end(), *text);
  if (chosen != choices.end()) return static_cast<size_t>(chosen - choices.begin());
  const std::span<const std::string_view> all(choices.begin(), choices.size());
  return BadParameter(name, *text, Joined(all) + DidYouMean(*text, all));
}

Result<std::string_view> PrefixParameter(const net::Request& request, std::string_view name) {
  const std::string_view prefix = request.Query(name).value_or(std::string_view());
  TRIFECTA_RETURN_IF_ERROR(ValidatePrefix(prefix).WithContext(name));
  return prefix;
}

Result<CallOptions> CallOptionsOf(const net::Request& request) {
  const Result<size_t> choice = ChoiceParameter(request, "consistency", {"quorum", "one", "all"});
  if (!choice.ok()) return choice.status();
  constexpr Consistency kChoices[] = {Consistency::kQuorum, Consistency::kOne, Consistency::kAll};
  return CallOptions{kChoices[*choice], request.deadline};
}

std::string MediaType(std::string_view header) {
  return Lower(Trimmed(header.substr(0, header.find(';'))));
}

std::string MediaTypeParameter(std::string_view header, std::string_view name) {
  size_t semicolon = header.find(';');
  while (semicolon != std::string_view::npos) {
    header.remove_prefix(semicolon + 1);
    semicolon = header.find(';');
    const std::string_view parameter = header.substr(0, semicolon);
    const size_t equals = parameter.find('=');
    if (equals == std::string_view::npos || Lower(Trimmed(parameter.substr(0, equals))) != name) {
      continue;
    }
    std::string_view value = Trimmed(parameter.substr(equals + 1));
    if (value.size() >= 2 && value.starts_with('"') && value.ends_with('"')) {
      value = value.substr(1, value.size() - 2);
    }
    return Lower(value);
  }
  return {};
}

Result<bool> IsGzip(const net::Request& request) {
  const std::string coding = MediaType(request.Header("content-encoding"));
  if (coding.empty() || coding == "identity") return false;
  if (coding == "gzip" || coding == "x-gzip") return true;
  return Status(StatusCode::kInvalidArgument,
                StrCat("Content-Encoding ", Shown(coding), ": send the body as it is or as gzip"));
}

Result<std::string> ReadSmallBody(const net::Request& request, bool gzip) {
  std::unique_ptr<InflatingReader> inflated;
  if (gzip) inflated = std::make_unique<InflatingReader>(request.body);
  net::BodyReader* body = gzip ? inflated.get() : request.body;

  std::string text;
  char piece[4096];
  while (true) {
    const Result<size_t> read = body->Read(piece);
    if (!read.ok()) return read.status();
    if (*read == 0) return text;
    text.append(piece, *read);
    if (text.size() > net::kBufferedBodyBytes) {
      return Status(StatusCode::kTooLarge,
                    StrCat("the body is larger than ", net::kBufferedBodyBytes,
                           " bytes; send many words to /api/v1/bulk"));
    }
  }
}

}  // namespace trifecta::daemon
