// A network for real daemons that can be cut: a bridge, and a network namespace a node, joined by
// pairs of virtual cables.
//
// All of it lives in namespaces of this process alone (network and mounts), so nothing of it is
// seen from outside, two runs never meet, and the system takes it down with the process however
// that ends. The test itself sits on the bridge; no fault is ever between it and a node.
#pragma once

#include <cstddef>
#include <set>
#include <string>
#include <vector>

namespace trifecta::faults {

// Nodes are numbered from 0.
inline constexpr size_t kNodesMax = 6;
inline constexpr unsigned kNodePort = 8000;

// For the thread that made it, and the threads and programs it starts afterwards.
class FaultNetwork {
 public:
  // There is one a process: it is made at the first call, which must come before any thread of the
  // test's own.
  static FaultNetwork& Get();

  // False where the system does not allow namespaces or has no `ip`: then nodes have addresses of
  // the loopback interface, 127.*.*.*, of this process alone, and nothing can be cut.
  bool isolated() const { return reason_.empty(); }
  // Why it is not.
  const std::string& reason() const { return reason_; }
  // Whether packets can be dropped: `iptables` works as well.
  bool can_cut() const { return isolated() && cuts_; }

  // Of the test itself, as nodes see it.
  std::string own_host() const { return isolated() ? "10.77.0.254" : "127.0.0.1"; }
  std::string Host(size_t node) const;
  std::string Address(size_t node) const;  // HOST:PORT
  // `command` as one that runs on the node.
  std::vector<std::string> At(size_t node, std::vector<std::string> command) const;
  // A folder in memory of this process alone; empty where not isolated.
  const std::string& folder() const { return folder_; }

  // No packet passes between the two.
  void Cut(size_t a, size_t b);
  // No node of one side reaches one of the other.
  void Part(const std::vector<size_t>& side, const std::vector<size_t>& other);
  // `from` cannot ask `to` anything; `to` can ask `from`, and is answered.
  void CutRequests(size_t from, size_t to);
  // Of the packets that come to the node, so many are lost.
  void Lose(size_t node, unsigned percent);
  // What the node sends is no faster than this, in kilobits a second; it waits in a queue that
  // holds half a second of it.
  void Slow(size_t node, unsigned kilobits);
  // As it was in the beginning.
  void Heal();

 private:
  FaultNetwork();
  std::string Enter();
  void AddNode(size_t node);
  void Rule(size_t node, std::vector<std::string> rule);

  std::string folder_;
  std::string reason_;  // set by Enter, which sets folder_ too
  bool cuts_ = false;
  std::set<size_t> ruled_, slowed_;
};

}  // namespace trifecta::faults
