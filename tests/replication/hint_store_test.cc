#include "daemon/replication/hint_store.h"

#include <string>
#include <vector>

#include "storage/base/text.h"
#include "tests/support/catch.h"
#include "tests/support/fault_file_system.h"
#include "tests/support/memory_file_system.h"

namespace trifecta::replication {
namespace {

using test::FaultFileSystem;
using test::MemoryFileSystem;

constexpr uint64_t kNow = 1'700'000'000'000;
constexpr size_t kMany = 1'000'000;

std::unique_ptr<HintStore> MustOpen(HintStoreOptions options) {
  auto store = HintStore::Open(std::move(options));
  if (!store.ok()) FAIL(store.status().ToString());
  return std::move(*store);
}

std::unique_ptr<HintStore> MustOpen(FileSystem* files, uint64_t seed = 1) {
  HintStoreOptions options;
  options.folder = "hints";
  options.file_system = files;
  options.seed = seed;
  return MustOpen(std::move(options));
}

Hint HintOf(NodeNumber node, std::string word, uint64_t time = 7) {
  return {node, std::move(word), {time, 1}, time % 2 == 0};
}

std::vector<Hint> HintsOf(NodeNumber node, size_t count, size_t bytes = 8) {
  std::vector<Hint> hints;
  for (size_t i = 0; i < count; ++i) {
    std::string word = StrCat(100'000 + i, "-");
    word.resize(bytes, 'x');
    hints.push_back(HintOf(node, std::move(word)));
  }
  return hints;
}

void Add(HintStore* store, const std::vector<Hint>& hints, uint64_t wall = kNow) {
  store->Add(hints, wall);
}

std::vector<std::string> WordsOf(const HintBatch& batch) {
  std::vector<std::string> words;
  for (size_t i = 0; i < batch.entries.size(); ++i) words.emplace_back(batch.entries.word(i));
  return words;
}

// All hints for a node, taken out.
std::vector<std::string> TakeAll(HintStore* store, NodeNumber node) {
  std::vector<std::string> words;
  for (;;) {
    const HintBatch batch = store->Next(node, kMany, kMany);
    if (batch.entries.empty()) return words;
    for (std::string& word : WordsOf(batch)) words.push_back(std::move(word));
    store->Done(batch);
  }
}

using Words = std::vector<std::string>;

}  // namespace

TEST_CASE("Hints are given for their node, oldest first, until they are done") {
  MemoryFileSystem files;
  const auto store = MustOpen(&files);
  Add(store.get(), {HintOf(3, "trial", 7), HintOf(4, "other"), HintOf(3, "tribe", 8)});
  Add(store.get(), {HintOf(3, "later")}, kNow + 5);
  CHECK(store->hints() == 4);
  const HintBatch batch = store->Next(3, kMany, kMany);
  CHECK(WordsOf(batch) == Words{"trial", "tribe", "later"});
  CHECK(batch.entries.version(1) == Version{8, 1});
  CHECK(batch.entries.tombstone(1));
  CHECK_FALSE(batch.entries.tombstone(0));
  CHECK(WordsOf(store->Next(3, kMany, kMany)).size() == 3);
  store->Done(batch);
  store->Done(batch);
  CHECK(store->Next(3, kMany, kMany).entries.empty());
  CHECK(TakeAll(store.get(), 4) == Words{"other"});
  CHECK(files.List("hints")->empty());
}

TEST_CASE("Hints are counted by node, with the time of the oldest") {
  MemoryFileSystem files;
  const auto store = MustOpen(&files);
  Add(store.get(), {HintOf(9, "b")}, kNow + 10);
  Add(store.get(), {HintOf(3, "a")}, kNow + 20);
  Add(store.get(), {HintOf(9, "c")}, kNow + 30);
  const std::vector<HintCount> counts = store->Counts();
  REQUIRE(counts.size() == 2);
  CHECK(counts[0].node == 3);
  CHECK(counts[1].node == 9);
  CHECK(counts[1].hints == 2);
  CHECK(counts[1].oldest == kNow + 10);
  CHECK(counts[1].bytes > 64);
}

TEST_CASE("A batch has a frame at least, and no more than was asked for otherwise") {
  MemoryFileSystem files;
  const auto store = MustOpen(&files);
  for (int i = 0; i < 10; ++i) Add(store.get(), HintsOf(3, 100));
  CHECK(store->Next(3, 1, kMany).entries.size() == 100);
  CHECK(store->Next(3, 250, kMany).entries.size() == 200);
  CHECK(store->Next(3, kMany, 1).entries.size() == 100);
  const HintBatch batch = store->Next(3, 250, kMany);
  store->Done(batch);
  CHECK(store->hints() == 800);
  CHECK(TakeAll(store.get(), 3).size() == 800);
}

TEST_CASE("What is added while a batch is under way comes after it") {
  MemoryFileSystem files;
  const auto store = MustOpen(&files);
  Add(store.get(), {HintOf(3, "a")});
  const HintBatch batch = store->Next(3, kMany, kMany);
  Add(store.get(), {HintOf(3, "b")});
  store->Done(batch);
  CHECK(TakeAll(store.get(), 3) == Words{"b"});
  Add(store.get(), {HintOf(3, "c")});
  CHECK(TakeAll(store.get(), 3) == Words{"c"});
}

TEST_CASE("Many hints take several segments, which go one by one") {
  MemoryFileSystem files;
  const auto store = MustOpen(&files);
  const std::vector<Hint> hints = HintsOf(3, 5'000, 1'000);
  // Words that share nothing, so that they take their bytes.
  for (size_t i = 0; i < hints.size(); ++i) {
    Hint hint = hints[i];
    hint.word.insert(0, StrCat(i * 7'919 % 10'007, "-"));
    Add(store.get(), {hint});
  }
  const size_t segments = files.List("hints")->size();
  CHECK(segments >= 5);
  const HintBatch batch = store->Next(3, kMany, size_t{1} << 40);
  CHECK(batch.entries.size() < 2'000);
  store->Done(batch);
  CHECK(files.List("hints")->size() == segments - 1);
  CHECK(TakeAll(store.get(), 3).size() == 5'000 - batch.entries.size());
}

TEST_CASE("Hints survive a restart; what was done in a segment comes once more") {
  MemoryFileSystem files;
  {
    const auto store = MustOpen(&files);
    Add(store.get(), {HintOf(3, "a")}, kNow);
    Add(store.get(), {HintOf(3, "b")}, kNow + 1);
    store->Done(store->Next(3, 1, kMany));
  }
  const auto store = MustOpen(&files, 2);
  Add(store.get(), {HintOf(3, "c")}, kNow + 2);
  CHECK(store->Counts().at(0).oldest == kNow);
  CHECK(store->hints() == 3);
  CHECK(TakeAll(store.get(), 3) == Words{"a", "b", "c"});
}

TEST_CASE("A torn tail is left out, wherever it was torn, and hints go on after it") {
  MemoryFileSystem files;
  {
    const auto store = MustOpen(&files);
    Add(store.get(), {HintOf(3, "a")});
    Add(store.get(), {HintOf(3, "b")});
  }
  const std::string path = "hints/" + files.List("hints")->at(0);
  const std::string whole = *files.ReadAll(path);
  for (size_t size = 0; size < whole.size(); ++size) {
    INFO(size);
    files.Put(path, whole.substr(0, size));
    auto store = MustOpen(&files, 2);
    Add(store.get(), {HintOf(3, "c")});
    store = MustOpen(&files, 3);
    const Words words = TakeAll(store.get(), 3);
    CHECK(words.back() == "c");
    for (size_t i = 0; i + 1 < words.size(); ++i) CHECK(words[i] == Words{"a", "b"}[i]);
    CHECK(files.List("hints")->empty());
  }
}

TEST_CASE("A flipped bit ends a segment there, and does no other harm") {
  MemoryFileSystem files;
  {
    const auto store = MustOpen(&files);
    for (const char* word : {"a", "b", "c"}) Add(store.get(), {HintOf(3, word)});
  }
  const std::string path = "hints/" + files.List("hints")->at(0);
  const std::string whole = *files.ReadAll(path);
  for (size_t bit = 0; bit < whole.size() * 8; bit += 5) {
    std::string damaged = whole;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ 1 << bit % 8);
    files.Put(path, damaged);
    const auto store = MustOpen(&files, 2);
    const Words words = TakeAll(store.get(), 3);
    INFO(bit);
    CHECK(words.size() <= 3);
    for (size_t i = 0; i < words.size(); ++i) CHECK(words[i] == Words{"a", "b", "c"}[i]);
    store->Drop(3);
    files.Clear();
  }
}

TEST_CASE("Damage that comes while the process runs costs the rest of that segment alone") {
  MemoryFileSystem files;
  const auto store = MustOpen(&files);
  Add(store.get(), {HintOf(3, "a")});
  Add(store.get(), {HintOf(3, "b")});
  const std::string path = "hints/" + files.List("hints")->at(0);
  std::string bytes = *files.ReadAll(path);
  bytes.back() ^= 1;
  bytes[bytes.size() - 30] ^= 1;
  files.Put(path, bytes);
  CHECK(TakeAll(store.get(), 3) == Words{"a"});
  Add(store.get(), {HintOf(3, "c")});
  CHECK(TakeAll(store.get(), 3) == Words{"c"});
}

TEST_CASE("What was not synced may be lost with the power, but no more than that") {
  MemoryFileSystem memory;
  for (uint64_t seed = 1; seed <= 40; ++seed) {
    memory.Clear();
    FaultFileSystem files(&memory);
    {
      const auto store = MustOpen(&files, seed);
      for (int i = 0; i < 20; ++i) Add(store.get(), {HintOf(3, StrCat("word-", i))});
      files.Crash(seed);
    }
    const auto store = MustOpen(&files, seed + 1'000);
    const Words words = TakeAll(store.get(), 3);
    for (size_t i = 0; i < words.size(); ++i) CHECK(words[i] == StrCat("word-", i));
    Add(store.get(), {HintOf(3, "after")});
    CHECK(TakeAll(store.get(), 3) == Words{"after"});
  }
}

TEST_CASE("Hints older than the window are never given, and their files go") {
  MemoryFileSystem files;
  const auto store = MustOpen(&files);
  Add(store.get(), {HintOf(3, "old")}, kNow);
  Add(store.get(), {HintOf(3, "new")}, kNow + 1'000);
  Add(store.get(), {HintOf(4, "old")}, kNow);
  store->Expire(kNow + 1'500, 1'000);
  CHECK(store->Counts().size() == 1);
  const HintBatch batch = store->Next(3, kMany, kMany);
  CHECK(WordsOf(batch) == Words{"new"});
  CHECK(batch.passed == 2);
  store->Done(batch);
  CHECK(store->hints() == 0);
  Add(store.get(), {HintOf(3, "again")}, kNow);
  CHECK(store->Next(3, kMany, kMany).entries.empty());
  CHECK(store->hints() == 0);
  CHECK(files.List("hints")->empty());
}

TEST_CASE("A node has a share of the room, and all nodes together have a room") {
  MemoryFileSystem files;
  HintStoreOptions options;
  options.folder = "hints";
  options.file_system = &files;
  options.node_bytes_max = 20'000;
  options.bytes_max = 50'000;
  const auto store = MustOpen(options);
  for (int i = 0; i < 40; ++i) {
    for (const NodeNumber node : {3, 4, 5, 6}) Add(store.get(), HintsOf(node, 100, 30));
  }
  uint64_t bytes = 0;
  for (const HintCount& count : store->Counts()) {
    CHECK(count.bytes <= 20'000);
    bytes += count.bytes;
  }
  CHECK(bytes <= 50'000);
  CHECK(bytes > 40'000);
  CHECK(store->dropped() > 0);
  CHECK(store->hints() + store->dropped() == 16'000);
  // There is room again.
  store->Drop(3);
  const uint64_t dropped = store->dropped();
  Add(store.get(), HintsOf(6, 10));
  CHECK(store->dropped() == dropped);
}

TEST_CASE("A disk that is full drops hints, and keeps those that it has") {
  MemoryFileSystem memory;
  FaultFileSystem files(&memory);
  const auto store = MustOpen(&files);
  Add(store.get(), {HintOf(3, "a")});
  files.SetFreeBytes(0);
  Add(store.get(), {HintOf(3, "b")});
  Add(store.get(), {HintOf(4, "c")});
  CHECK(store->dropped() == 2);
  files.SetFreeBytes(std::nullopt);
  Add(store.get(), {HintOf(3, "d")});
  CHECK(TakeAll(store.get(), 3) == Words{"a", "d"});
}

TEST_CASE("Only files with the names of hints are touched") {
  MemoryFileSystem files;
  for (const char* name : {"hints/README", "hints/hints-0000-0000000000000001",
                           "hints/hints-0003-000000000000000G", "hints/hints-0003-1"}) {
    files.Put(name, "mine");
  }
  const auto store = MustOpen(&files);
  CHECK(store->hints() == 0);
  CHECK(files.List("hints")->size() == 4);
  CHECK(HintFileName(3, 255) == "hints-0003-00000000000000ff");
  CHECK(ParseHintFileName("hints-0003-00000000000000ff")->segment == 255);
}

TEST_CASE("Hints of a later format are left alone") {
  MemoryFileSystem files;
  storage::SegmentHeader header{storage::kLogFormatVersion + 1, 5, 9};
  files.Put("hints/" + HintFileName(3, 9), storage::EncodeSegmentHeader(header));
  const auto store = MustOpen(&files);
  Add(store.get(), {HintOf(3, "a")});
  CHECK(TakeAll(store.get(), 3) == Words{"a"});
  CHECK(*files.List("hints") == Words{HintFileName(3, 9)});
}

}  // namespace trifecta::replication
