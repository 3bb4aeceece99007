#include "daemon/values.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <span>

#include "storage/base/text.h"

namespace trifecta::daemon {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

// A cluster's and a zone's name travel in every gossip message.
constexpr size_t kNameBytesMax = 64;

struct Unit {
  std::string_view name;
  uint64_t factor;
};
constexpr std::array<Unit, 5> kTimeUnits = {
    {{"d", 86'400'000}, {"h", 3'600'000}, {"m", 60'000}, {"s", 1'000}, {"ms", 1}}};
constexpr std::array<Unit, 4> kSizeUnits = {
    {{"GiB", 1u << 30}, {"MiB", 1u << 20}, {"KiB", 1u << 10}, {"", 1}}};

Status Bad(std::string message) { return {StatusCode::kInvalidArgument, std::move(message)}; }

std::string Quoted(std::string_view text) { return StrCat("'", text, "'"); }

std::optional<uint64_t> Number(std::string_view text) {
  uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return {};
  return value;
}

// The number and unit of "10d", multiplied; nothing when either is wrong or the product too big.
std::optional<uint64_t> Scaled(std::string_view text, std::span<const Unit> units) {
  const size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
  const std::optional<uint64_t> number = Number(text.substr(0, digits));
  std::string_view unit = text.substr(digits);
  if (!unit.empty() && unit.front() == ' ') unit.remove_prefix(1);
  for (const Unit& known : units) {
    if (known.name != unit || !number) continue;
    uint64_t product = 0;
    if (__builtin_mul_overflow(*number, known.factor, &product)) return {};
    return product;
  }
  return {};
}

std::string Show(uint64_t value, std::span<const Unit> units) {
  for (const Unit& unit : units) {
    if (value % unit.factor == 0 && (value != 0 || unit.factor == 1)) {
      return StrCat(value / unit.factor, unit.name);
    }
  }
  return StrCat(value);
}

bool IsNameCharacter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
         c == '_' || c == '-';
}

}  // namespace

Result<Duration> ParseDuration(std::string_view text, Duration least, Duration most) {
  const std::optional<uint64_t> value = Scaled(text, kTimeUnits);
  if (!value) {
    return Bad(StrCat(Quoted(text), " is not a duration; write a number and a unit, such as ",
                      "500ms, 5s, 3m, 12h or 10d"));
  }
  if (*value < static_cast<uint64_t>(least.count()) ||
      *value > static_cast<uint64_t>(most.count())) {
    return Bad(StrCat(Quoted(text), " is out of range; ", ShowDuration(least), " to ",
                      ShowDuration(most), " are allowed"));
  }
  return Duration(*value);
}

std::string ShowDuration(Duration duration) {
  if (duration.count() == 0) return "0s";
  return Show(static_cast<uint64_t>(duration.count()), kTimeUnits);
}

Result<uint64_t> ParseSize(std::string_view text, uint64_t least, uint64_t most) {
  const std::optional<uint64_t> value = Scaled(text, kSizeUnits);
  if (!value) {
    return Bad(StrCat(Quoted(text), " is not a size; write bytes, or a number and a unit, such as ",
                      "64KiB, 128MiB or 2GiB"));
  }
  if (*value < least || *value > most) {
    return Bad(StrCat(Quoted(text), " is out of range; ", ShowSize(least), " to ", ShowSize(most),
                      " are allowed"));
  }
  return *value;
}

std::string ShowSize(uint64_t bytes) { return Show(bytes, kSizeUnits); }

Result<uint64_t> ParseNumber(std::string_view text, uint64_t least, uint64_t most) {
  const std::optional<uint64_t> value = Number(text);
  if (!value) return Bad(StrCat(Quoted(text), " is not a whole number"));
  if (*value < least || *value > most) {
    return Bad(StrCat(Quoted(text), " is out of range; ", least, " to ", most, " are allowed"));
  }
  return *value;
}

Result<Endpoint> ParseListen(std::string_view text) {
  const bool port_alone = text.starts_with(':') && !text.starts_with("::");
  const std::string full = port_alone ? StrCat(kDefaultHost, text) : std::string(text);
  return net::ParseEndpoint(full, 0);
}

bool IsEveryInterface(const Endpoint& endpoint) {
  in_addr address;
  if (inet_pton(AF_INET, endpoint.host.c_str(), &address) == 1) return address.s_addr == 0;
  in6_addr address6;
  return inet_pton(AF_INET6, endpoint.host.c_str(), &address6) == 1 &&
         IN6_IS_ADDR_UNSPECIFIED(&address6);
}

std::vector<std::string> SplitList(std::string_view text) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    const size_t comma = std::min(text.find(','), text.size());
    std::string_view part = text.substr(0, comma);
    text.remove_prefix(std::min(comma + 1, text.size()));
    while (part.starts_with(' ')) part.remove_prefix(1);
    while (part.ends_with(' ')) part.remove_suffix(1);
    if (!part.empty()) parts.emplace_back(part);
  }
  return parts;
}

Result<Quorum> ParseQuorum(std::string_view text, unsigned most) {
  if (text == "majority") return kMajority;
  const std::optional<uint64_t> value = Number(text);
  if (!value || *value < 1 || *value > most) {
    return Bad(StrCat(Quoted(text), " is neither 'majority' nor a number from 1 to ", most));
  }
  return static_cast<Quorum>(*value);
}

std::string ShowQuorum(Quorum quorum) { return quorum == kMajority ? "majority" : StrCat(quorum); }

Result<std::string> ParseName(std::string_view text, bool may_be_empty) {
  if (text.empty() && may_be_empty) return std::string();
  if (text.empty() || text.size() > kNameBytesMax ||
      !std::all_of(text.begin(), text.end(), IsNameCharacter)) {
    return Bad(StrCat(Quoted(text), " is not a name; 1 to ", kNameBytesMax,
                      " letters, digits, '.', '_' and '-' are allowed"));
  }
  return std::string(text);
}

}  // namespace trifecta::daemon
