#include "daemon/config.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstdio>

#include "net/ring.h"
#include "storage/base/limits.h"
#include "storage/base/text.h"
#include "storage/base/word.h"

namespace trifecta::daemon {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using Text = std::string_view;

// More copies than this cost more than they can save.
constexpr unsigned kReplicasMax = 16;
// A root of a shard is at most this many characters of a word; more makes nearly every word a
// shard of its own.
constexpr unsigned kFactorMax = 16;
// Seeds are asked one after the other at start; a handful is enough to find any cluster.
constexpr size_t kSeedsMax = 64;
// The characters of several alphabets.
constexpr size_t kLexiconBytesMax = 16 * 1024;
// Each has a thread.
constexpr unsigned kThreadsMax = 4'096;

constexpr std::array<Text, 4> kLevels = {"debug", "info", "warning", "error"};
constexpr std::array<Text, 5> kFormats = {"auto", "text", "journal", "json", "logfmt"};

Status Bad(std::string message) { return {StatusCode::kInvalidArgument, std::move(message)}; }

// Moves a parsed value to its member, or passes the error on.
template <typename From, typename To>
Status Take(Result<From> parsed, To* member) {
  if (!parsed.ok()) return parsed.status();
  *member = static_cast<To>(std::move(*parsed));
  return Status::Ok();
}

// A word's partition is the high bits of a hash.
Status TakePartitions(Text text, unsigned* member) {
  const Result<uint64_t> number = ParseNumber(text, net::kPartitionsMin, net::kPartitionsMax);
  if (!number.ok()) return number.status();
  if (!std::has_single_bit(*number)) {
    return {StatusCode::kInvalidArgument,
            StrCat(*number, " is no power of two: give ", std::bit_floor(*number), " or ",
                   std::bit_ceil(*number))};
  }
  *member = static_cast<unsigned>(*number);
  return Status::Ok();
}

template <size_t N, typename Enum>
Status TakeOneOf(const std::array<Text, N>& names, Text text, Enum* member) {
  const auto at = std::find(names.begin(), names.end(), text);
  if (at != names.end()) {
    *member = static_cast<Enum>(at - names.begin());
    return Status::Ok();
  }
  std::string known;
  for (Text name : names) known += StrCat(known.empty() ? "" : ", ", name);
  return Bad(StrCat("'", text, "' is none of ", known));
}

Status TakeSeeds(Text text, std::vector<Endpoint>* seeds) {
  std::vector<Endpoint> parsed;
  for (const std::string& part : SplitList(text)) {
    Result<Endpoint> seed = net::ParseEndpoint(part);
    if (!seed.ok()) return seed.status();
    parsed.push_back(std::move(*seed));
  }
  if (parsed.size() > kSeedsMax) {
    return Bad(StrCat(parsed.size(), " seeds; at most ", kSeedsMax, " are allowed"));
  }
  *seeds = std::move(parsed);
  return Status::Ok();
}

std::string ShowSeeds(const std::vector<Endpoint>& seeds) {
  std::string text;
  for (const Endpoint& seed : seeds) text += StrCat(text.empty() ? "" : ",", seed.ToString());
  return text;
}

Status TakeAdvertise(Text text, std::optional<Endpoint>* advertise) {
  if (text.empty()) {
    advertise->reset();
    return Status::Ok();
  }
  Result<Endpoint> parsed = net::ParseEndpoint(text);
  if (parsed.ok() && IsEveryInterface(*parsed)) {
    return Bad(StrCat("'", text, "' is no address that others can connect to"));
  }
  return Take(std::move(parsed), advertise);
}

Status TakeLexicon(Text text, std::string* lexicon) {
  if (text.size() > kLexiconBytesMax) {
    return Bad(StrCat(text.size(), " bytes; at most ", kLexiconBytesMax, " are allowed"));
  }
  // The rules for characters are those for words; a word's length is not this string's.
  for (size_t at = 0; at < text.size();) {
    size_t length = std::min(text.size() - at, kWordBytesMax);
    while (at + length < text.size() && (text[at + length] & 0xC0) == 0x80) --length;
    const Status valid = ValidatePrefix(text.substr(at, length));
    if (!valid.ok()) return Bad(valid.message());
    at += length;
  }
  *lexicon = text;
  return Status::Ok();
}

Status TakePath(Text text, bool may_be_empty, std::string* path) {
  if (text.empty() && !may_be_empty) return Bad("a path is missing");
  if (text.find('\0') != Text::npos) return Bad("a path cannot hold a NUL character");
  *path = text;
  return Status::Ok();
}

constexpr auto kText = ValueKind::kText;
constexpr auto kNumber = ValueKind::kNumber;
constexpr auto kEither = ValueKind::kTextOrNumber;
constexpr auto kList = ValueKind::kList;

const Key kKeys[] = {
    {"cluster", kText, "NAME", "the cluster's name; nodes refuse peers of another", false,
     [](Config* c, Text t) { return Take(ParseName(t, false), &c->cluster); },
     [](const Config& c) { return c.cluster; }},
    {"listen", kText, "HOST:PORT", "where to serve HTTP; port 0: the system chooses", false,
     [](Config* c, Text t) { return Take(ParseListen(t), &c->listen); },
     [](const Config& c) { return c.listen.ToString(); }},
    {"advertise", kText, "HOST:PORT", "where others reach this node, if not at `listen`", false,
     [](Config* c, Text t) { return TakeAdvertise(t, &c->advertise); },
     [](const Config& c) { return c.advertise ? c.advertise->ToString() : ""; }},
    {"seeds", kList, "HOST:PORT,...", "nodes of the cluster to join", false,
     [](Config* c, Text t) { return TakeSeeds(t, &c->seeds); },
     [](const Config& c) { return ShowSeeds(c.seeds); }},
    {"zone", kText, "NAME", "what fails together with this node: a rack, a site", false,
     [](Config* c, Text t) { return Take(ParseName(t, true), &c->zone); },
     [](const Config& c) { return c.zone; }},
    {"data_dir", kText, "DIR", "the data folder", false,
     [](Config* c, Text t) { return TakePath(t, false, &c->data_dir); },
     [](const Config& c) { return c.data_dir; }},

    {"replication_factor", kNumber, "N", "copies of each word", false,
     [](Config* c, Text t) {
       return Take(ParseNumber(t, 1, kReplicasMax), &c->replication_factor);
     },
     [](const Config& c) { return StrCat(c.replication_factor); }},
    {"read_quorum", kEither, "N", "copies that answer a read: a number or 'majority'", false,
     [](Config* c, Text t) { return Take(ParseQuorum(t, kReplicasMax), &c->read_quorum); },
     [](const Config& c) { return ShowQuorum(c.read_quorum); }},
    {"write_quorum", kEither, "N", "copies that hold a write before its answer", false,
     [](Config* c, Text t) { return Take(ParseQuorum(t, kReplicasMax), &c->write_quorum); },
     [](const Config& c) { return ShowQuorum(c.write_quorum); }},
    {"k_factor", kNumber, "N", "characters of a word that name its shard", false,
     [](Config* c, Text t) { return Take(ParseNumber(t, 1, kFactorMax), &c->k_factor); },
     [](const Config& c) { return StrCat(c.k_factor); }},
    {"partitions", kNumber, "N", "virtual nodes on the ring; fixed when a cluster is founded",
     false, [](Config* c, Text t) { return TakePartitions(t, &c->partitions); },
     [](const Config& c) { return StrCat(c.partitions); }},
    {"gossip_interval", kText, "TIME", "between two probes of other nodes", false,
     [](Config* c, Text t) {
       return Take(ParseDuration(t, Duration(50), minutes(1)), &c->gossip_interval);
     },
     [](const Config& c) { return ShowDuration(c.gossip_interval); }},
    {"hint_window", kText, "TIME", "how long writes are kept for a node that is down", false,
     [](Config* c, Text t) {
       return Take(ParseDuration(t, Duration(0), hours(24 * 30)), &c->hint_window);
     },
     [](const Config& c) { return ShowDuration(c.hint_window); }},
    {"tombstone_grace", kText, "TIME", "how long a deletion is remembered at least", false,
     [](Config* c, Text t) {
       return Take(ParseDuration(t, hours(1), hours(24 * 3650)), &c->tombstone_grace);
     },
     [](const Config& c) { return ShowDuration(c.tombstone_grace); }},
    {"max_shard_words", kNumber, "N", "above it a shard is carved up", false,
     [](Config* c, Text t) {
       return Take(ParseNumber(t, 1'000, 1'000'000'000), &c->max_shard_words);
     },
     [](const Config& c) { return StrCat(c.max_shard_words); }},
    {"lexicon", kText, "CHARACTERS", "the characters that words may have; empty: all", false,
     [](Config* c, Text t) { return TakeLexicon(t, &c->lexicon); },
     [](const Config& c) { return c.lexicon; }},

    {"memtable_size", kEither, "SIZE", "memory for what is newer than the last checkpoint", false,
     [](Config* c, Text t) { return Take(ParseSize(t, 1u << 20, 16ull << 30), &c->memtable_size); },
     [](const Config& c) { return ShowSize(c.memtable_size); }},
    {"max_connections", kNumber, "N", "connections of clients", false,
     [](Config* c, Text t) { return Take(ParseNumber(t, 16, 1'000'000), &c->max_connections); },
     [](const Config& c) { return StrCat(c.max_connections); }},
    {"max_streams", kNumber, "N", "bulk loads and exports at a time", false,
     [](Config* c, Text t) { return Take(ParseNumber(t, 1, kThreadsMax), &c->max_streams); },
     [](const Config& c) { return StrCat(c.max_streams); }},
    {"workers", kNumber, "N", "requests of clients worked on at a time", false,
     [](Config* c, Text t) { return Take(ParseNumber(t, 1, kThreadsMax), &c->workers); },
     [](const Config& c) { return StrCat(c.workers); }},
    {"max_queue", kNumber, "N", "requests that wait for a worker; more get 503", false,
     [](Config* c, Text t) { return Take(ParseNumber(t, 1, 1'000'000), &c->max_queue); },
     [](const Config& c) { return StrCat(c.max_queue); }},
    {"request_timeout", kText, "TIME", "for the answer to a request", false,
     [](Config* c, Text t) {
       return Take(ParseDuration(t, Duration(100), minutes(10)), &c->request_timeout);
     },
     [](const Config& c) { return ShowDuration(c.request_timeout); }},
    {"idle_timeout", kText, "TIME", "after it an idle connection is closed", false,
     [](Config* c, Text t) {
       return Take(ParseDuration(t, seconds(1), hours(24)), &c->idle_timeout);
     },
     [](const Config& c) { return ShowDuration(c.idle_timeout); }},

    {"log_level", kText, "LEVEL", "debug, info, warning or error", true,
     [](Config* c, Text t) { return TakeOneOf(kLevels, t, &c->log_level); },
     [](const Config& c) { return std::string(kLevels[static_cast<size_t>(c.log_level)]); }},
    {"log_format", kText, "FORMAT", "auto, text, journal, json or logfmt", true,
     [](Config* c, Text t) { return TakeOneOf(kFormats, t, &c->log_format); },
     [](const Config& c) { return std::string(kFormats[static_cast<size_t>(c.log_format)]); }},
    {"token_file", kText, "FILE", "its content is what requests must show as a bearer token", true,
     [](Config* c, Text t) { return TakePath(t, true, &c->token_file); },
     [](const Config& c) { return c.token_file; }},
    {"tls_certificate_file", kText, "FILE", "the certificate; this version serves no TLS", false,
     [](Config* c, Text t) { return TakePath(t, true, &c->tls_certificate_file); },
     [](const Config& c) { return c.tls_certificate_file; }},
    {"tls_key_file", kText, "FILE", "the certificate's key; this version serves no TLS", false,
     [](Config* c, Text t) { return TakePath(t, true, &c->tls_key_file); },
     [](const Config& c) { return c.tls_key_file; }},
    {"tls_ca_file", kText, "FILE", "signers of peers; this version serves no TLS", false,
     [](Config* c, Text t) { return TakePath(t, true, &c->tls_ca_file); },
     [](const Config& c) { return c.tls_ca_file; }},
};

std::string TomlString(Text text) {
  std::string quoted = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\') quoted.push_back('\\');
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= ' ' && byte != 0x7F) {
      quoted.push_back(c);
    } else {
      char code[8];
      std::snprintf(code, sizeof code, "\\u%04X", byte);
      quoted += code;
    }
  }
  return quoted + '"';
}

