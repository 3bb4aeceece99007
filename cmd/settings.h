// What the user set once for all commands: which nodes, how long, which consistency. A flag counts
// before the environment, that before $XDG_CONFIG_HOME/trifecta/config.toml, that before
// /etc/trifecta/trifecta.toml, that before the default; each setting by itself.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "cmd/options.h"
#include "net/endpoint.h"
#include "storage/base/status.h"

namespace trifecta::cmd {

// The value of an environment variable, nothing when it is not set. One that is empty counts as not
// set.
using GetEnvironment = std::function<std::optional<std::string>(const std::string& name)>;

struct Settings {
  std::vector<net::Endpoint> nodes;
  bool nodes_named = false;  // false: the default, 127.0.0.1:8000
  std::string consistency;   // empty: what the node defaults to
  std::chrono::milliseconds timeout{5000};
  std::string token;  // what the token file holds
  // Where each value came from, a line each: "timeout = 5s (TRIFECTA_TIMEOUT)".
  std::vector<std::string> sources;
};

// kInvalidArgument with the source in front ("TRIFECTA_TIMEOUT: ...", "FILE:LINE: ..."); kNotFound
// when a file that was named does not exist. `system_file` is there for tests.
Result<Settings> ResolveSettings(const Arguments& arguments, const GetEnvironment& environment,
                                 const std::string& system_file = "/etc/trifecta/trifecta.toml");

// "500ms", "5s", "1.5s", "2m", "1h"; a bare number is seconds. Between 1 ms and a day.
Result<std::chrono::milliseconds> ParseDuration(std::string_view text);

}  // namespace trifecta::cmd
