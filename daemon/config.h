// The configuration: one table of keys, from which the file's keys, the flags, the environment
// variables, the help, --print-config and what a reload may change all follow.
//
// A value may come from four places; the later in this list wins: the default, the file
// (daemon/config_file.h), the environment (TRIFECTAD_DATA_DIR), a flag (--data-dir,
// daemon/options.h). Each place gives Settings: a key and the text of its value.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/values.h"
#include "storage/base/logger.h"
#include "storage/base/status.h"

namespace trifecta::daemon {

enum class LogFormat {
  kAuto,     // kJournal when standard error is the journal's stream, else kText
  kText,     // a time stamp, a level, a sentence
  kJournal,  // "<3>" and the sentence: the journal stamps the time
  kJson,     // one object a line
  kLogfmt,   // key=value
};

// One member a key, named after it; trifectad.toml(5) says what each means.
struct Config {
  std::string cluster = "trifecta";
  Endpoint listen{std::string(kDefaultHost), net::kDefaultPort};
  std::optional<Endpoint> advertise;
  std::vector<Endpoint> seeds;
  std::string zone;
  std::string data_dir = "/var/lib/trifecta";

  unsigned replication_factor = 3;
  Quorum read_quorum = kMajority;
  Quorum write_quorum = kMajority;
  unsigned k_factor = 2;
  unsigned partitions = 256;
  Duration gossip_interval{1'000};
  Duration hint_window = std::chrono::hours(3);
  Duration tombstone_grace = std::chrono::hours(240);
  uint64_t max_shard_words = 1'000'000;
  std::string lexicon;

  uint64_t memtable_size = 128u << 20;  // bytes
  unsigned max_connections = 20'000;
  unsigned max_streams = 32;  // bulk loads and exports at a time
  unsigned workers = 64;
  unsigned max_queue = 1'024;  // requests that wait for a worker
  Duration request_timeout{10'000};
  Duration idle_timeout{75'000};

  LogLevel log_level = LogLevel::kInfo;
  LogFormat log_format = LogFormat::kAuto;
  std::string token_file;
  std::string tls_certificate_file, tls_key_file, tls_ca_file;
};

// What a key's value is in TOML.
enum class ValueKind { kText, kNumber, kTextOrNumber, kList };

struct Key {
  std::string_view name;  // "data_dir"
  ValueKind kind;
  std::string_view placeholder;  // "DIR", for the help
  std::string_view help;         // a short line
  bool reloads;                  // a SIGHUP may change it
  Status (*set)(Config* config, std::string_view text);
  std::string (*show)(const Config& config);  // the text that sets the same value
};

// All keys, in the order of the documentation.
std::span<const Key> Keys();
// Null when there is none.
const Key* FindKey(std::string_view name);
std::span<const std::string_view> KeyNames();

std::string FlagName(const Key& key);         // "--data-dir"
std::string EnvironmentName(const Key& key);  // "TRIFECTAD_DATA_DIR"
// KEY = VALUE as a line of the file.
std::string ShowTomlLine(const Key& key, const Config& config);

// A value that was given, and where: "FILE:LINE", "TRIFECTAD_LISTEN" or "--listen".
struct Setting {
  const Key* key;
  std::string text;
  std::string origin;
};

// The configuration in effect and where its values come from.
struct Effective {
  Config config;
  std::map<std::string_view, std::string> origins;  // by key; a key not in it has its default
  // Keys that were given a wrong value somewhere: what the member holds says nothing.
  std::set<std::string_view> faulty;
  // Whole sentences, each begins with its place ("FILE:LINE: "); empty: it is valid.
  std::vector<std::string> errors;
  std::vector<std::string> warnings;
};

// Applies the settings in order, later ones over earlier ones. Every bad value is an error, an
// overruled one too: it would bite the day the flag is dropped.
void Apply(std::span<const Setting> settings, Effective* effective);

// Errors and warnings about values that are fine alone: quorums that do not overlap, what this
// version cannot do, an open port without a token. A key in `faulty` is not judged again, nor is
// another one by it.
void CheckTogether(Effective* effective);

// Adds an error about a key's value, at the place that it comes from.
void AddError(std::string_view key, std::string_view message, Effective* effective);

// The address that others reach this node at, once `port` is bound: `advertise`; else `listen`,
// with the machine's name in place of "every interface".
Endpoint AdvertisedEndpoint(const Config& config, uint16_t port);

}  // namespace trifecta::daemon
