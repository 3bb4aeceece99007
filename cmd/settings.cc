#include "cmd/settings.h"

#include <charconv>

#include "cmd/settings_file.h"
#include "storage/base/text.h"

namespace trifecta::cmd {
namespace {

// The settings by every name that they have.
struct Name {
  std::string_view key;     // in a file
  std::string_view option;  // without its dashes
  std::string_view environment;
};
constexpr Name kNodes{"nodes", "node", "TRIFECTA_NODES"};
constexpr Name kConsistency{"consistency", "consistency", "TRIFECTA_CONSISTENCY"};
constexpr Name kTimeout{"timeout", "timeout", "TRIFECTA_TIMEOUT"};
constexpr Name kTokenFile{"token_file", "token-file", "TRIFECTA_TOKEN_FILE"};
constexpr std::string_view kKeys[] = {kNodes.key, kConsistency.key, kTimeout.key, kTokenFile.key};

struct Value {
  std::string text;
  std::string source;  // for errors: "option --timeout", "TRIFECTA_TIMEOUT", "FILE:LINE"
};

Status Wrong(const Value& value, std::string_view text) {
  return {StatusCode::kInvalidArgument, StrCat(value.source, ": ", text)};
}

// Where values come from, in the order that counts.
class Sources {
 public:
  Sources(const Arguments& arguments, const GetEnvironment& environment)
      : arguments_(arguments), environment_(environment) {}

  Status ReadFiles(const std::string& system_file) {
    if (const auto named = FromCommand({"", "config", "TRIFECTA_CONFIG"})) {
      return ReadFile(named->text, true).WithContext(named->source);
    }
    if (const std::string user = UserFile(); !user.empty()) {
      TRIFECTA_RETURN_IF_ERROR(ReadFile(user, false));
    }
    return ReadFile(system_file, false);
  }

  std::optional<Value> Find(const Name& name) const {
    if (auto value = FromCommand(name)) return value;
    for (const FileSetting& setting : file_settings_) {
      if (setting.key == name.key) return Value{setting.value, setting.source};
    }
    return {};
  }

 private:
  std::optional<std::string> Environment(std::string_view name) const {
    auto value = environment_(std::string(name));
    return value && value->empty() ? std::nullopt : value;
  }

  std::optional<Value> FromCommand(const Name& name) const {
    if (const auto given = arguments_.options.find(name.option);
        given != arguments_.options.end()) {
      std::string joined;
      for (const std::string& value : given->second) {
        joined += StrCat(joined.empty() ? "" : ",", value);
      }
      const bool repeatable = name.option == kNodes.option;
      return Value{repeatable ? joined : given->second.back(), StrCat("option --", name.option)};
    }
    if (auto value = Environment(name.environment)) {
      return Value{*value, std::string(name.environment)};
    }
    return {};
  }

  std::string UserFile() const {
    if (auto folder = Environment("XDG_CONFIG_HOME")) return *folder + "/trifecta/config.toml";
    if (auto home = Environment("HOME")) return *home + "/.config/trifecta/config.toml";
    return "";
  }

  // Settings of an earlier file come first, so they count.
  Status ReadFile(const std::string& path, bool must_exist) {
    auto settings = ReadSettingsFile(path, kKeys);
    if (settings.ok()) {
      for (FileSetting& setting : *settings) file_settings_.push_back(std::move(setting));
      return Status::Ok();
    }
    // One that was not named need not exist, nor be ours to read.
    const StatusCode code = settings.status().code();
    const bool absent = code == StatusCode::kNotFound || code == StatusCode::kPermissionDenied;
    return !must_exist && absent ? Status::Ok() : settings.status();
  }

