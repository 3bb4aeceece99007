#include "daemon/daemon.h"

#include <algorithm>
#include <future>
#include <utility>

#include "daemon/reload.h"
#include "daemon/self_check.h"
#include "daemon/token_file.h"
#include "storage/base/text.h"

namespace trifecta::daemon {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;
using std::chrono::seconds;

// How often the status line is renewed and the disk looked at where no watchdog asks for more: who
// fills a disk looks at the log soon after, and a beat costs one datagram.
constexpr milliseconds kBeat = seconds(2);
// During recovery: how often the manager hears of it, and the time asked for each time.
constexpr milliseconds kRecoveryBeat = seconds(5);
constexpr seconds kRecoveryExtension{60};
// The health lane answers within 100 ms; a machine that swaps may take longer and still be alive.
constexpr milliseconds kLivePatience = seconds(5);

// While requests are waited for that are under way.
constexpr milliseconds kDrainBeat{50};
constexpr std::string_view kAskedToStop = "draining: the node was asked to stop";

net::HttpServerOptions ServerOptions(const Config& config, const DaemonParts& parts,
                                     Metrics* metrics) {
  net::HttpServerOptions options;
  options.host = config.listen.host;
  options.port = config.listen.port;
  options.client = {config.workers, config.max_queue};
  options.stream = {config.max_streams, 0};
  options.connections_max = std::min<size_t>(config.max_connections, parts.connections_max);
  options.request_deadline = config.request_timeout;
  options.idle_timeout = config.idle_timeout;
  options.logger = parts.log;
  options.on_request = [metrics](const net::AccessRecord& record) { metrics->Observe(record); };
  return options;
}

}  // namespace

Daemon::Daemon(Config config, DaemonParts parts)
    : config_(std::move(config)),
      parts_(std::move(parts)),
      log_(parts_.log),
      metrics_(TRIFECTA_VERSION) {
  context_.readiness = &readiness_;
  context_.metrics = &metrics_;
  context_.token = &token_;
  context_.logger = log_;
  context_.cluster = config_.cluster;
  context_.zone = config_.zone;
  context_.k_factor = config_.k_factor;
  context_.replication_factor = config_.replication_factor;
  context_.partitions = config_.partitions;
  context_.request_timeout = config_.request_timeout;
  context_.lexicon = Lexicon(config_.lexicon);
}

Daemon::~Daemon() = default;

ExitStatus Daemon::Listen() {
  if (!ReadToken()) return kExitConfiguration;
  Result<std::unique_ptr<net::HttpServer>> server = net::HttpServer::Listen(
      ServerOptions(config_, parts_, &metrics_), in_flight_.Count(ApiRoutes(context_)));
  if (!server.ok()) {
    log_->Error(server.status().message());
    return kExitUnavailable;
  }
  server_ = std::move(*server);
  bound_ = {config_.listen.host, server_->port()};
  context_.address = AdvertisedEndpoint(config_, server_->port()).ToString();
  log_->Info(StrCat("listening on ", bound_.ToString()));
  return kExitClean;
}

ExitStatus Daemon::Run() {
  server_->Serve();
  ExitStatus status = kExitClean;
  if (!Open(&status)) return status;
  if (!stop_deadline_ && !Join(&status)) return status;
  if (!stop_deadline_ && !failed() && cluster_->ready()) {
    BecomeReady();
    Serve();
  }
  if (!stop_deadline_ && !failed()) BeginStopAsLeft();
  return Stop();
}

bool Daemon::Open(ExitStatus* status) {
  std::future<Result<std::unique_ptr<LocalNode>>> opening =
      std::async(std::launch::async, [this, config = config_] {
        auto node = LocalNode::Open(config, parts_.open_store, log_);
        parts_.events->Wake();
        return node;
      });
  while (opening.wait_for(seconds(0)) != std::future_status::ready) {
    switch (parts_.events->Wait(kRecoveryBeat)) {
      case Event::kStop:
        BeginStop(kAskedToStop);
        break;
      case Event::kReload:
        Reload();
        break;
      case Event::kTimeout:
        parts_.notifier->Extend(kRecoveryExtension, "recovering");
        break;
      case Event::kWake:
        opening.wait();
        break;
    }
  }
  Result<std::unique_ptr<LocalNode>> node = opening.get();
  if (!node.ok()) {
    log_->Error(node.status().message());
    server_->Stop(milliseconds(0));
    *status = ExitStatusForFolder(node.status());
    return false;
  }
  node_ = std::move(*node);
  node_->OnFailure([this](const Status& failure) { Fail(failure); });
  return true;
}

