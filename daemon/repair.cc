#include "daemon/repair.h"

#include <utility>

#include "storage/base/text.h"

namespace trifecta::daemon {

using replication::ViewPtr;

Result<RepairState> Repair::Begin(const std::string& prefix, bool dry_run) {
  const ViewPtr view = parts_.gate->view();
  if (view->ring->operation) {
    return Status(StatusCode::kAlreadyInUse,
                  "the members of the cluster are changing: repair when that has ended "
                  "('trifecta cluster-status' shows it)");
  }
  if (!parts_.exchange.digests->ready()) {
    return Status(StatusCode::kUnavailable,
                  "this node still counts what it has, as after every start");
  }
  std::lock_guard lock(mutex_);
  if (state_.running && state_.prefix != prefix) {
    return Status(StatusCode::kAlreadyInUse, StrCat("a repair of another prefix runs, '",
                                                    state_.prefix, "': wait for its end"));
  }
  if (state_.running) return state_;
  RepairState next;
  next.run = state_.run + 1;
  next.prefix = prefix;
  next.peers = PeersOf(*view, false).size();
  if (dry_run) return next;
  if (stopping_) return Status(StatusCode::kUnavailable, "the node stops");
  if (thread_.joinable()) thread_.join();
  next.running = true;
  state_ = next;
  thread_ = std::thread(&Repair::Run, this, view, prefix);
  return next;
}

RepairState Repair::State() const {
  std::lock_guard lock(mutex_);
  return state_;
}

void Repair::Stop() {
  stopping_ = true;
  std::thread running;
  {
    std::lock_guard lock(mutex_);
    running.swap(thread_);
  }
  if (running.joinable()) running.join();
}

void Repair::Run(ViewPtr view, std::string prefix) {
  parts_.logger->Info(
      StrCat("a repair begins", prefix.empty() ? "" : " of '", prefix, prefix.empty() ? "" : "'"));
  replication::FullRepair repair(*view, parts_.exchange, prefix);
  std::map<net::NodeNumber, Status> failures;
  for (const net::NodeNumber peer : PeersOf(*view, false)) {
    if (!view->IsLive(peer)) failures[peer] = Status(StatusCode::kUnavailable, "it is down");
  }
  while (!stopping_) {
    const std::shared_ptr<replication::Exchange> exchange = repair.Next();
    if (exchange == nullptr) break;
    parts_.runner->RunToEnd(exchange);
    if (stopping_) break;
    repair.OnEnded(*exchange);
    failures.erase(exchange->peer());
    if (!exchange->status().ok()) failures[exchange->peer()] = exchange->status();
    Note(repair);
  }
  End(*view, repair, failures);
}

void Repair::Note(const replication::FullRepair& repair) {
  std::lock_guard lock(mutex_);
  state_.peers_done = repair.peers_done();
  state_.fetched = repair.result().pulled;
  state_.sent = repair.result().pushed;
}

void Repair::End(const replication::ClusterView& view, const replication::FullRepair& repair,
                 const std::map<net::NodeNumber, Status>& failures) {
  std::lock_guard lock(mutex_);
  state_.running = false;
  for (const auto& [peer, status] : failures) {
    const replication::NodeView* node = view.Find(peer);
    state_.failures.push_back(
        StrCat("node ", node == nullptr ? StrCat(peer) : node->address, ": ", status.message()));
  }
  if (stopping_) state_.failures.push_back("the node stopped");
  if (state_.failures.empty() && !repair.result().whole) {
    state_.failures.push_back("some words could not be read or stored on one of two owners");
  }
  state_.whole = state_.failures.empty();
  std::string text =
      StrCat("the repair has ended: compared with ", state_.peers_done, " of ", state_.peers,
             " nodes, ", state_.fetched, " entries fetched, ", state_.sent, " sent");
  for (const std::string& failure : state_.failures) text += StrCat("; ", failure);
  parts_.logger->Info(text);
}

}  // namespace trifecta::daemon
