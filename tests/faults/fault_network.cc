#include "tests/faults/fault_network.h"

#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <stdexcept>

#include "storage/base/text.h"
#include "tests/support/process.h"

namespace trifecta::faults {
namespace {

// Data of all nodes, in memory: the disk of a busy machine is none of a fault's business.
constexpr char kFolderOptions[] = "size=4g";

// Where Debian has the programs, whatever the PATH.
std::string Find(const std::string& program) {
  for (const char* folder : {"/usr/sbin/", "/sbin/", "/usr/bin/", "/bin/"}) {
    if (access((folder + program).c_str(), X_OK) == 0) return folder + program;
  }
  return "";
}

const std::string& Ip() {
  static const std::string path = Find("ip");
  return path;
}

// Runs it; "" or what it said.
std::string Try(std::vector<std::string> command) {
  const std::string name = command[0];
  test::ProcessOptions options;
  options.command = std::move(command);
  const test::ProcessResult result = test::Run(std::move(options));
  return result.status == 0 ? "" : StrCat(name, ": ", result.error);
}

void Must(std::vector<std::string> command) {
  const std::string fault = Try(std::move(command));
  if (!fault.empty()) throw std::runtime_error(fault);
}

std::vector<std::string> Words(std::string_view text) {
  std::vector<std::string> words;
  while (!text.empty()) {
    const size_t end = std::min(text.find(' '), text.size());
    if (end > 0) words.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return words;
}

void MustIp(std::string_view arguments) {
  std::vector<std::string> command = Words(arguments);
  command.insert(command.begin(), Ip());
  Must(std::move(command));
}

std::string Name(size_t node) { return StrCat("n", node + 1); }

// A user other than root is root in a user namespace of its own, where the system allows that.
bool BecomeRoot() {
  if (geteuid() == 0) return true;
  const uid_t user = geteuid();
  const gid_t group = getegid();
  if (unshare(CLONE_NEWUSER) != 0) return false;
  std::ofstream("/proc/self/setgroups") << "deny";
  std::ofstream("/proc/self/uid_map") << "0 " << user << " 1";
  std::ofstream("/proc/self/gid_map") << "0 " << group << " 1";
  return geteuid() == 0;
}

std::string Failed(std::string_view what) { return StrCat(what, ": ", std::strerror(errno)); }

}  // namespace

FaultNetwork& FaultNetwork::Get() {
  static FaultNetwork network;
  return network;
}

FaultNetwork::FaultNetwork() : reason_(Enter()) {
  if (!isolated()) return;
  MustIp("link set lo up");
  MustIp("link add name bridge type bridge");
  MustIp(StrCat("address add ", own_host(), "/24 dev bridge"));
  MustIp("link set bridge up");
  for (size_t node = 0; node < kNodesMax; ++node) AddNode(node);
  const std::string iptables = Find("iptables");
  cuts_ = !iptables.empty() && Try(At(0, {iptables, "-w", "-L", "-n"})).empty();
}

// "" when the process now has namespaces of its own, or why not. The network comes last, when all
// the rest is known to work: who has left the system's cannot be on its loopback interface.
std::string FaultNetwork::Enter() {
  if (Ip().empty()) return "there is no program ip (package iproute2)";
  if (!BecomeRoot()) return "this needs root or user namespaces";
  if (unshare(CLONE_NEWNS) != 0) return Failed("no namespaces");
  if (mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return Failed("mount /");
  // Names of namespaces and the lock of iptables are there.
  if (mount("trifecta-faults", "/run", "tmpfs", 0, kFolderOptions) != 0)
    return Failed("mount /run");
  if (mkdir("/run/netns", 0755) != 0 || mkdir("/run/data", 0755) != 0) return Failed("mkdir");
  if (std::string fault = Try({Ip(), "netns", "add", "probe"}); !fault.empty()) return fault;
  if (unshare(CLONE_NEWNET) != 0) return Failed("no namespace of a network");
  folder_ = "/run/data";
  return "";
}

void FaultNetwork::AddNode(size_t node) {
  const std::string name = Name(node), cable = StrCat("cable", node + 1);
  const std::string inside = StrCat("-n ", name, " ");
  MustIp(StrCat("netns add ", name));
  MustIp(StrCat("link add ", cable, " type veth peer name eth0 netns ", name));
  MustIp(StrCat("link set ", cable, " master bridge up"));
  MustIp(StrCat(inside, "address add ", Host(node), "/24 dev eth0"));
  MustIp(StrCat(inside, "link set eth0 up"));
  MustIp(StrCat(inside, "link set lo up"));
}

std::string FaultNetwork::Host(size_t node) const {
  if (isolated()) return StrCat("10.77.0.", node + 1);
  const unsigned process = static_cast<unsigned>(getpid());
  return StrCat("127.", 1 + process / 250 / 250 % 250, ".", process / 250 % 250, ".",
                process % 40 * 6 + node + 1);
}

std::string FaultNetwork::Address(size_t node) const { return StrCat(Host(node), ":", kNodePort); }

std::vector<std::string> FaultNetwork::At(size_t node, std::vector<std::string> command) const {
  if (isolated()) {
    const std::string enter[] = {Ip(), "netns", "exec", Name(node)};
    command.insert(command.begin(), std::begin(enter), std::end(enter));
  }
  return command;
}

void FaultNetwork::Rule(size_t node, std::vector<std::string> rule) {
  const std::string begin[] = {Find("iptables"), "-w", "-A", "INPUT"};
  rule.insert(rule.begin(), std::begin(begin), std::end(begin));
  rule.insert(rule.end(), {"-j", "DROP"});
  ruled_.insert(node);
  Must(At(node, std::move(rule)));
}

void FaultNetwork::Cut(size_t a, size_t b) {
  Rule(a, {"-s", Host(b)});
  Rule(b, {"-s", Host(a)});
}

void FaultNetwork::Part(const std::vector<size_t>& side, const std::vector<size_t>& other) {
  for (const size_t a : side) {
    for (const size_t b : other) Cut(a, b);
  }
}

void FaultNetwork::CutRequests(size_t from, size_t to) {
  Rule(to, {"-s", Host(from), "-p", "tcp", "--dport", StrCat(kNodePort)});
}

void FaultNetwork::Lose(size_t node, unsigned percent) {
  Rule(node, {"-m", "statistic", "--mode", "random", "--probability",
              StrCat("0.", percent / 10, percent % 10)});
}

void FaultNetwork::Slow(size_t node, unsigned kilobits) {
  slowed_.insert(node);
  Must(At(node, {Find("tc"), "qdisc", "add", "dev", "eth0", "root", "tbf", "rate",
                 StrCat(kilobits, "kbit"), "burst", "4kb", "latency", "500ms"}));
}

void FaultNetwork::Heal() {
  for (const size_t node : ruled_) Must(At(node, {Find("iptables"), "-w", "-F", "INPUT"}));
  for (const size_t node : slowed_) {
    Must(At(node, {Find("tc"), "qdisc", "del", "dev", "eth0", "root"}));
  }
  ruled_.clear();
  slowed_.clear();
}

}  // namespace trifecta::faults