unsigned CopiesFor(Quorum quorum, unsigned replicas) {
  return quorum == kMajority ? replicas / 2 + 1 : quorum;
}

// "the read_quorum of 1 (FILE:LINE)", so that the operator finds the other value that is meant.
std::string Named(const Effective& effective, Text key, unsigned value) {
  const auto origin = effective.origins.find(key);
  return StrCat("the ", key, " of ", value, " (",
                origin == effective.origins.end() ? "default" : origin->second, ")");
}

bool AnyFaulty(const Effective& effective, std::initializer_list<Text> keys) {
  return std::any_of(keys.begin(), keys.end(),
                     [&](Text key) { return effective.faulty.contains(key); });
}

void CheckQuorums(Effective* effective) {
  if (AnyFaulty(*effective, {"read_quorum", "write_quorum", "replication_factor"})) return;
  const Config& config = effective->config;
  const unsigned replicas = config.replication_factor;
  const unsigned reads = CopiesFor(config.read_quorum, replicas);
  const unsigned writes = CopiesFor(config.write_quorum, replicas);
  const std::string wanted = Named(*effective, "replication_factor", replicas);
  bool reachable = true;
  for (const auto& [key, copies] : {std::pair<Text, unsigned>{"read_quorum", reads},
                                    std::pair<Text, unsigned>{"write_quorum", writes}}) {
    if (copies <= replicas) continue;
    AddError(key, StrCat(copies, " is above ", wanted, ": it could never be met"), effective);
    reachable = false;
  }
  if (!reachable || reads + writes > replicas) return;
  // A majority overlaps with another one, so at least one of the two was given.
  const bool read_given = effective->origins.contains("read_quorum");
  AddError(read_given ? "read_quorum" : "write_quorum",
           StrCat(read_given ? reads : writes, " and ",
                  read_given ? Named(*effective, "write_quorum", writes)
                             : Named(*effective, "read_quorum", reads),
                  ": a read could miss what a write stored; together they must exceed ", wanted),
           effective);
}

