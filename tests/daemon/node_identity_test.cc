#include "daemon/node_identity.h"

#include <fstream>
#include <set>
#include <sstream>

#include "tests/support/catch.h"
#include "tests/support/temp_dir.h"

namespace trifecta::daemon {
namespace {

std::string ReadFile(const std::string& path) {
  std::stringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

TEST_CASE("a UUID is random, of version 4, in the usual form") {
  std::set<std::string> seen;
  for (int i = 0; i < 100; ++i) {
    const std::string uuid = MakeUuid();
    CHECK(IsUuid(uuid));
    CHECK(uuid[14] == '4');
    CHECK(std::string("89ab").find(uuid[19]) != std::string::npos);
    seen.insert(uuid);
  }
  CHECK(seen.size() == 100);
}

TEST_CASE("what is no UUID is not taken for one") {
  CHECK(IsUuid("3e0f5b1c-8a52-4c0d-9d0f-6f1f0c6f2a11"));
  for (std::string_view text :
       {"", "3e0f5b1c-8a52-4c0d-9d0f-6f1f0c6f2a1", "3e0f5b1c-8a52-4c0d-9d0f-6f1f0c6f2a111",
        "3E0f5b1c-8a52-4c0d-9d0f-6f1f0c6f2a11", "3e0f5b1c08a52-4c0d-9d0f-6f1f0c6f2a11",
        "3e0f5b1c-8a52-4c0d-9d0f-6f1f0c6f2a1g"}) {
    INFO(text);
    CHECK_FALSE(IsUuid(text));
  }
}

TEST_CASE("a folder's id is made once and stays") {
  const test::TempDir folder;
  const auto first = LoadOrMakeNodeId(folder.path());
  REQUIRE(first.ok());
  CHECK(IsUuid(*first));
  const auto second = LoadOrMakeNodeId(folder.path());
  REQUIRE(second.ok());
  CHECK(*first == *second);
  CHECK(ReadFile(folder.File("node")).starts_with("trifecta-node 1\nid " + *first + "\ncrc32c "));
}

TEST_CASE("every changed bit and every cut of the file is found") {
  const test::TempDir folder;
  const std::string path = folder.File("node");
  REQUIRE(LoadOrMakeNodeId(folder.path()).ok());
  const std::string whole = ReadFile(path);
  const auto found = [&](const std::string& bytes) {
    std::ofstream(path, std::ios::trunc) << bytes;
    const auto id = LoadOrMakeNodeId(folder.path());
    return !id.ok() && id.status().code() == StatusCode::kDataDamaged &&
           id.status().message().starts_with(path + ": offset 0: ");
  };
  for (size_t i = 0; i < whole.size(); ++i) {
    CHECK(found(whole.substr(0, i)));
    for (int bit = 0; bit < 8; ++bit) {
      std::string changed = whole;
      changed[i] = static_cast<char>(changed[i] ^ (1 << bit));
      CHECK(found(changed));
    }
  }
  CHECK(found(whole + "\n"));
  CHECK(found(std::string(100'000, 'x')));
}

TEST_CASE("a folder that cannot be written to gives its error") {
  const auto id = LoadOrMakeNodeId("/no/such/folder");
  REQUIRE_FALSE(id.ok());
  CHECK(id.status().code() == StatusCode::kNotFound);
}

}  // namespace
}  // namespace trifecta::daemon
