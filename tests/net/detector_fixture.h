// A failure detector that is played by hand: its outbox is read, its disk obeys at once or when
// told, and the other nodes are numbers (tests/net/records.h).
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "net/failure_detector.h"
#include "tests/net/records.h"
#include "tests/support/catch.h"

namespace trifecta::net {

// A message that the detector sent.
struct Sent {
  Address address;
  GossipMessage message;
};

class DetectorFixture {
 public:
  static constexpr uint64_t kSelf = 1;
  static constexpr uint64_t kUnixSeconds = 1'000;

  explicit DetectorFixture(const DetectorOptions& options = kLanOptions)
      : options_(options), detector(SelfNode(), options, 1, &outbox) {}

  static LocalNode SelfNode() {
    LocalNode self;
    self.id = IdOf(kSelf);
    self.address = AddressOf(kSelf);
    return self;
  }

  void Start(const std::string& saved = "") {
    REQUIRE(detector.Start(saved, kUnixSeconds, now).ok());
    Persist();
  }
  // Starts, with nodes 2 to `nodes` alive and known, and nothing left to say about them.
  void StartAmong(uint64_t nodes) {
    Start();
    for (uint64_t node = 2; node <= nodes; ++node) Meet(node);
    Quieten();
  }
  void Meet(uint64_t node) { Hear(RecordOf(node, Liveness::kAlive, 5), GossipKind::kGossip); }

  // Does what was asked of the disk; true if anything was.
  bool Persist() {
    const auto requests = std::exchange(outbox.persists, {});
    for (const PersistRequest& request : requests) {
      disk = request.bytes;
      detector.OnPersisted(request.token, now);
    }
    return !requests.empty();
  }

  // A message from `sender`, of `kind`, with the rest filled in by `fill`.
  void Hear(const NodeRecord& sender, GossipKind kind) {
    Hear(sender, kind, [](GossipMessage*) {});
  }
  template <typename Fill>
  void Hear(const NodeRecord& sender, GossipKind kind, Fill fill) {
    GossipMessage message = GossipOf(kind);
    message.sender = sender;
    message.to = IdOf(kSelf);
    fill(&message);
    detector.Receive(message.sender.id, EncodeGossipMessage(message), now);
  }
  // `from` says `record` about a node.
  void HearOf(uint64_t from, const NodeRecord& record) {
    Hear(RecordOf(from, Liveness::kAlive, 5), GossipKind::kGossip,
         [&](GossipMessage* message) { message->records = {record}; });
  }
  // `from` acknowledges the ping `number`.
  void Ack(uint64_t from, uint64_t number) {
    Hear(RecordOf(from, Liveness::kAlive, 5), GossipKind::kAck,
         [&](GossipMessage* message) { message->number = number; });
  }

  // What was sent since it was last asked.
  std::vector<Sent> TakeSent() {
    std::vector<Sent> sent;
    for (const OutgoingMessage& message : std::exchange(outbox.messages, {})) {
      auto decoded = DecodeGossipMessage(message.bytes);
      REQUIRE(decoded.ok());
      REQUIRE(decoded->to == message.to);
      sent.push_back({message.address, *decoded});
    }
    return sent;
  }
  std::vector<Sent> TakeSent(GossipKind kind) {
    std::vector<Sent> sent = TakeSent();
    std::erase_if(sent, [&](const Sent& one) { return one.message.kind != kind; });
    return sent;
  }

  // Ticks whenever it is due, up to `time`. With `answering`, whoever is pinged acknowledges.
  void RunUntil(Millis time, bool answering = false) {
    while (detector.next_due() <= time) {
      now = std::max(now, detector.next_due());
      const size_t before = outbox.messages.size();
      detector.Tick(now);
      if (answering) AnswerPings(before);
    }
    now = time;
  }
  void RunFor(Millis duration, bool answering = false) { RunUntil(now + duration, answering); }
  // Until the next ping, which is returned; everything else sent is dropped.
  Sent NextPing() {
    for (int tick = 0; tick < 1'000; ++tick) {
      for (const Sent& sent : TakeSent(GossipKind::kPing)) return sent;
      now = std::max(now, detector.next_due());
      detector.Tick(now);
    }
    FAIL("no ping was sent");
    return {};
  }
  // Lets the news about the nodes met run out, so that it is in no message any more.
  void Quieten() {
    RunFor(30'000, true);
    TakeSent();
    outbox.log.clear();
  }

  Liveness LivenessOf(uint64_t node) {
    const KnownNode* known = detector.members().Find(IdOf(node));
    REQUIRE(known != nullptr);
    return known->record.liveness;
  }

 private:
  void AnswerPings(size_t from) {
    for (size_t i = from; i < outbox.messages.size(); ++i) {
      const auto message = DecodeGossipMessage(outbox.messages[i].bytes);
      if (message->kind != GossipKind::kPing) continue;
      const KnownNode* target = detector.members().Find(message->to);
      NodeRecord sender = target->record;
      if (sender.liveness != Liveness::kAlive) continue;
      Hear(sender, GossipKind::kAck, [&](GossipMessage* ack) { ack->number = message->number; });
    }
  }

  const DetectorOptions options_;

 public:
  Outbox outbox;
  std::string disk;
  Millis now = 1'000'000;
  FailureDetector detector;
};

}  // namespace trifecta::net
