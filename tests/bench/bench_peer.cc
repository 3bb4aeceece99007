// What it costs a node to ask another one: round trips of one caller, and items a second of many
// callers, whose items travel together.
#include <sys/resource.h>

#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "net/http_server.h"
#include "net/peer_transport.h"
#include "storage/base/text.h"
#include "tests/bench/common/die.h"
#include "tests/bench/common/flags.h"
#include "tests/bench/common/measure.h"
#include "tests/bench/common/table.h"

namespace trifecta::bench {
namespace {

constexpr char kUsage[] = R"(usage: bench_peer [FLAGS]

  --seconds N   of each row (3)
  --bytes N     of each item and its answer (64)
  --quick       a fifth of a second a row: shows that it works, not how fast

A server that echoes and a transport that asks it, both in this process, over loopback.
)";

using Clock = std::chrono::steady_clock;

const net::NodeId kServer = net::NodeId::FromBytes("the server there");

void Echo(const net::Request& request, net::Response& response) {
  std::string body(std::stoul(std::string(request.Header("content-length"))), '\0');
  if (Must(request.body->Read(body)) != body.size()) Die("a request came in pieces");
  const net::PeerRequest message = Must(net::DecodePeerRequest(body));
  std::vector<net::PeerAnswer> answers;
  for (const net::PeerItem& item : message.items)
    answers.push_back({false, std::string(item.bytes)});
  net::EncodePeerAnswers(kServer, answers, &response.body);
}

std::unique_ptr<net::HttpServer> StartServer() {
  net::Route route{"POST", std::string(net::kPeerPath), net::Lane::kPeer, false,
                   Echo,   net::kPeerBytesMax};
  auto server = Must(net::HttpServer::Listen({}, {route}));
  server->Serve();
  return server;
}

// One caller, who waits for each answer.
class Caller {
 public:
  Caller(net::PeerTransport* transport, net::PeerAddress to, net::PeerClass peer_class)
      : transport_(transport), to_(std::move(to)), class_(peer_class) {}

  void Ask(const std::string& bytes) {
    bool answered = false;
    transport_->Call(net::ItemKind::kReplica, class_, to_, bytes,
                     Clock::now() + std::chrono::seconds(30), [&](Result<std::string> reply) {
                       Must(reply.status());
                       std::lock_guard lock(mutex_);
                       answered = true;
                       changed_.notify_one();
                     });
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return answered; });
  }

 private:
  net::PeerTransport* const transport_;
  const net::PeerAddress to_;
  const net::PeerClass class_;
  std::mutex mutex_;
  std::condition_variable changed_;
};

double ProcessorSeconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

// A row of the table: `callers` threads for so long.
std::vector<std::string> Measure(net::PeerTransport* transport, const net::PeerAddress& to,
                                 size_t callers, const std::string& bytes, double seconds) {
  Caller(transport, to, net::PeerClass::kWrite).Ask(bytes);
  const uint64_t requests_before = transport->Stats().at(0).requests;
  const double processor_before = ProcessorSeconds();
  std::vector<Latencies> latencies(callers);
  std::vector<std::thread> threads;
  const Timer timer;
  for (size_t i = 0; i < callers; ++i) {
    threads.emplace_back([&, i] {
      Caller caller(transport, to, net::PeerClass::kWrite);
      while (timer.Seconds() < seconds) {
        const auto begin = Clock::now();
        caller.Ask(bytes);
        latencies[i].Add(Clock::now() - begin);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  const double took = timer.Seconds();
  const double processor = ProcessorSeconds() - processor_before;
  Latencies all;
  for (const Latencies& some : latencies) all.Add(some);
  const auto items = static_cast<double>(all.size());
  const auto requests = static_cast<double>(transport->Stats().at(0).requests - requests_before);
  return {StrCat(callers, callers == 1 ? " caller" : " callers"),
          Figure(items / took),
          Figure(all.Percentile(0.5) / 1e3, 1),
          Figure(all.Percentile(0.99) / 1e3, 1),
          Figure(items / requests, 1),
          Figure(processor / items * 1e6, 1)};
}

int Main(int argc, char** argv) {
  const Flags flags(argc, argv, kUsage);
  const double seconds = flags.Has("quick") ? 0.2 : static_cast<double>(flags.Number("seconds", 3));
  const std::string bytes(flags.Number("bytes", 64), 'x');
  const auto server = StartServer();
  net::PeerTransportOptions options;
  options.self = net::NodeId::FromBytes("the client here.");
  const auto transport = Must(net::PeerTransport::Start(options));
  const net::PeerAddress to{kServer, StrCat("127.0.0.1:", server->port())};

  std::printf("\nitems to a peer and back, %zu bytes each way, %u cores\n", bytes.size(),
              std::thread::hardware_concurrency());
  Table table({"", "items/s", "p50 us", "p99 us", "items/request", "processor us/item"});
  for (const size_t callers : {1, 4, 16, 64, 256}) {
    table.Add(Measure(transport.get(), to, callers, bytes, seconds));
  }
  table.Print();
  return 0;
}

}  // namespace
}  // namespace trifecta::bench

int main(int argc, char** argv) { return trifecta::bench::Main(argc, argv); }
