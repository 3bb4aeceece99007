// Everything about the ring that comes from a peer or a disk: documents, messages, a register's
// state and pages of carved roots. Whatever the bytes, decoding ends with a value or a Status, and
// a value is the same after it was written again; and a register survives any message.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "net/ring_change.h"
#include "net/ring_messages.h"
#include "net/ring_register.h"
#include "net/shard_map.h"
#include "storage/base/coding.h"
#include "storage/base/crc32c.h"

namespace {

using trifecta::PutFixed;
namespace net = trifecta::net;

void Expect(bool good) {
  if (!good) std::abort();
}

void DecodeDocument(std::string_view bytes) {
  const auto ring = net::DecodeRing(bytes);
  if (!ring.ok()) return;
  Expect(net::EncodeRing(*ring) == bytes);
  Expect(net::CheckRing(*ring).ok());
  for (const auto& next : {net::FinishOperation(*ring), net::AbortOperation(*ring),
                           net::BeginLeave(*ring, ring->members.back().id)}) {
    if (next.ok() && ring->epoch < net::kEpochMax) Expect(net::CheckSuccessor(*ring, *next).ok());
  }
}

void DecodeMessage(std::string_view bytes) {
  const auto message = net::DecodeRingMessage(bytes);
  if (!message.ok()) return;
  const auto again = net::DecodeRingMessage(net::EncodeRingMessage(*message));
  Expect(again.ok() && *again == *message);
  // To a register that has no document, and to one that has the message's.
  net::Outbox outbox;
  const net::NodeId self = message->document && !message->document->members.empty()
                               ? message->document->members.back().id
                               : message->cluster;
  net::RingRegister voter(self, message->document ? message->document->cluster_name : "c", 1,
                          &outbox);
  voter.Receive(self, bytes, 1);
  if (message->document) static_cast<void>(voter.Install(*message->document).ok());
  voter.Receive(message->cluster, bytes, 2);
  if (!outbox.persists.empty()) voter.OnPersisted(outbox.persists.back().token, 3);
}

// Gives the bytes the checksum that they should have, so that the fuzzer gets past it.
void DecodeState(std::string bytes) {
  PutFixed(&bytes, trifecta::Crc32c(bytes));
  const auto state = net::DecodeRingState(bytes);
  if (!state.ok()) return;
  const auto again = net::DecodeRingState(net::EncodeRingState(*state));
  Expect(again.ok() && *again == *state);
}

void DecodePage(std::string_view bytes) {
  const auto roots = net::DecodeRootsPage(bytes);
  if (!roots.ok()) return;
  net::ShardMap map(2);
  const size_t taken = map.Merge(*roots);
  Expect(taken == map.size() && map.Digest().count == taken);
  for (const std::string& root : *roots) Expect(root.starts_with(map.RootOf(root)));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string bytes(reinterpret_cast<const char*>(data), size);
  DecodeDocument(bytes);
  DecodeMessage(bytes);
  DecodeState(bytes);
  DecodePage(bytes);
  return 0;
}
