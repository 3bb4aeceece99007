#include "daemon/config.h"

#include <unistd.h>

#include <fstream>
#include <sstream>

#include "tests/support/catch.h"

namespace trifecta::daemon {
namespace {

Effective Given(std::vector<std::pair<std::string_view, std::string>> values) {
  std::vector<Setting> settings;
  for (auto& [name, text] : values) {
    const Key* key = FindKey(name);
    REQUIRE(key != nullptr);
    settings.push_back({key, text, "test:1"});
  }
  Effective effective;
  Apply(settings, &effective);
  CheckTogether(&effective);
  return effective;
}

std::string FirstError(std::vector<std::pair<std::string_view, std::string>> values) {
  const Effective effective = Given(std::move(values));
  return effective.errors.empty() ? "" : effective.errors.front();
}

std::string SourceFile(const std::string& name) {
  std::ifstream file(std::string(TRIFECTA_SOURCE) + "/" + name);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

TEST_CASE("the defaults are valid and stay on the loopback without a warning") {
  const Effective effective = Given({});
  CHECK(effective.errors.empty());
  CHECK(effective.warnings.empty());
  CHECK(effective.config.listen.ToString() == "127.0.0.1:8000");
  CHECK(effective.config.data_dir == "/var/lib/trifecta");
  CHECK(effective.config.replication_factor == 3);
  CHECK(effective.config.k_factor == 2);
  CHECK(effective.config.partitions == 256);
}

TEST_CASE("what a key shows sets the same value again, for every key") {
  for (const Key& key : Keys()) {
    INFO(key.name);
    Config config;
    const std::string shown = key.show(config);
    CHECK(key.set(&config, shown).ok());
    CHECK(key.show(config) == shown);
  }
}

TEST_CASE("every key has a flag, a variable and a line of the file") {
  const Key& key = *FindKey("data_dir");
  CHECK(FlagName(key) == "--data-dir");
  CHECK(EnvironmentName(key) == "TRIFECTAD_DATA_DIR");
  Config config;
  config.data_dir = "/a\"b\\c";
  CHECK(ShowTomlLine(key, config) == R"(data_dir = "/a\"b\\c")");
  CHECK(ShowTomlLine(*FindKey("k_factor"), config) == "k_factor = 2");
  CHECK(ShowTomlLine(*FindKey("read_quorum"), config) == "read_quorum = \"majority\"");
  config.read_quorum = 2;
  CHECK(ShowTomlLine(*FindKey("read_quorum"), config) == "read_quorum = 2");
  CHECK(ShowTomlLine(*FindKey("seeds"), config) == "seeds = []");
  config.seeds = {{"a", 1}, {"::1", 2}};
  CHECK(ShowTomlLine(*FindKey("seeds"), config) == R"(seeds = ["a:1", "[::1]:2"])");
}

TEST_CASE("a later setting wins, and its place is known") {
  const Key* key = FindKey("zone");
  const std::vector<Setting> settings = {{key, "a", "file:3"}, {key, "b", "--zone"}};
  Effective effective;
  Apply(settings, &effective);
  CHECK(effective.config.zone == "b");
  CHECK(effective.origins.at("zone") == "--zone");
}

TEST_CASE("a bad value names its place and key, and each one is reported") {
  const Effective effective = Given({{"k_factor", "0"}, {"log_level", "loud"}, {"zone", "a b"}});
  REQUIRE(effective.errors.size() == 3);
  CHECK(effective.errors[0] == "test:1: k_factor: '0' is out of range; 1 to 16 are allowed");
  CHECK(effective.errors[1] == "test:1: log_level: 'loud' is none of debug, info, warning, error");
}

TEST_CASE("every key refuses nonsense") {
  for (const Key& key : Keys()) {
    INFO(key.name);
    Config config;
    // A path and a lexicon may be any text but one with a NUL character.
    CHECK_FALSE(key.set(&config, std::string("\0 ", 2)).ok());
  }
}

TEST_CASE("a lexicon is whole characters, none of them a control character") {
  CHECK(FirstError({{"lexicon", "abcäöü"}}).empty());
  CHECK(FirstError({{"lexicon", "a\x01"}}).find("control character") != std::string::npos);
  CHECK(FirstError({{"lexicon", "a\xff"}}).find("UTF-8") != std::string::npos);
  std::string long_one;
  while (long_one.size() < 3000) long_one += "xäö€";  // characters lie across every cut
  CHECK(FirstError({{"lexicon", long_one}}).empty());
  CHECK_FALSE(FirstError({{"lexicon", std::string(20'000, 'a')}}).empty());
}

TEST_CASE("quorums must be reachable and overlap") {
  CHECK(FirstError({{"read_quorum", "1"}, {"write_quorum", "3"}}).empty());
  CHECK(FirstError({{"replication_factor", "1"}, {"read_quorum", "1"}}).empty());
  CHECK(FirstError({{"write_quorum", "4"}}).find("could never be met") != std::string::npos);
  CHECK(FirstError({{"read_quorum", "1"}, {"write_quorum", "2"}}) ==
        "test:1: read_quorum: 1 and the write_quorum of 2 (test:1): a read could miss what a write "
        "stored; together they must exceed the replication_factor of 3 (default)");
  CHECK(FirstError({{"write_quorum", "1"}})
            .starts_with("test:1: write_quorum: 1 and the read_quorum of 2 (default): "));
}

TEST_CASE("faults of values together are told beside those of single values, but not made up") {
  const Effective both = Given({{"write_quorum", "4"}, {"tls_key_file", "/k"}, {"k_factor", "0"}});
  CHECK(both.errors.size() == 3);
  CHECK(Given({{"replication_factor", "99"}, {"write_quorum", "4"}}).errors.size() == 1);
  CHECK(Given({{"listen", "[::1"}, {"seeds", "[::1]:8000"}}).errors.size() == 1);
}

TEST_CASE("TLS is refused rather than left out in silence") {
  for (std::string_view key : {"tls_certificate_file", "tls_key_file", "tls_ca_file"}) {
    CHECK(FirstError({{key, "/tmp/file"}}).find("serves no TLS") != std::string::npos);
  }
}

TEST_CASE("seeds are addresses of nodes") {
  CHECK(FirstError({{"seeds", ""}}).empty());
  CHECK(FirstError({{"seeds", "db1:8000, db2:8000"}, {"advertise", "db1:8000"}}).empty());
  CHECK(FirstError({{"seeds", "db1:x"}}).find("port") != std::string::npos);
}

TEST_CASE("partitions are a power of two, as a word's partition is the high bits of a hash") {
  CHECK(FirstError({{"partitions", "8"}}).empty());
  CHECK(FirstError({{"partitions", "4096"}}).empty());
  CHECK(FirstError({{"partitions", "100"}}).find("give 64 or 128") != std::string::npos);
  CHECK_FALSE(FirstError({{"partitions", "4"}}).empty());
  CHECK_FALSE(FirstError({{"partitions", "8192"}}).empty());
}

TEST_CASE("listening beyond the loopback without a token is warned of") {
  const Effective open = Given({{"listen", "0.0.0.0:8000"}});
  CHECK(open.errors.empty());
  REQUIRE(open.warnings.size() == 1);
  CHECK(open.warnings[0].find("without a token") != std::string::npos);
  CHECK(Given({{"listen", "0.0.0.0:8000"}, {"token_file", "/tmp/t"}}).warnings.empty());
  CHECK(Given({{"listen", "[::1]:8000"}}).warnings.empty());
}

TEST_CASE("others reach the node at what it advertises, or where it listens") {
  Config config;
  CHECK(AdvertisedEndpoint(config, 9).ToString() == "127.0.0.1:9");
  config.listen.host = "0.0.0.0";
  char name[256] = {};
  REQUIRE(gethostname(name, sizeof name - 1) == 0);
  CHECK(AdvertisedEndpoint(config, 9) == Endpoint{name, 9});
  config.advertise = Endpoint{"db1", 80};
  CHECK(AdvertisedEndpoint(config, 9).ToString() == "db1:80");
  CHECK_FALSE(FirstError({{"advertise", "0.0.0.0:80"}}).empty());
}

TEST_CASE("every key is in the manual and, with its default, in the packaged file") {
  const std::string page = SourceFile("man/trifectad.toml.5");
  const std::string packaged = SourceFile("daemon/packaging/trifectad.toml");
  const Config defaults;
  for (const Key& key : Keys()) {
    INFO(key.name);
    CHECK(page.find(".It Ic " + std::string(key.name)) != std::string::npos);
    CHECK(packaged.find("\n# " + ShowTomlLine(key, defaults) + "\n") != std::string::npos);
  }
}

}  // namespace
}  // namespace trifecta::daemon
