// Power loss, full disks and failing calls while a replica gives damage up and fills it again.
#include <cerrno>
#include <string>

#include "storage/base_format.h"
#include "storage/store.h"
#include "tests/support/catch.h"
#include "tests/support/damaged_replica.h"
#include "tests/support/fault_table.h"
#include "tests/support/small_store.h"

namespace trifecta::storage {
namespace {

using test::Difference;
using test::EntriesIn;
using test::EntryMap;
using test::FaultFileSystem;
using test::FlipByte;
using test::HeldBy;
using test::kEverything;
using test::LiveIn;
using test::OpenedReplica;
using test::Replica;

// Damage is met by reading everything; then it is given up and filled again. Ends at the first
// failure.
Status Rebuild(Store* store, const EntryMap& held) {
  (void)HeldBy(*store).ok();
  TRIFECTA_RETURN_IF_ERROR(store->Discard(kEverything));
  const std::vector<WordRange> lost = store->Stats().lost_ranges;
  const EntryMap missing = EntriesIn(lost, held);
  if (!missing.empty()) TRIFECTA_RETURN_IF_ERROR(test::WriteAll(store, missing));
  for (const WordRange& range : lost) TRIFECTA_RETURN_IF_ERROR(store->Refilled(range));
  return store->Checkpoint();
}

struct DamagedReplica : Replica {
  DamagedReplica() {
    for (auto& [name, bytes] : image) {
      if (name.starts_with("base-")) FlipByte(&bytes, 2 * kBasePageBytes);
    }
    OpenedReplica fixture(image);
    const uint64_t before = fixture.files.operations();
    REQUIRE(Rebuild(fixture.store.get(), held).ok());
    calls = fixture.files.operations() - before;
    REQUIRE(Difference(*HeldBy(*fixture.store), held) == "");
  }
  uint64_t calls = 0;  // changing ones, of rebuilding
};

TEST_CASE("Power loss anywhere in a rebuilding leaves damage, lost ranges or whole files",
          "[faults]") {
  DamagedReplica replica;
  CHECK(replica.calls > 15);
  for (uint64_t n = 1; n <= replica.calls; ++n) {
    for (const bool any_part : {false, true}) {
      INFO("call " << n << ", any part survives: " << any_part);
      OpenedReplica fixture(replica.image);
      fixture.files.LosePowerAt(n);
      (void)Rebuild(fixture.store.get(), replica.held).ok();
      fixture.store.reset();
      any_part ? fixture.files.Crash(n * 7'919) : fixture.files.Crash();
      fixture.Reopen();
      // What was lost is known to be; what is not known to be is there, or damaged.
      const EntryMap lost = EntriesIn(fixture.store->Stats().lost_ranges, replica.held);
      for (const auto& [word, stored] : replica.held) {
        const auto found = fixture.store->Get(word);
        if (!found.ok() || lost.contains(word)) continue;
        REQUIRE((found->known && found->version == stored.version));
      }
      (void)HeldBy(*fixture.store).ok();
      const Status status = Rebuild(fixture.store.get(), replica.held);
      INFO(status.ToString());
      REQUIRE(status.ok());
      REQUIRE(Difference(*HeldBy(*fixture.store), replica.held) == "");
      REQUIRE(*fixture.store->Count("") == LiveIn(replica.held));
      test::CountFault(test::Fault::kRebuilt);
    }
  }
}

TEST_CASE("A disk that fills up in a rebuilding leaves it to be done again", "[faults]") {
  DamagedReplica replica;
  uint64_t refused = 0;
  for (uint64_t room = 0;; room += 4'999) {
    INFO("room " << room);
    OpenedReplica fixture(replica.image);
    fixture.files.SetFreeBytes(room);
    const Status status = Rebuild(fixture.store.get(), replica.held);
    if (status.ok()) break;
    REQUIRE(status.code() == StatusCode::kDiskFull);
    ++refused;
    fixture.files.SetFreeBytes(std::nullopt);
    REQUIRE(Rebuild(fixture.store.get(), replica.held).ok());
    REQUIRE(Difference(*HeldBy(*fixture.store), replica.held) == "");
    fixture.Reopen();
    REQUIRE(Difference(*HeldBy(*fixture.store), replica.held) == "");
    test::CountFault(test::Fault::kRebuilt);
  }
  CHECK(refused > 5);
}

TEST_CASE("A call of a rebuilding that fails costs nothing that was not lost already", "[faults]") {
  DamagedReplica replica;
  const auto kind =
      GENERATE(FaultFileSystem::kCreate, FaultFileSystem::kWrite, FaultFileSystem::kSync,
               FaultFileSystem::kRemove, FaultFileSystem::kRename, FaultFileSystem::kSyncFolder);
  OpenedReplica counting(replica.image);
  const uint64_t before = counting.files.operations(kind);
  REQUIRE(Rebuild(counting.store.get(), replica.held).ok());
  const uint64_t calls = counting.files.operations(kind) - before;
  CHECK(calls > 0);
  for (uint64_t n = 1; n <= calls; ++n) {
    INFO("kind " << kind << " call " << n);
    OpenedReplica fixture(replica.image);
    fixture.files.FailAt(kind, n, EIO);
    (void)Rebuild(fixture.store.get(), replica.held).ok();
    fixture.files.ForgetFailures();
    fixture.Reopen();
    REQUIRE(Rebuild(fixture.store.get(), replica.held).ok());
    REQUIRE(Difference(*HeldBy(*fixture.store), replica.held) == "");
    REQUIRE(*fixture.store->Count("") == LiveIn(replica.held));
    test::CountFault(test::Fault::kRebuilt);
  }
}

}  // namespace
}  // namespace trifecta::storage