bool Daemon::Join(ExitStatus* status) {
  ClusterParts parts;
  parts.config = &config_;
  parts.address = context_.address;
  parts.self = *net::NodeId::Parse(node_->id());
  parts.store = node_->store();
  parts.clock = node_->clock();
  parts.token = &token_;
  parts.logger = log_;
  parts.started = context_.started;
  parts.on_ready = [this] { parts_.events->Wake(); };
  parts.on_failure = [this](const Status& failure) { FailCluster(failure); };
  DrainParts drain;
  drain.readiness = &readiness_;
  drain.in_flight = &in_flight_;
  drain.say_goodbye = [this] { cluster_->SayGoodbye(); };
  drain.checkpoint = [this] { return node_->store()->Checkpoint(); };
  drain.wake = [this] { parts_.events->Wake(); };
  drain.logger = log_;
  drain_.emplace(std::move(drain));
  parts.on_drain = [this] { drain_->Ask(); };
  parts.on_left = [this] {
    left_ = true;
    parts_.events->Wake();
  };
  Result<std::unique_ptr<Cluster>> cluster = Cluster::Start(std::move(parts));
  if (!cluster.ok()) {
    log_->Error(cluster.status().message());
    server_->Stop(milliseconds(0));
    *status = ExitStatusForFolder(cluster.status());
    return false;
  }
  cluster_ = std::move(*cluster);
  context_.peers = cluster_.get();
  while (!cluster_->ready() && !stop_deadline_ && !failed() && !left_) {
    TellWaiting();
    switch (parts_.events->Wait(kBeat)) {
      case Event::kStop:
        BeginStop(kAskedToStop);
        break;
      case Event::kReload:
        Reload();
        break;
      case Event::kTimeout:
        parts_.notifier->Extend(kRecoveryExtension, waiting_);
        break;
      case Event::kWake:
        break;
    }
  }
  return true;
}

void Daemon::TellWaiting() {
  const std::string waiting = cluster_->Waiting();
  if (waiting.empty()) return;
  readiness_.Set(Phase::kRecovering, waiting);
  if (std::exchange(waiting_, waiting) != waiting) log_->Info(waiting);
}

void Daemon::BecomeReady() {
  context_.coordinator = cluster_->coordinator();
  context_.members = cluster_.get();
  context_.admin = cluster_.get();
  context_.node_id = node_->id();
  readiness_.Set(Phase::kReady, "");
  log_->Info(cluster_->Summary());
  log_->Info(Summary());
  parts_.notifier->Ready(Summary());
}

void Daemon::Serve() {
  const milliseconds beat = std::min(kBeat, parts_.notifier->WatchdogPeriod().value_or(kBeat));
  Clock::time_point beat_due = Clock::now() + beat;
  while (!failed() && !left_) {
    switch (parts_.events->Wait(drain_->under_way() ? std::min(kDrainBeat, beat) : beat)) {
      case Event::kStop:
        return BeginStop(kAskedToStop);
      case Event::kReload:
        Reload();
        break;
      case Event::kTimeout:
        if (Clock::now() < beat_due && drain_->under_way()) break;
        beat_due = Clock::now() + beat;
        Beat();
        break;
      case Event::kWake:
        break;
    }
    drain_->Step();
  }
}

void Daemon::BeginStopAsLeft() {
  log_->Info(StrCat("decommissioned: this node has left the cluster '", config_.cluster,
                    "', and the others have all that it had; ", config_.data_dir,
                    " is not needed any more"));
  BeginStop("draining: the node has left its cluster and stops");
}

void Daemon::BeginStop(std::string_view why) {
  if (stop_deadline_) return;
  parts_.events->LetSignalsKill();
  stop_deadline_.emplace(parts_.times.total, kExitClean,
                         "stopping took too long and was cut short: nothing acknowledged is lost, "
                         "but the next start replays the log",
                         log_);
  readiness_.Set(Phase::kDraining, why);
  log_->Info("stopping: requests under way finish, new ones are refused");
  if (cluster_ != nullptr) cluster_->SayGoodbye();
  parts_.notifier->Stopping("stopping");
}

ExitStatus Daemon::Stop() {
  if (failed()) {
    parts_.notifier->Stopping("stopping after a failure");
    server_->Stop(parts_.times.hang_up);
    return FailureExit();
  }
  const auto deadline = Clock::now() + parts_.times.drain + parts_.times.hang_up;
  if (!in_flight_.WaitForNone(parts_.times.drain)) {
    log_->Warning("requests are still under way: they are cut off");
  }
  // A request that was not at its handler yet has what is left of the time.
  server_->Stop(std::chrono::duration_cast<milliseconds>(deadline - Clock::now()));
  if (cluster_ != nullptr) cluster_->Stop();
  if (drain_) drain_->Finish();
  return Close();
}

