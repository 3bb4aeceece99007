#include "storage/store.h"

#include <atomic>
#include <cerrno>
#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "storage/base/limits.h"
#include "storage/base/word.h"
#include "tests/support/catch.h"
#include "tests/support/fault_file_system.h"
#include "tests/support/gate_file_system.h"
#include "tests/support/small_store.h"
#include "tests/support/temp_dir.h"

namespace trifecta::storage {
namespace {

using test::Difference;
using test::EntryMap;
using test::FaultFileSystem;
using test::HeldBy;
using test::MustOpen;
using test::SmallStore;
using test::TempDir;
using test::WriteAll;
using test::WriteOne;

std::vector<std::string> WordsOf(const Page& page) {
  std::vector<std::string> words;
  for (size_t i = 0; i < page.size(); ++i) words.emplace_back(page.word(i));
  return words;
}

using Words = std::vector<std::string>;

// A store in a folder of its own, on a disk that can fail.
struct Fixture {
  TempDir dir;
  FaultFileSystem files;
  std::unique_ptr<Store> store = MustOpen(SmallStore(&files, dir.path()));

  void Reopen() {
    store.reset();
    store = MustOpen(SmallStore(&files, dir.path()));
  }
  Words Search(std::string_view prefix, std::string_view after, size_t limit,
               Order order = Order::kAscending) {
    Page page;
    SearchOptions options;
    options.prefix = prefix;
    options.after = after;
    options.limit = limit;
    options.order = order;
    REQUIRE(store->Search(options, &page).ok());
    return WordsOf(page);
  }
};

TEST_CASE("The real file system keeps a store from one opening to the next") {
  const TempDir dir;
  StoreOptions options;
  options.folder = dir.File("made/on/demand");
  options.log_segment_bytes = 64 * 1024;
  {
    const auto store = MustOpen(options);
    CHECK(WriteOne(store.get(), "trial", {1, 1}).ok());
    CHECK(store->Checkpoint().ok());
    CHECK(WriteOne(store.get(), "triathlon", {2, 1}).ok());
  }
  const auto store = MustOpen(options);
  const EntryMap expected = {{"trial", {{1, 1}, false}}, {"triathlon", {{2, 1}, false}}};
  CHECK(Difference(*HeldBy(*store), expected) == "");
}

TEST_CASE("A folder that a store has open is refused, and free after it") {
  Fixture fixture;
  const auto second = Store::Open(SmallStore(&fixture.files, fixture.dir.path()));
  REQUIRE_FALSE(second.ok());
  CHECK(second.status().code() == StatusCode::kAlreadyInUse);
  fixture.Reopen();
}

TEST_CASE("An empty store finds nothing") {
  Fixture fixture;
  CHECK_FALSE(fixture.store->Get("a")->known);
  CHECK(*fixture.store->Count("") == 0);
  CHECK(fixture.store->ShardRoots("", 2)->empty());
  CHECK(fixture.Search("", "", 10).empty());
  CHECK(fixture.Search("", "", 10, Order::kDescending).empty());
  CHECK(fixture.store->Checkpoint().ok());
  CHECK(fixture.store->Stats().words == 0);
}

TEST_CASE("A write says what was there before, judged against the newest entry of any layer") {
  Fixture fixture;
  const auto write = [&](Version version, bool tombstone) {
    const Entry entry{"word", version, tombstone};
    WriteOutcome outcome;
    REQUIRE(fixture.store->Write({&entry, 1}, {&outcome, 1}).ok());
    return outcome;
  };
  const bool checkpoints = GENERATE(false, true);
  const auto settle = [&] {
    if (checkpoints) REQUIRE(fixture.store->Checkpoint().ok());
  };
  WriteOutcome outcome = write({5, 1}, false);
  CHECK((!outcome.existed && outcome.applied && outcome.newest == Version{5, 1}));
  CHECK(outcome.before == Version{});
  settle();
  outcome = write({4, 9}, true);  // older
  CHECK((outcome.existed && !outcome.applied && outcome.newest == Version{5, 1}));
  CHECK(outcome.before == Version{5, 1});
  settle();
  outcome = write({5, 1}, false);  // the same again
  CHECK((outcome.existed && !outcome.applied));
  settle();
  outcome = write({5, 1}, true);  // at equal versions a tombstone wins
  CHECK((outcome.existed && outcome.applied));
  settle();
  outcome = write({5, 2}, false);
  CHECK((!outcome.existed && outcome.applied && outcome.newest == Version{5, 2}));
  CHECK(outcome.before == Version{5, 1});
  CHECK(*fixture.store->Count("") == 1);
}

TEST_CASE("Entries of one word in one write apply in order") {
  Fixture fixture;
  const Entry entries[] = {{"word", {1, 1}, false},
                           {"word", {2, 1}, true},
                           {"word", {3, 1}, false},
                           {"word", {2, 5}, true}};
  WriteOutcome outcomes[4];
  REQUIRE(fixture.store->Write(entries, outcomes).ok());
  CHECK((!outcomes[0].existed && outcomes[0].applied));
  CHECK((outcomes[1].existed && outcomes[1].applied));
  CHECK((!outcomes[2].existed && outcomes[2].applied));
  CHECK((outcomes[3].existed && !outcomes[3].applied && outcomes[3].newest == Version{3, 1}));
  fixture.Reopen();
  CHECK(fixture.store->Get("word")->version == Version{3, 1});
}

TEST_CASE("A write of too many words is refused, one of none does nothing") {
  Fixture fixture;
  const std::vector<Entry> many(kWriteEntriesMax + 1, Entry{"w", {1, 1}, false});
  CHECK(fixture.store->Write(many, {}).code() == StatusCode::kTooLarge);
  const auto calls = fixture.files.operations();
  CHECK(fixture.store->Write({}, {}).ok());
  CHECK(fixture.files.operations() == calls);
}

TEST_CASE("A search gives the words beyond `after`, in its order, as many as the limit") {
  Fixture fixture;
  EntryMap entries;
  for (const char* word : {"tri", "trial", "triathlon", "tribe", "trickle", "u"}) {
    entries[word] = {{1, 1}, false};
  }
  entries["trick"] = {{1, 1}, true};
  REQUIRE(WriteAll(fixture.store.get(), entries).ok());
  if (GENERATE(false, true)) REQUIRE(fixture.store->Checkpoint().ok());
  CHECK(fixture.Search("tri", "", 3) == Words{"tri", "trial", "triathlon"});
  CHECK(fixture.Search("tri", "triathlon", 3) == Words{"tribe", "trickle"});
  CHECK(fixture.Search("tri", "trib", 1) == Words{"tribe"});
  CHECK(fixture.Search("tri", "a", 1) == Words{"tri"});
  CHECK(fixture.Search("tri", "z", 10).empty());
  CHECK(fixture.Search("tri", "", 2, Order::kDescending) == Words{"trickle", "tribe"});
  CHECK(fixture.Search("tri", "tribe", 2, Order::kDescending) == Words{"triathlon", "trial"});
  CHECK(fixture.Search("tri", "z", 1, Order::kDescending) == Words{"trickle"});
  CHECK(fixture.Search("tri", "a", 10, Order::kDescending).empty());
  CHECK(fixture.Search("", "", 0).empty());
  CHECK(fixture.Search("x", "", 10).empty());
  CHECK(*fixture.store->Count("tri") == 5);
  CHECK(*fixture.store->Count("trick") == 1);
}

TEST_CASE("A page holds no more than its limit allows at all") {
  Fixture fixture;
  std::vector<std::string> words;
  std::vector<Entry> entries;
  for (size_t i = 0; i < kPageEntriesMax + 5; ++i) words.push_back(std::to_string(100'000 + i));
  for (const std::string& word : words) entries.push_back({word, {1, 1}, false});
  REQUIRE(fixture.store->Write(entries, {}).ok());
  CHECK(fixture.Search("", "", kPageEntriesMax + 5).size() == kPageEntriesMax);
}

TEST_CASE("The longest words and the last characters of Unicode are words like others") {
  Fixture fixture;
  const EntryMap entries = {{std::string(kWordBytesMax, 'a'), {{1, 1}, false}},
                            {"\xf4\x8f\xbf\xbf", {{1, 1}, false}},
                            {"\xf4\x8f\xbf\xbf\xf4\x8f\xbf\xbf", {{1, 1}, false}}};
  REQUIRE(WriteAll(fixture.store.get(), entries).ok());
  for (int round = 0; round < 2; ++round) {
    CHECK(Difference(*HeldBy(*fixture.store), entries) == "");
    CHECK(fixture.Search("\xf4\x8f\xbf\xbf", "", 10).size() == 2);
    CHECK(*fixture.store->Count("\xf4\x8f\xbf\xbf") == 2);
    CHECK(*fixture.store->Count(std::string(kWordBytesMax, 'a')) == 1);
    CHECK(fixture.Search("\xf4\x8f\xbf\xbf", "", 1, Order::kDescending).front().size() == 8);
    REQUIRE(fixture.store->Checkpoint().ok());
  }
}

TEST_CASE("Shard roots are the first characters of live words, and \"\" for shorter ones") {
  Fixture fixture;
  REQUIRE(WriteAll(fixture.store.get(), {{"a", {{1, 1}, false}},
                                         {"abc", {{1, 1}, false}},
                                         {"abd", {{1, 1}, false}},
                                         {"\xc3\xa9t\xc3\xa9", {{1, 1}, false}},
                                         {"zz", {{1, 1}, true}}})
              .ok());
  if (GENERATE(false, true)) REQUIRE(fixture.store->Checkpoint().ok());
  CHECK(*fixture.store->ShardRoots("", 2) == Words{"", "ab", "\xc3\xa9t"});
  CHECK(*fixture.store->ShardRoots("ab", 2) == Words{"ab"});
  CHECK(*fixture.store->ShardRoots("", 3) == Words{"", "abc", "abd", "\xc3\xa9t\xc3\xa9"});
  CHECK(fixture.store->ShardRoots("z", 2)->empty());
}

TEST_CASE("A close gives the log's space back, and the next start replays nothing") {
  Fixture fixture;
  const EntryMap entries = {{"trial", {{1, 1}, false}}};
  REQUIRE(WriteAll(fixture.store.get(), entries).ok());
  CHECK(fixture.store->Stats().log_bytes >= 4096);
  REQUIRE(fixture.store->Close().ok());
  CHECK(fixture.store->Stats().log_bytes == 0);
  CHECK(Difference(*HeldBy(*fixture.store), entries) == "");  // reads go on
  const auto names = *fixture.files.List(fixture.dir.path());
  for (const std::string& name : names) {
    CHECK_FALSE(name.starts_with("log-"));
  }
  fixture.Reopen();
  CHECK(fixture.store->Stats().memtable_entries == 0);
  CHECK(Difference(*HeldBy(*fixture.store), entries) == "");
}

TEST_CASE("A store whose whole log was merged after a kill starts again") {
  Fixture fixture;
  EntryMap entries;  // more than a segment's: they get one of their own, with room for nothing else
  for (int i = 0; i < 2'000; ++i) entries["trial" + std::to_string(i)] = {{1, 1}, false};
  REQUIRE(WriteAll(fixture.store.get(), entries).ok());
  fixture.Reopen();
  REQUIRE(fixture.store->Checkpoint().ok());
  fixture.Reopen();
  CHECK(Difference(*HeldBy(*fixture.store), entries) == "");
  REQUIRE(WriteOne(fixture.store.get(), "tribe", {2, 1}).ok());
  REQUIRE(fixture.store->Checkpoint().ok());
  REQUIRE(fixture.store->Close().ok());
  CHECK(fixture.store->Stats().log_bytes == 0);
}

TEST_CASE("A checkpoint with nothing new touches no file, one of stale entries frees the log") {
  Fixture fixture;
  REQUIRE(WriteOne(fixture.store.get(), "word", {9, 1}).ok());
  REQUIRE(fixture.store->Checkpoint().ok());
  const auto calls = fixture.files.operations();
  REQUIRE(fixture.store->Checkpoint().ok());
  CHECK(fixture.files.operations() == calls);

  for (int i = 0; i < 600; ++i) REQUIRE(WriteOne(fixture.store.get(), "word", {1, 1}).ok());
  CHECK(fixture.store->Stats().memtable_entries == 0);
  CHECK(fixture.store->Stats().log_segments > 4);
  REQUIRE(fixture.store->Checkpoint().ok());
  CHECK(fixture.store->Stats().log_segments == 3);  // two wait to be used again
}

TEST_CASE("Tablets split as they grow, and base files that are no longer named go") {
  Fixture fixture;
  uint64_t time = 0;
  for (int round = 0; round < 5; ++round) {
    EntryMap entries;
    for (uint64_t i = 0; i < 200; ++i) {
      entries[std::to_string(i * 7'919 % 100'003 + 1'000'000) + std::to_string(round)] = {
          {++time, 1}, false};
    }
    REQUIRE(WriteAll(fixture.store.get(), entries).ok());
    REQUIRE(fixture.store->Checkpoint().ok());
  }
  const StoreStats stats = fixture.store->Stats();
  CHECK(stats.words == 1'000);
  CHECK(stats.base_entries == 1'000);
  CHECK(stats.tablets >= 5);
  CHECK(stats.checkpoints == 5);
  uint64_t files = 0, bytes = 0;
  const auto names = *fixture.files.List(fixture.dir.path());
  for (const std::string& name : names) {
    if (!name.starts_with("base-")) continue;
    ++files;
    bytes += *fixture.files.Size(fixture.dir.File(name));
  }
  CHECK(files == stats.tablets);
  CHECK(bytes == stats.base_bytes);
}

TEST_CASE("A full memtable is merged in the background, and the log's old segments go") {
  const TempDir dir;
  FaultFileSystem files;
  StoreOptions options = SmallStore(&files, dir.path());
  options.background = true;
  options.memtable_bytes = 200 * 1024;
  const auto store = MustOpen(options);
  uint64_t words = 0;
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (store->Stats().checkpoints < 3 && std::chrono::steady_clock::now() < deadline) {
    std::vector<std::string> texts;
    std::vector<Entry> entries;
    for (int i = 0; i < 100; ++i) texts.push_back(std::to_string(1'000'000 + words++ * 37));
    for (const std::string& text : texts) entries.push_back({text, {words, 1}, false});
    REQUIRE(store->Write(entries, {}).ok());
  }
  const StoreStats stats = store->Stats();
  CHECK(stats.checkpoints >= 3);
  CHECK(stats.words == words);
  CHECK(stats.memtable_bytes <= 2 * options.memtable_bytes + (1u << 20));
}

TEST_CASE("A failure is told once, with what failed; reads go on, writes are refused") {
  Fixture fixture;
  REQUIRE(WriteOne(fixture.store.get(), "kept", {1, 1}).ok());
  std::vector<Status> told;
  fixture.store->OnFailure([&](const Status& status) { told.push_back(status); });
  fixture.files.FailAt(FaultFileSystem::kSync, 1, EIO);
  CHECK(WriteOne(fixture.store.get(), "lost", {2, 1}).code() == StatusCode::kIoError);
  CHECK(WriteOne(fixture.store.get(), "refused", {3, 1}).code() == StatusCode::kIoError);
  REQUIRE(told.size() == 1);
  CHECK(told[0].code() == StatusCode::kIoError);
  CHECK(told[0].message().find("log-") != std::string::npos);
  CHECK(fixture.store->Get("kept")->live);
  CHECK_FALSE(fixture.store->Get("lost")->known);
}

TEST_CASE("A full disk is told in the statistics until a write goes through") {
  Fixture fixture;
  fixture.files.SetFreeBytes(0);
  const EntryMap large = {{std::string(1'000, 'x'), {{1, 1}, false}}};
  REQUIRE(WriteAll(fixture.store.get(), large).code() == StatusCode::kDiskFull);
  CHECK(fixture.store->Stats().disk_full);
  CHECK(fixture.store->Checkpoint().ok());  // there is nothing to merge
  fixture.files.SetFreeBytes(std::nullopt);
  REQUIRE(WriteAll(fixture.store.get(), large).ok());
  CHECK_FALSE(fixture.store->Stats().disk_full);
}

TEST_CASE("A checkpoint on a full disk leaves the store as it was, and goes through later") {
  Fixture fixture;
  EntryMap entries;
  for (uint64_t i = 0; i < 500; ++i) entries[std::to_string(10'000 + i)] = {{i, 1}, i % 5 == 0};
  REQUIRE(WriteAll(fixture.store.get(), entries).ok());
  fixture.files.SetFreeBytes(20'000);
  CHECK(fixture.store->Checkpoint().code() == StatusCode::kDiskFull);
  CHECK(fixture.store->Stats().checkpoint_failures == 1);
  CHECK(Difference(*HeldBy(*fixture.store), entries) == "");
  CHECK(*fixture.store->Count("") == 400);
  fixture.files.SetFreeBytes(std::nullopt);
  CHECK(fixture.store->Checkpoint().ok());
  CHECK(Difference(*HeldBy(*fixture.store), entries) == "");
  CHECK(*fixture.store->Count("") == 400);
}

TEST_CASE("A store that was killed on a full disk opens there, and serves reads") {
  Fixture fixture;
  const EntryMap entries = {{"trial", {{1, 1}, false}}, {"triathlon", {{2, 1}, true}}};
  REQUIRE(WriteAll(fixture.store.get(), entries).ok());
  if (GENERATE(false, true)) REQUIRE(fixture.store->Checkpoint().ok());
  fixture.files.SetFreeBytes(0);
  fixture.Reopen();
  CHECK(Difference(*HeldBy(*fixture.store), entries) == "");
}

// A write looks up what older layers hold before it waits for its sync. While it waits, the
// memtable may be frozen and even merged; what was in it is then older, and must be looked up
// again.
TEST_CASE("A memtable frozen while a write waits for its sync is seen by that write") {
  const TempDir dir;
  FaultFileSystem disk;
  test::GateFileSystem files(&disk);
  auto store = MustOpen(SmallStore(&files, dir.path()));
  const bool live_before = GENERATE(true, false);
  const uint64_t later = GENERATE(1, 9);  // older and newer than what is there
  REQUIRE(WriteOne(store.get(), "word", {5, 1}, !live_before).ok());

  files.Hold("log-");
  WriteOutcome outcome;
  std::atomic<bool> written{false};
  std::thread writer([&] {
    const Entry entry{"word", {later, 1}, live_before};
    written = store->Write({&entry, 1}, {&outcome, 1}).ok();
  });
  files.AwaitHeld();
  REQUIRE(store->Checkpoint().ok());
  files.Open();
  writer.join();
  REQUIRE(written);
  const bool newer = later > 5;
  CHECK(outcome.existed == live_before);
  CHECK(outcome.applied == newer);
  CHECK(outcome.newest == Version{newer ? later : 5, 1});
  const bool live_now = newer ? !live_before : live_before;
  for (int round = 0; round < 3; ++round) {
    CHECK(store->Get("word")->live == live_now);
    CHECK(*store->Count("") == (live_now ? 1 : 0));
    CHECK(HeldBy(*store)->at("word") == test::Stored{{newer ? later : 5, 1}, !live_now});
    if (round == 0) REQUIRE(store->Checkpoint().ok());
    if (round == 1) {
      store.reset();
      store = MustOpen(SmallStore(&files, dir.path()));
    }
  }
}

TEST_CASE("Reads and writes go on while a checkpoint writes its files") {
  const TempDir dir;
  FaultFileSystem disk;
  test::GateFileSystem files(&disk);
  auto store = MustOpen(SmallStore(&files, dir.path()));
  EntryMap expected;
  for (uint64_t i = 0; i < 100; ++i) expected["w" + std::to_string(i)] = {{5, 1}, false};
  REQUIRE(WriteAll(store.get(), expected).ok());
  files.Hold("base-");
  Status checkpointed;
  std::thread checkpoint([&] { checkpointed = store->Checkpoint(); });
  files.AwaitHeld();
  // Over what is frozen: a delete, an older entry, a new word.
  WriteOutcome outcomes[3];
  const Entry entries[] = {{"w7", {6, 1}, true}, {"w8", {4, 1}, true}, {"new", {6, 1}, false}};
  REQUIRE(store->Write(entries, outcomes).ok());
  CHECK((outcomes[0].existed && outcomes[0].applied));
  CHECK((outcomes[1].existed && !outcomes[1].applied && outcomes[1].newest == Version{5, 1}));
  CHECK((!outcomes[2].existed && outcomes[2].applied));
  expected["w7"] = {{6, 1}, true};
  expected["new"] = {{6, 1}, false};
  CHECK(Difference(*HeldBy(*store), expected) == "");
  CHECK(*store->Count("") == 100);
  files.Open();
  checkpoint.join();
  CHECK(checkpointed.ok());
  for (int round = 0; round < 2; ++round) {
    CHECK(Difference(*HeldBy(*store), expected) == "");
    CHECK(*store->Count("w") == 99);
    REQUIRE(store->Checkpoint().ok());
  }
}

TEST_CASE("A store whose lock was taken away acknowledges nothing more, and changes no file") {
  Fixture fixture;
  REQUIRE(WriteOne(fixture.store.get(), "trial", {1, 1}).ok());
  REQUIRE(fixture.files.Remove(fixture.dir.File("LOCK")).ok());
  const auto calls = fixture.files.operations();
  CHECK(WriteOne(fixture.store.get(), "tribe", {2, 1}).code() == StatusCode::kAlreadyInUse);
  CHECK(fixture.store->Checkpoint().code() == StatusCode::kAlreadyInUse);
  CHECK(fixture.files.operations() == calls);
  CHECK(fixture.store->Get("trial")->live);
  fixture.Reopen();
  CHECK(fixture.store->Get("trial")->live);
  CHECK_FALSE(fixture.store->Get("tribe")->live);
}

}  // namespace
}  // namespace trifecta::storage
