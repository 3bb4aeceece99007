// The values of configuration keys as text: durations, sizes, addresses, quorums, names. Parsing
// gives kInvalidArgument with a clause that fits after "KEY: "; showing gives what parses back to
// the same value.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "net/endpoint.h"
#include "storage/base/status.h"

namespace trifecta::daemon {

using Duration = std::chrono::milliseconds;

// "500ms", "5s", "3m", "12h", "10d". A number without its unit is refused: nobody should guess.
Result<Duration> ParseDuration(std::string_view text, Duration least, Duration most);
std::string ShowDuration(Duration duration);

// "4096", "64KiB", "128MiB", "2GiB".
Result<uint64_t> ParseSize(std::string_view text, uint64_t least, uint64_t most);
std::string ShowSize(uint64_t bytes);

Result<uint64_t> ParseNumber(std::string_view text, uint64_t least, uint64_t most);

using net::Endpoint;

// Without a host a node listens here: to be seen by other machines takes an explicit address.
inline constexpr std::string_view kDefaultHost = "127.0.0.1";

// What net::ParseEndpoint takes, and ":PORT" for port PORT of 127.0.0.1, and port 0 for one that
// the system chooses.
Result<Endpoint> ParseListen(std::string_view text);
// 0.0.0.0 or ::, every interface: an address to listen on, not one to connect to.
bool IsEveryInterface(const Endpoint& endpoint);

// The parts between commas, spaces around them dropped; none for an empty text.
std::vector<std::string> SplitList(std::string_view text);

// How many replicas a read or write waits for; 0 stands for the majority.
using Quorum = unsigned;
inline constexpr Quorum kMajority = 0;
// "majority" or 1 to `most`.
Result<Quorum> ParseQuorum(std::string_view text, unsigned most);
std::string ShowQuorum(Quorum quorum);

// A cluster or zone: letters, digits, '.', '_' and '-', at most 64; `may_be_empty` for a zone.
Result<std::string> ParseName(std::string_view text, bool may_be_empty);

}  // namespace trifecta::daemon
