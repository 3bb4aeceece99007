// Membership messages: whatever arrives, decoding ends with a message or a Status, what was decoded
// can be written and read again, and a node that gets it goes on.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "net/failure_detector.h"
#include "net/gossip_message.h"

using namespace trifecta::net;  // NOLINT: the target is about nothing else

namespace {

NodeId IdOf(uint8_t number) {
  std::array<uint8_t, NodeId::kBytes> bytes{};
  bytes.back() = number;
  return NodeId(bytes);
}

void MustReadBack(const GossipMessage& message) {
  const std::string bytes = EncodeGossipMessage(message);
  if (bytes.size() > kGossipBytesMax) return;  // padded numbers made it shorter than it is
  const auto again = DecodeGossipMessage(bytes);
  if (!again.ok() || !(*again == message)) std::abort();
}

// What it sends must be messages too, and its timers must come to an end.
void MustGoOn(FailureDetector* detector, Outbox* outbox, Millis until) {
  for (int steps = 0; detector->next_due() <= until; ++steps) {
    if (steps > 10'000) std::abort();
    detector->Tick(detector->next_due());
  }
  for (const OutgoingMessage& message : outbox->messages) {
    if (!DecodeGossipMessage(message.bytes).ok()) std::abort();
  }
}

void Receive(const GossipMessage& message, std::string_view bytes) {
  Outbox outbox;
  LocalNode self;
  self.id = IdOf(1);
  self.address = "self:1";
  FailureDetector detector(self, kQuickOptions, 1, &outbox);
  if (!detector.Start("", 1'000, 0).ok()) std::abort();
  detector.OnPersisted(outbox.persists.at(0).token, 0);
  detector.Receive(message.sender.id, bytes, 10);
  MustGoOn(&detector, &outbox, 3'000);
  detector.Receive(message.sender.id, bytes, 3'000);
  MustGoOn(&detector, &outbox, 6'000);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto message = DecodeGossipMessage(bytes);
  if (!message.ok()) return 0;
  MustReadBack(*message);
  Receive(*message, bytes);
  return 0;
}