// What is refused because going on without it would betray what was asked for.
void CheckSupported(Effective* effective) {
  const Config& config = effective->config;
  for (const auto& [key, value] :
       {std::pair<Text, Text>{"tls_certificate_file", config.tls_certificate_file},
        std::pair<Text, Text>{"tls_key_file", config.tls_key_file},
        std::pair<Text, Text>{"tls_ca_file", config.tls_ca_file}}) {
    if (value.empty()) continue;
    AddError(key,
             "this version serves no TLS, and serving in the clear is not what was asked for; put "
             "a TLS proxy in front and remove the key",
             effective);
  }
}

void CheckExposure(Effective* effective) {
  const Config& config = effective->config;
  if (config.listen.IsLoopback() || !config.token_file.empty()) return;
  effective->warnings.push_back(
      StrCat("listening on ", config.listen.ToString(), " without a token: whoever reaches this ",
             "address may read and change every word; set token_file, or listen on 127.0.0.1"));
}

}  // namespace

std::span<const Key> Keys() { return kKeys; }

const Key* FindKey(std::string_view name) {
  for (const Key& key : kKeys) {
    if (key.name == name) return &key;
  }
  return nullptr;
}

std::span<const std::string_view> KeyNames() {
  static const auto names = [] {
    std::array<Text, std::size(kKeys)> all;
    std::transform(std::begin(kKeys), std::end(kKeys), all.begin(),
                   [](const Key& k) { return k.name; });
    return all;
  }();
  return names;
}

