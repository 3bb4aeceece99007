// The one thread on which a node's protocols run: membership, agreement on the ring, and topology
// (daemon/replication/topology.h). It gives them real time, carries out what they put into their
// outbox (messages to the transport, files to the disk, lines to the log), and hands their events
// on.
//
// Files are written by this thread itself: some bytes and two syncs, a few times an hour, or
// a step of a move. The failure detector takes what that lasts for a stall of its own.
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "daemon/replication/topology.h"
#include "daemon/seed_knock.h"
#include "net/peer_transport.h"
#include "storage/base/logger.h"
#include "storage/base/status.h"

namespace trifecta::daemon {

struct ProtocolParts {
  replication::TopologyOptions topology;
  std::string folder;      // where the protocols' files are
  bool has_words = false;  // the store is not empty
  uint64_t seed = 0;       // of random choices
  net::PeerTransport* transport = nullptr;
  Logger* logger = NullLogger();
  // Told each event, by the protocol thread, on which it may use `topology`.
  std::function<void(const replication::TopologyEvent& event, replication::Topology* topology)>
      on_event;
};

// Any thread may call any method but the destructor and Stop, which are for one.
class ProtocolThread {
 public:
  using Work = std::function<void(replication::Topology* topology, replication::Millis now)>;

  // Reads the files in parts.folder. Fails as Topology::Start does.
  static Result<std::unique_ptr<ProtocolThread>> Make(ProtocolParts parts);
  // Begins. What was posted before is done first.
  void Start();
  // Stop().
  ~ProtocolThread();
  ProtocolThread(const ProtocolThread&) = delete;
  ProtocolThread& operator=(const ProtocolThread&) = delete;

  // Has the thread do `work`, in the order of the calls; nothing after Stop.
  void Post(Work work);
  // The same, and waits until it is done. False after Stop. Not from the thread itself.
  bool PostAndWait(const Work& work);

  // Nothing runs on the thread afterwards.
  void Stop();

 private:
  explicit ProtocolThread(ProtocolParts parts);

  void Loop();
  void CarryOut(replication::Millis now);
  void Persist(replication::Millis now);
  void WaitForRoom(const Status& full, replication::Millis now);
  void Send(net::OutgoingMessage message);
  void Fail(const Status& status);

  const ProtocolParts parts_;
  net::Outbox outbox_;              // of the thread
  replication::Topology topology_;  // of the thread
  bool failed_ = false;             // of the thread: a file could not be written
  // Of the thread: when to try again, after the disk was full; 0: it was not.
  replication::Millis retry_at_ = 0;
  // Of the thread: files that are to be written.
  std::vector<net::PersistRequest> waiting_;

  std::mutex mutex_;  // guards what follows
  std::condition_variable changed_;
  std::vector<Work> queue_;
  bool stop_ = false;
  std::thread thread_;

  SeedKnocker knocker_;  // ends first: it posts
};

}  // namespace trifecta::daemon