  const Arguments& arguments_;
  const GetEnvironment& environment_;
  std::vector<FileSetting> file_settings_;
};

Status SetNodes(const Value& value, Settings* settings) {
  std::string_view left = value.text;
  while (!left.empty()) {
    const size_t comma = std::min(left.find(','), left.size());
    std::string_view item = left.substr(0, comma);
    left.remove_prefix(std::min(comma + 1, left.size()));
    while (item.starts_with(' ')) item.remove_prefix(1);
    while (item.ends_with(' ')) item.remove_suffix(1);
    if (item.empty()) continue;
    auto endpoint = net::ParseEndpoint(item);
    if (!endpoint.ok()) return Wrong(value, endpoint.status().message());
    settings->nodes.push_back(std::move(*endpoint));
  }
  if (settings->nodes.empty()) return Wrong(value, "names no node; give HOST or HOST:PORT");
  settings->nodes_named = true;
  return Status::Ok();
}

Status SetConsistency(const Value& value, Settings* settings) {
  if (value.text != "one" && value.text != "quorum" && value.text != "all") {
    return Wrong(value, StrCat("'", value.text, "' is none of one, quorum, all"));
  }
  settings->consistency = value.text;
  return Status::Ok();
}

Status SetTimeout(const Value& value, Settings* settings) {
  auto timeout = ParseDuration(value.text);
  if (!timeout.ok()) return Wrong(value, timeout.status().message());
  settings->timeout = *timeout;
  return Status::Ok();
}

Status SetToken(const Value& value, Settings* settings) {
  auto text = ReadSmallFile(value.text);
  if (!text.ok()) return text.status().WithContext(value.source);
  settings->token = text->substr(0, text->find('\n'));
  while (!settings->token.empty() && settings->token.back() <= ' ') settings->token.pop_back();
  if (settings->token.empty()) return Wrong(value, StrCat(value.text, " holds no token"));
  for (const char c : settings->token) {
    if (c <= ' ' || c == 0x7f) return Wrong(value, StrCat(value.text, " holds no token (a blank)"));
  }
  return Status::Ok();
}

}  // namespace

Result<Settings> ResolveSettings(const Arguments& arguments, const GetEnvironment& environment,
                                 const std::string& system_file) {
  Sources sources(arguments, environment);
  TRIFECTA_RETURN_IF_ERROR(sources.ReadFiles(system_file));
  Settings settings;
  using Set = Status (*)(const Value&, Settings*);
  constexpr std::pair<Name, Set> kSettings[] = {{kNodes, SetNodes},
                                                {kConsistency, SetConsistency},
                                                {kTimeout, SetTimeout},
                                                {kTokenFile, SetToken}};
  for (const auto& [name, set] : kSettings) {
    const auto value = sources.Find(name);
    if (!value) continue;
    TRIFECTA_RETURN_IF_ERROR(set(*value, &settings));
    settings.sources.push_back(StrCat(name.key, " = ", value->text, " (", value->source, ")"));
  }
  if (settings.nodes.empty()) settings.nodes.push_back({"127.0.0.1", net::kDefaultPort});
  return settings;
}

Result<std::chrono::milliseconds> ParseDuration(std::string_view text) {
  constexpr std::pair<std::string_view, double> kUnits[] = {
      {"ms", 1}, {"s", 1e3}, {"m", 60e3}, {"h", 3600e3}, {"", 1e3}};
  constexpr double kMaxMs = 24 * 3600e3;
  double number = 0;
  const char* end = text.data() + text.size();
  const auto [parsed, error] = std::from_chars(text.data(), end, number);
  const std::string_view unit(parsed, static_cast<size_t>(end - parsed));
  for (const auto& [name, ms] : kUnits) {
    if (error != std::errc() || unit != name) continue;
    if (number * ms >= 1 && number * ms <= kMaxMs) {
      return std::chrono::milliseconds(static_cast<int64_t>(number * ms));
    }
  }
  return Status(StatusCode::kInvalidArgument,
                StrCat("'", text, "' is not a time from 1ms to 24h, such as 500ms, 5s or 1m"));
}

}  // namespace trifecta::cmd
