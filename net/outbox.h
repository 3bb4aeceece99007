// What a protocol module wants done: it appends here, and the thread that runs it does it and
// empties the box. So the modules need no socket, no disk and no logger, and a simulation runs
// the same code as the daemon.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "net/node.h"
#include "storage/base/logger.h"

namespace trifecta::net {

// Which module of the receiver a message is for. On the wire: DO NOT CHANGE, only add.
enum class Protocol : uint8_t {
  kMembership = 1,  // net/failure_detector.h
  kRing = 2,        // agreement on the ring document
  kTopology = 3,    // finding a cluster, joining it, and how far a change of members has come
};

// Sent at most once and without an answer; it may be lost, late, or arrive after a later one.
struct OutgoingMessage {
  Protocol protocol = Protocol::kMembership;
  NodeId to;        // zero: whichever node listens at `address`
  Address address;  // empty: where the ring or the membership says that `to` listens
  std::string bytes;
};

// To be made durable in the data folder under `name`, in place of what is there, before
// OnPersisted(token) is called.
struct PersistRequest {
  std::string name;  // a file name, without a folder
  std::string bytes;
  uint64_t token = 0;
};

struct LogLine {
  LogLevel level = LogLevel::kInfo;
  std::string text;
};

// Each list in the order of the calls that filled it.
struct Outbox {
  std::vector<OutgoingMessage> messages;
  std::vector<PersistRequest> persists;
  std::vector<LogLine> log;

  void Log(LogLevel level, std::string text) { log.push_back({level, std::move(text)}); }
  bool empty() const { return messages.empty() && persists.empty() && log.empty(); }
};

}  // namespace trifecta::net