ExitStatus Daemon::Close() {
  const Status closed = node_->Close();
  if (failed()) return FailureExit();
  if (closed.ok()) {
    log_->Info("stopped: everything is checkpointed");
    return kExitClean;
  }
  log_->Warning(StrCat("stopped, but not everything is checkpointed: ", closed.message(),
                       "; nothing is lost, the next start replays the log"));
  // A full disk is no fault of this stop: what was acknowledged is in the log.
  return closed.code() == StatusCode::kDiskFull ? kExitClean : ExitStatusForFolder(closed);
}

void Daemon::Reload() {
  parts_.notifier->Reloading();
  log_->Info("reloading the configuration");
  const Effective fresh = parts_.reload();
  for (const std::string& error : fresh.errors) log_->Error(error);
  if (fresh.errors.empty()) {
    TakeConfig(fresh);
  } else {
    log_->Error("the configuration has errors; everything stays as it was");
  }
  if (node_ != nullptr) parts_.notifier->Ready(Summary());
}

void Daemon::TakeConfig(const Effective& fresh) {
  for (const std::string& warning : fresh.warnings) log_->Warning(warning);
  Config before = config_;
  ReloadReport report = TakeReloadable(fresh.config, &config_);
  if (!ReadToken()) {
    config_ = std::move(before);
    log_->Error("the token cannot be read; everything stays as it was");
    return;
  }
  parts_.log->SetLevel(config_.log_level);
  parts_.log->SetFormat(config_.log_format);
  for (const std::string& line : report.changed) log_->Info(line);
  for (const std::string& line : report.needs_restart) log_->Warning(line);
  log_->Info(StrCat("reloaded: ", report.changed.size(), " changed, ", report.needs_restart.size(),
                    " need a restart"));
}

bool Daemon::ReadToken() {
  Result<Token> token = ReadTokenFile(config_.token_file);
  if (!token.ok()) {
    log_->Error(StrCat("token_file: ", token.status().message()));
    return false;
  }
  if (!token->warning.empty()) log_->Warning(StrCat("token_file: ", token->warning));
  token_.Set(std::move(token->text));
  return true;
}

void Daemon::Beat() {
  if (parts_.notifier->WatchdogPeriod()) {
    const Status live = CheckLive(bound_, kLivePatience);
    if (live.ok()) {
      parts_.notifier->Watchdog();
    } else {
      log_->Error(StrCat("the watchdog is not told that we live: ", live.message()));
    }
  }
  WatchDisk();
  parts_.notifier->ShowStatus(readiness_.ready() ? Summary() : readiness_.Reasons().front());
}

void Daemon::WatchDisk() {
  const bool full = node_->Stats().disk_full;
  if (std::exchange(disk_full_, full) == full) return;
  if (full) {
    log_->Warning(StrCat("the disk of ", config_.data_dir,
                         " is full: writes are refused, reads go ",
                         "on; make room there, and writes go on by themselves"));
  } else {
    log_->Info(StrCat("the disk of ", config_.data_dir, " has room again: writes go on"));
  }
}

void Daemon::Fail(const Status& status) {
  if (status.code() == StatusCode::kAlreadyInUse) {
    readiness_.Set(Phase::kFailed, "failed: the data folder may be another process's");
    return EndWith(status.WithContext("the node ends"), kExitCannotCreate);
  }
  readiness_.Set(Phase::kFailed, "failed: the disk could not be written");
  EndWith(status.WithContext(
              "the node ends, since what is on the disk is unknown until it is read again"),
          kExitIoError);
}

void Daemon::FailCluster(const Status& status) {
  if (status.code() == StatusCode::kIoError || status.code() == StatusCode::kDiskFull) {
    return Fail(status);
  }
  readiness_.Set(Phase::kFailed, StrCat("failed: ", status.message()));
  EndWith(status.WithContext("the node ends"), kExitUnavailable);
}

void Daemon::EndWith(const Status& status, ExitStatus exit_status) {
  {
    std::lock_guard lock(failure_mutex_);
    if (!failure_.ok()) return;
    failure_ = status;
    failure_exit_ = exit_status;
    failure_deadline_.emplace(parts_.times.failure, exit_status, "the node is stuck and ends now",
                              log_);
  }
  log_->Error(status.message());
  parts_.events->Wake();
}

ExitStatus Daemon::FailureExit() {
  std::lock_guard lock(failure_mutex_);
  return failure_exit_;
}

bool Daemon::failed() {
  std::lock_guard lock(failure_mutex_);
  return !failure_.ok();
}

std::string Daemon::Summary() const {
  const storage::StoreStats stats = node_->Stats();
  return StrCat("ready on ", bound_.ToString(), ": ", stats.words, " words in ", config_.data_dir,
                stats.disk_full ? "; the disk is full" : "");
}

}  // namespace trifecta::daemon