std::string FlagName(const Key& key) {
  std::string flag = StrCat("--", key.name);
  std::replace(flag.begin(), flag.end(), '_', '-');
  return flag;
}

std::string EnvironmentName(const Key& key) {
  std::string name = StrCat("TRIFECTAD_", key.name);
  std::transform(name.begin(), name.end(), name.begin(), [](char c) {
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  });
  return name;
}

std::string ShowTomlLine(const Key& key, const Config& config) {
  const std::string text = key.show(config);
  const bool digits = !text.empty() && text.find_first_not_of("0123456789") == std::string::npos;
  std::string value = TomlString(text);
  if (key.kind == ValueKind::kNumber || (key.kind == ValueKind::kTextOrNumber && digits)) {
    value = text;
  } else if (key.kind == ValueKind::kList) {
    value = "[";
    for (const std::string& part : SplitList(text)) {
      value += StrCat(value.size() > 1 ? ", " : "", TomlString(part));
    }
    value += "]";
  }
  return StrCat(key.name, " = ", value);
}

void Apply(std::span<const Setting> settings, Effective* effective) {
  for (const Setting& setting : settings) {
    const Status set = setting.key->set(&effective->config, setting.text);
    if (set.ok()) {
      effective->origins[setting.key->name] = setting.origin;
    } else {
      effective->faulty.insert(setting.key->name);
      effective->errors.push_back(
          StrCat(setting.origin, ": ", setting.key->name, ": ", set.message()));
    }
  }
}

void CheckTogether(Effective* effective) {
  CheckQuorums(effective);
  CheckSupported(effective);
  CheckExposure(effective);
}

void AddError(std::string_view key, std::string_view message, Effective* effective) {
  const auto origin = effective->origins.find(key);
  const std::string place = origin == effective->origins.end() ? "default" : origin->second;
  effective->errors.push_back(StrCat(place, ": ", key, ": ", message));
}

Endpoint AdvertisedEndpoint(const Config& config, uint16_t port) {
  if (config.advertise) return *config.advertise;
  if (!IsEveryInterface(config.listen)) return {config.listen.host, port};
  char name[256] = {};
  if (gethostname(name, sizeof name - 1) != 0) return {std::string(kDefaultHost), port};
  return {name, port};
}

}  // namespace trifecta::daemon
