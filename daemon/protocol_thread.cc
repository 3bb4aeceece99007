#include "daemon/protocol_thread.h"

#include <algorithm>
#include <future>
#include <map>
#include <utility>

#include "daemon/operation_runner.h"
#include "daemon/saved_ring.h"
#include "daemon/small_file.h"
#include "net/incarnation.h"
#include "net/ring_register.h"
#include "storage/base/clock.h"
#include "storage/base/text.h"

namespace trifecta::daemon {
namespace {

using replication::Millis;
using replication::TopologyEvent;

// The longest sleep: the wall clock is told to the protocols about so often.
constexpr Millis kBeat = 1'000;

// What to do where it is damaged; nothing else can mend it.
constexpr std::string_view kIncarnationAdvice =
    "where the node's clock is right, remove the file and start again";
constexpr std::string_view kRingAdvice =
    "where this node is the only one of its cluster, remove the file and start again; else remove "
    "the node from the cluster and start it with an empty data folder";

// The file's bytes, checked by `check`; none where there is no such file.
Result<std::string> ReadChecked(const std::string& folder, std::string_view name,
                                Status (*check)(std::string_view bytes), std::string_view advice) {
  const std::string path = StrCat(folder, "/", name);
  Result<std::string> bytes = ReadSmallFile(path, kRingFileBytesMax);
  if (!bytes.ok() && bytes.status().code() == StatusCode::kNotFound) return std::string();
  if (!bytes.ok()) return bytes.status();
  const Status checked =
      bytes->empty() ? Status(StatusCode::kDataDamaged, "the file is empty") : check(*bytes);
  if (checked.ok()) return bytes;
  return Status(checked.code(), StrCat(path, ": offset 0: ", checked.message(), "; ", advice));
}

Result<replication::SavedState> ReadSaved(const ProtocolParts& parts) {
  replication::SavedState saved;
  saved.has_words = parts.has_words;
  Result<std::string> incarnation = ReadChecked(
      parts.folder, net::kIncarnationFileName,
      [](std::string_view bytes) { return net::ParseIncarnation(bytes).status(); },
      kIncarnationAdvice);
  if (!incarnation.ok()) return incarnation.status();
  Result<std::string> ring = ReadChecked(
      parts.folder, net::RingRegister::kFileName,
      [](std::string_view bytes) { return net::DecodeRingState(bytes).status(); }, kRingAdvice);
  if (!ring.ok()) return ring.status();
  saved.incarnation = std::move(*incarnation);
  saved.ring = std::move(*ring);
  return saved;
}

}  // namespace

Result<std::unique_ptr<ProtocolThread>> ProtocolThread::Make(ProtocolParts parts) {
  Result<replication::SavedState> saved = ReadSaved(parts);
  if (!saved.ok()) return saved.status();
  std::unique_ptr<ProtocolThread> made(new ProtocolThread(std::move(parts)));
  TRIFECTA_RETURN_IF_ERROR(
      made->topology_.Start(*saved, SystemClock()->WallMilliseconds(), NowMillis()));
  return made;
}

void ProtocolThread::Start() { thread_ = std::thread(&ProtocolThread::Loop, this); }

ProtocolThread::ProtocolThread(ProtocolParts parts)
    : parts_(std::move(parts)),
      topology_(parts_.topology, parts_.seed, &outbox_),
      knocker_([this](const net::Address& address) {
        Post([address](replication::Topology* topology, Millis now) {
          topology->OnRefused(address, now);
        });
      }) {}

ProtocolThread::~ProtocolThread() { Stop(); }

void ProtocolThread::Stop() {
  {
    std::lock_guard lock(mutex_);
    stop_ = true;
    changed_.notify_all();
  }
  if (thread_.joinable()) thread_.join();
}

void ProtocolThread::Post(Work work) {
  std::lock_guard lock(mutex_);
  if (stop_) return;
  queue_.push_back(std::move(work));
  changed_.notify_all();
}

bool ProtocolThread::PostAndWait(const Work& work) {
  // Broken, and so ready, when the queue is dropped at a stop.
  auto done = std::make_shared<std::promise<bool>>();
  std::future<bool> waiting = done->get_future();
  Post([&work, done = std::move(done)](replication::Topology* topology, Millis now) {
    work(topology, now);
    done->set_value(true);
  });
  try {
    return waiting.get();
  } catch (const std::future_error&) {
    return false;
  }
}

void ProtocolThread::Loop() {
  Millis clock_due = 0;
  std::unique_lock lock(mutex_);
  while (!stop_) {
    std::vector<Work> work;
    work.swap(queue_);
    lock.unlock();
    Millis now = NowMillis();
    if (now >= clock_due) {
      topology_.SetClock(SystemClock()->WallMilliseconds(), now);
      clock_due = now + kBeat;
    }
    for (const Work& one : work) one(&topology_, now);
    work.clear();
    topology_.Tick(now);
    CarryOut(now);
    lock.lock();
    const Millis due = std::min(topology_.next_due(), clock_due);
    if (queue_.empty() && !stop_ && due > NowMillis()) {
      changed_.wait_until(lock, TimePointOf(due));
    }
  }
  std::vector<Work> dropped;
  dropped.swap(queue_);
  lock.unlock();
}

// What is told of an event may make more work at once.
void ProtocolThread::CarryOut(Millis now) {
  std::vector<TopologyEvent> events;
  const auto has_to_write = [&] { return !waiting_.empty() && now >= retry_at_ && !failed_; };
  while (!(events = topology_.TakeEvents()).empty() || !outbox_.empty() || has_to_write()) {
    for (const TopologyEvent& event : std::exchange(events, {})) {
      parts_.on_event(event, &topology_);
    }
    for (net::LogLine& line : std::exchange(outbox_.log, {})) {
      parts_.logger->Log(line.level, line.text);
    }
    for (net::OutgoingMessage& message : std::exchange(outbox_.messages, {})) {
      Send(std::move(message));
    }
    Persist(now);
    now = NowMillis();  // a disk may take seconds
    topology_.Tick(now);
  }
}

// Of several requests for one file the last says it all. What a full disk has no room for waits;
// until then this node promises nothing new.
void ProtocolThread::Persist(Millis now) {
  for (net::PersistRequest& request : std::exchange(outbox_.persists, {})) {
    waiting_.push_back(std::move(request));
  }
  if (waiting_.empty() || now < retry_at_ || failed_) return;
  std::map<std::string_view, const net::PersistRequest*> last;
  for (const net::PersistRequest& request : waiting_) last[request.name] = &request;
  for (const auto& [name, request] : last) {
    const Status written = WriteSmallFile(StrCat(parts_.folder, "/", name), request->bytes);
    if (written.code() == StatusCode::kDiskFull) return WaitForRoom(written, now);
    if (!written.ok()) return Fail(written);
  }
  retry_at_ = 0;
  for (const net::PersistRequest& request : std::exchange(waiting_, {})) {
    topology_.OnPersisted(request.token, NowMillis());
  }
}

void ProtocolThread::WaitForRoom(const Status& full, Millis now) {
  if (retry_at_ == 0) {
    parts_.logger->Warning(StrCat(full.message(), "; it is tried again until there is room"));
  }
  retry_at_ = now + kBeat;
}

// Not even whether the old file or the new one is there is known: only a start can tell.
void ProtocolThread::Fail(const Status& status) {
  if (std::exchange(failed_, true)) return;
  TopologyEvent event;
  event.kind = TopologyEvent::Kind::kFatal;
  event.text = status.message();
  event.status = status;
  parts_.on_event(event, &topology_);
}

void ProtocolThread::Send(net::OutgoingMessage message) {
  const bool to_seed = message.to.is_zero() && message.protocol == net::Protocol::kTopology;
  if (to_seed) knocker_.Knock(message.address);
  parts_.transport->Post(static_cast<net::ItemKind>(message.protocol),
                         {message.to, std::move(message.address)}, std::move(message.bytes));
}

}  // namespace trifecta::daemon
