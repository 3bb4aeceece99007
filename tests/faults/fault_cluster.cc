#include "tests/faults/fault_cluster.h"

#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <stdexcept>

#include "net/client.h"
#include "net/http_client.h"
#include "net/json.h"
#include "storage/base/text.h"
#include "tests/support/catch.h"
#include "tests/support/daemon_process.h"

namespace trifecta::faults {
namespace {

constexpr size_t kZones = 3;
// Of a log that is shown.
constexpr size_t kShownBytes = 6'000;
// A node that is paused or cut off does not answer; the next look comes soon enough.
constexpr std::chrono::seconds kStatusPatience{3};

std::string NewFolder(const FaultNetwork& network, const test::TempDir& own) {
  if (!network.isolated()) return own.path();
  static int number = 0;
  std::string folder = StrCat(network.folder(), "/", ++number);
  std::filesystem::create_directory(folder);
  return folder;
}

}  // namespace

FaultCluster::FaultCluster(FaultClusterOptions options)
    : options_(std::move(options)), own_folder_(std::make_unique<test::TempDir>()) {
  FaultNetwork& network = FaultNetwork::Get();
  if (network.can_cut()) network.Heal();
  folder_ = NewFolder(network, *own_folder_);
}

void FaultCluster::StartAll() {
  for (size_t node = 0; node < options_.nodes; ++node) Start(node);
  for (size_t node = 0; node < options_.nodes; ++node) {
    if (!AwaitReady(node)) throw std::runtime_error(StrCat("not ready: node ", node, Logs()));
  }
  if (const std::string why = AwaitWhole(); !why.empty()) throw std::runtime_error(why + Logs());
}

FaultCluster::~FaultCluster() {
  KillAll();
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

net::Endpoint FaultCluster::endpoint(size_t node) const {
  return {FaultNetwork::Get().Host(node), kNodePort};
}

std::string FaultCluster::address(size_t node) const {
  const auto found = options_.advertised.find(node);
  return found == options_.advertised.end() ? FaultNetwork::Get().Address(node) : found->second;
}

std::string FaultCluster::data_folder(size_t node) const { return StrCat(folder_, "/", node); }

void FaultCluster::Start(size_t node, std::map<std::string, std::string> environment) {
  nodes_[node].environment = std::move(environment);
  Start(node);
}

void FaultCluster::Start(size_t node) {
  const FaultNetwork& network = FaultNetwork::Get();
  std::vector<std::string> command = {test::DaemonProgram(),
                                      "--config",
                                      "/dev/null",
                                      "--data-dir",
                                      data_folder(node),
                                      "--listen",
                                      network.Address(node),
                                      "--zone",
                                      StrCat("zone", node % kZones),
                                      "--seeds",
                                      StrCat(network.Address(0), ",", network.Address(1)),
                                      "--gossip-interval",
                                      StrCat(options_.gossip_interval.count(), "ms"),
                                      "--request-timeout",
                                      StrCat(options_.request_timeout.count(), "ms"),
                                      "--partitions",
                                      "32"};
  command.insert(command.end(), options_.flags.begin(), options_.flags.end());
  if (options_.advertised.contains(node)) {
    command.insert(command.end(), {"--advertise", address(node)});
  }
  Node& started = nodes_[node];
  if (started.process) started.earlier_log = Log(node);
  test::ProcessOptions process;
  process.command = network.At(node, std::move(command));
  process.environment = started.environment;
  started.process = std::make_unique<test::Process>(std::move(process));
  started.started = true;
  Disturb(node, true);
}

bool FaultCluster::AwaitReady(size_t node, std::chrono::seconds patience) {
  return !nodes_[node].process->WaitForError("ready on ", patience).empty();
}

void FaultCluster::Disturb(size_t node, bool serves) {
  std::atomic<uint64_t>& count = nodes_[node].disturbances;
  if ((count % 2 == 0) != serves) ++count;
}

void FaultCluster::Kill(size_t node) {
  Disturb(node, false);
  nodes_[node].process->Kill();
}

int FaultCluster::Stop(size_t node) {
  Disturb(node, false);
  test::Process& process = *nodes_[node].process;
  process.Signal(SIGTERM);
  return process.Wait(std::chrono::seconds(kPatience)).status;
}

void FaultCluster::TakeOut(size_t asked, std::string_view how, size_t node) {
  Disturb(node, false);
  net::ClientOptions options;
  options.nodes = {endpoint(asked)};
  options.timeout = kStatusPatience;
  net::Client client(std::move(options));
  const auto begun = client.ChangeCluster(
      how, net::JsonWriter().BeginObject().Key("node").String(address(node)).EndObject().Take());
  if (!begun.ok()) FAIL(how << " of node " << node << ": " << begun.status().message() << Logs());
}

int FaultCluster::AwaitEnd(size_t node) {
  Disturb(node, false);
  nodes_[node].started = false;
  return nodes_[node].process->Wait(std::chrono::seconds(kPatience)).status;
}

void FaultCluster::Pause(size_t node) {
  Disturb(node, false);
  nodes_[node].process->Signal(SIGSTOP);
}

void FaultCluster::Resume(size_t node) {
  nodes_[node].process->Signal(SIGCONT);
  Disturb(node, true);
}

bool FaultCluster::Runs(size_t node) {
  return nodes_[node].process && !nodes_[node].process->Ended();
}

void FaultCluster::KillAll() {
  for (size_t node = 0; node < kNodesMax; ++node) {
    if (nodes_[node].process) Kill(node);
  }
}

net::JsonValue FaultCluster::Status(size_t node) {
  net::HttpClient client(endpoint(node), {});
  net::HttpCall call;
  call.target = "/api/v1/cluster";
  call.timeout = kStatusPatience;
  const auto reply = client.Send(call);
  if (!reply.ok() || reply->status != 200) return {};
  auto document = net::ParseJson(reply->body);
  return document.ok() ? std::move(*document) : net::JsonValue();
}

std::string FaultCluster::StateOf(size_t asked, size_t node) {
  const net::JsonValue status = Status(asked);
  for (const net::JsonValue& one : status["nodes"].array()) {
    if (one["address"].string() == address(node)) {
      return std::string(one["state"].string());
    }
  }
  return "";
}

bool FaultCluster::AwaitState(size_t asked, size_t node, std::string_view state,
                              std::chrono::seconds patience) {
  return Await([&] { return StateOf(asked, node) == state; }, patience);
}

std::string FaultCluster::MissingAt(size_t node, size_t members, uint64_t* epoch) {
  const net::JsonValue status = Status(node);
  const std::string name = StrCat("node ", node, ": ");
  if (status.is_null()) return name + "no answer";
  if (status["health"].string() != "healthy") {
    std::string text = name + std::string(status["health"].string());
    for (const auto& note : status["notes"].array()) text += StrCat("; ", note.string());
    return text;
  }
  const net::JsonValue::Array& nodes = status["nodes"].array();
  if (nodes.size() != members) return StrCat(name, nodes.size(), " nodes");
  uint64_t copies = 0;
  for (const net::JsonValue& one : nodes) {
    if (one["state"].string() != "up") return StrCat(name, one["address"].string(), " is not up");
    if (one["hints"].number() != 0) return StrCat(name, one["address"].string(), " has hints");
    if (*epoch == 0) *epoch = one["ring_epoch"].number();
    if (one["ring_epoch"].number() != *epoch) return name + "ring epochs differ";
    copies += one["words"].number();
  }
  const uint64_t expected = status["words"].number() * std::min<uint64_t>(3, members);
  if (status["copies"].number() != std::min<uint64_t>(3, members)) {
    return StrCat(name, status["copies"].number(), " copies");
  }
  return copies == expected ? "" : StrCat(name, copies, " copies of words, not ", expected);
}

std::string FaultCluster::Missing() {
  size_t members = 0;
  for (const Node& node : nodes_) members += node.started;
  uint64_t epoch = 0;
  for (size_t node = 0; node < kNodesMax; ++node) {
    if (!nodes_[node].started) continue;
    if (std::string missing = MissingAt(node, members, &epoch); !missing.empty()) return missing;
  }
  return "";
}

std::string FaultCluster::AwaitWhole(std::chrono::seconds patience) {
  std::string missing;
  Await([&] { return (missing = Missing()).empty(); }, patience);
  return missing;
}

bool FaultCluster::AnyTakenForDead() {
  for (size_t node = 0; node < kNodesMax; ++node) {
    if (Log(node).find("taken for dead") != std::string::npos) return true;
  }
  return false;
}

std::string FaultCluster::Log(size_t node) {
  const Node& asked = nodes_[node];
  return asked.process ? asked.earlier_log + asked.process->Error() : "";
}

std::string FaultCluster::Logs() {
  const std::string folder =
      StrCat(std::filesystem::temp_directory_path().string(), "/trifecta-faults-", getpid());
  std::filesystem::create_directories(folder);
  std::string text = StrCat("\nlogs are in ", folder, "\n");
  for (size_t node = 0; node < kNodesMax; ++node) {
    if (!nodes_[node].started) continue;
    const std::string log = Log(node);
    std::ofstream(StrCat(folder, "/", node, ".log")) << log;
    text += StrCat("node ", node, " at ", FaultNetwork::Get().Address(node), ":\n",
                   log.substr(log.size() - std::min(log.size(), kShownBytes)), "\n");
  }
  return text;
}

}  // namespace trifecta::faults
