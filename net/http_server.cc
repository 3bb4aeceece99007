#include "net/http_server.h"

#include <array>
#include <exception>
#include <mutex>
#include <thread>
#include <utility>

#include "net/http_acceptor.h"
#include "net/http_exchange.h"
#include "net/request_intake.h"
#include "net/router.h"
#include "net/served_body.h"
#include "net/socket.h"
#include "net/url.h"
#include "net/worker_lane.h"
#include "storage/base/text.h"

namespace trifecta::net {
namespace {

using Clock = std::chrono::steady_clock;
using After = ServerConnection::After;

constexpr int kStatusClientGone = 499;

std::string Lower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

Status DecodeSegments(const Route& route, std::string_view path, Request* request) {
  for (const std::string_view segment : WildcardSegments(route.pattern, path)) {
    Result<std::string> decoded = PercentDecode(segment);
    if (!decoded.ok()) return decoded.status().WithContext("path");
    request->segments.push_back(std::move(*decoded));
  }
  return Status::Ok();
}

// The request as its handler sees it.
Status FillRequest(const ServerConnection& connection, BodyReader* body, Request* request) {
  const PendingRequest& pending = connection.request;
  const HttpHead& head = pending.head;
  request->method = head.method;
  request->path = head.path;
  request->headers.reserve(head.headers.size());
  for (const auto& [name, value] : head.headers) request->headers.emplace_back(Lower(name), value);
  request->remote = connection.remote;
  request->arrived = pending.arrived;
  request->deadline = pending.deadline;
  request->body = body;
  Result<QueryParameters> query = ParseQuery(head.query);
  if (!query.ok()) return query.status();
  request->query = std::move(*query);
  return DecodeSegments(*pending.route, head.path, request);
}

HttpExchange::Form FormOf(const ServerConnection& connection) {
  const HttpHead& head = connection.request.head;
  return {head.method == "HEAD", head.http10};
}

}  // namespace

class HttpServer::Impl : private HttpAcceptor::Delegate {
 public:
  Impl(HttpServerOptions options, Router router);

  Status Listen();
  void Serve();
  void Stop(std::chrono::milliseconds grace);
  uint16_t port() const { return port_; }

 private:
  Next OnInput(ServerConnection* connection) override;
  void OnInputTimeout(ServerConnection* connection) override;
  void OnOverload(ServerConnection* connection) override;

  WorkerLane* LaneFor(const Route& route);
  void Dispatch(ServerConnection* connection);
  void Refuse(ServerConnection* connection, Response refusal);

  void Work(WorkerLane* lane, ServerConnection* connection);
  Response CallHandler(const ServerConnection& connection, BodyReader* body);
  RateGuard Guard() const { return {options_.least_rate, options_.rate_window}; }
  void Record(const ServerConnection& connection, int status) const;
  std::unique_ptr<WorkerLane> NewLane(const char* name, const LaneOptions& options);

  const HttpServerOptions options_;
  const Router router_;
  const RequestIntake intake_;
  HttpExchange exchange_;
  uint16_t port_ = 0;
  std::unique_ptr<HttpAcceptor> acceptor_;
  // Uploads and downloads have slots of their own: stalled exports must not keep words out.
  std::unique_ptr<WorkerLane> health_, peer_, protocol_, client_, upload_, download_;
  std::thread loop_;
  std::mutex stop_mutex_;
};

HttpServer::Impl::Impl(HttpServerOptions options, Router router)
    : options_(std::move(options)),
      router_(std::move(router)),
      intake_(&router_, {options_.head_timeout, options_.body_timeout, options_.request_deadline},
              [this](const Route& route) { return LaneFor(route)->Full(); }),
      health_(NewLane("health", options_.health)),
      peer_(NewLane("peer", options_.peer)),
      protocol_(NewLane("protocol", options_.protocol)),
      client_(NewLane("client", options_.client)),
      upload_(NewLane("upload", options_.stream)),
      download_(NewLane("download", options_.stream)) {}

std::unique_ptr<WorkerLane> HttpServer::Impl::NewLane(const char* name,
                                                      const LaneOptions& options) {
  return std::make_unique<WorkerLane>(
      StrCat("http-", name), options.workers, options.queue, options.look,
      [this](WorkerLane* lane, ServerConnection* connection) { Work(lane, connection); });
}

Status HttpServer::Impl::Listen() {
  Result<Socket> listener = ListenOn(options_.host, options_.port);
  if (!listener.ok()) return listener.status();
  port_ = BoundPort(*listener);
  Result<std::unique_ptr<HttpAcceptor>> acceptor =
      HttpAcceptor::Create(std::move(*listener),
                           {options_.connections_max, options_.idle_timeout, options_.least_rate,
                            options_.rate_window, options_.logger},
                           this);
  if (!acceptor.ok()) return acceptor.status();
  acceptor_ = std::move(*acceptor);
  return Status::Ok();
}

void HttpServer::Impl::Serve() {
  for (WorkerLane* lane : {health_.get(), peer_.get(), protocol_.get(), client_.get(),
                           upload_.get(), download_.get()}) {
    lane->Start();
  }
  loop_ = std::thread([this] { acceptor_->Run(); });
}

void HttpServer::Impl::Stop(std::chrono::milliseconds grace) {
  std::lock_guard lock(stop_mutex_);
  if (!loop_.joinable()) return;
  acceptor_->Stop(Clock::now() + grace);
  loop_.join();
  for (WorkerLane* lane : {health_.get(), peer_.get(), protocol_.get(), client_.get(),
                           upload_.get(), download_.get()}) {
    lane->Stop();
  }
}

// --- on the event loop

HttpAcceptor::Delegate::Next HttpServer::Impl::OnInput(ServerConnection* connection) {
  Response refusal;
  switch (intake_.Take(connection, &refusal)) {
    case RequestIntake::Verdict::kMore:
      return Next::kReadMore;
    case RequestIntake::Verdict::kContinue:
      // A socket without room for a line is broken, as the next read will tell.
      connection->socket.Send("HTTP/1.1 100 Continue\r\n\r\n");
      return Next::kReadMore;
    case RequestIntake::Verdict::kReady:
      Dispatch(connection);
      return Next::kTaken;
    case RequestIntake::Verdict::kRefused:
      Refuse(connection, std::move(refusal));
      return Next::kTaken;
  }
  return Next::kTaken;
}

void HttpServer::Impl::OnInputTimeout(ServerConnection* connection) {
  Response refusal = Problem(408, "request_timeout", "the request did not arrive in time");
  refusal.close = true;
  Refuse(connection, std::move(refusal));
}

void HttpServer::Impl::OnOverload(ServerConnection* connection) {
  Response refusal = Problem(503, "unavailable", "too many requests are arriving; try again");
  refusal.close = true;
  Refuse(connection, std::move(refusal));
}

WorkerLane* HttpServer::Impl::LaneFor(const Route& route) {
  switch (route.lane) {
    case Lane::kHealth:
      return health_.get();
    case Lane::kPeer:
      return peer_.get();
    case Lane::kProtocol:
      return protocol_.get();
    case Lane::kClient:
      return client_.get();
    case Lane::kStream:
      return route.streams_body ? upload_.get() : download_.get();
  }
  return client_.get();
}

void HttpServer::Impl::Dispatch(ServerConnection* connection) {
  const PendingRequest& request = connection->request;
  if (LaneFor(*request.route)->Push(connection)) return;
  Response refusal = Problem(503, "unavailable", "too many requests are waiting; try again");
  refusal.close = request.decoder.state() != BodyDecoder::State::kDone;
  Refuse(connection, std::move(refusal));
}

void HttpServer::Impl::Refuse(ServerConnection* connection, Response refusal) {
  const bool unread = refusal.close;
  refusal.close |= connection->request.head.close || acceptor_->stopping();
  std::string bytes;
  const HttpExchange::Outcome outcome = exchange_.Run(
      FormOf(*connection), [&](Response* response) { *response = std::move(refusal); }, nullptr,
      &bytes);
  Record(*connection, outcome.status);
  connection->request.Clear();
  acceptor_->Answer(connection, std::move(bytes),
                    unread          ? After::kLinger
                    : outcome.close ? After::kClose
                                    : After::kKeep);
}

// --- on a worker

void HttpServer::Impl::Work(WorkerLane* lane, ServerConnection* connection) {
  ServedBody body(connection, Guard());
  SocketWriter writer(&connection->socket, Guard());
  const auto respond = [&](Response* response) {
    *response = CallHandler(*connection, &body);
    response->close |= connection->request.head.close || acceptor_->stopping() || !body.complete();
  };
  std::string bytes;
  const HttpExchange::Outcome outcome =
      exchange_.Run(FormOf(*connection), respond, &writer, &bytes);
  Record(*connection, outcome.cut ? kStatusClientGone : outcome.status);
  const bool http10 = connection->request.head.http10;
  const bool unread = !body.complete();
  connection->request.Clear();
  lane->Done();
  if (outcome.cut) {
    (void)writer.Write(bytes);  // the answer's beginning, where nothing of it has gone out yet
    return acceptor_->Close(connection, http10);
  }
  acceptor_->Answer(connection, std::move(bytes),
                    unread          ? After::kLinger
                    : outcome.close ? After::kClose
                                    : After::kKeep);
}

Response HttpServer::Impl::CallHandler(const ServerConnection& connection, BodyReader* body) {
  const PendingRequest& pending = connection.request;
  if (acceptor_->cut()) return Problem(503, "unavailable", "the server stops");
  if (Clock::now() > pending.deadline) {
    return Problem(503, "unavailable", "the request waited too long for its turn; try again");
  }
  const Route& route = *pending.route;
  std::string thrown;
  try {
    Request request;
    if (Status status = FillRequest(connection, body, &request); !status.ok()) {
      return Problem(400, "bad_request", status.message());
    }
    Response response;
    route.handler(request, response);
    return response;
  } catch (const std::exception& error) {
    thrown = error.what();
  } catch (...) {
    thrown = "an unknown exception";
  }
  options_.logger->Error(StrCat(route.method, " ", route.pattern, ": the handler threw: ", thrown));
  return Problem(500, "internal", "an internal error; the server's log says more");
}

void HttpServer::Impl::Record(const ServerConnection& connection, int status) const {
  if (!options_.on_request) return;
  const PendingRequest& request = connection.request;
  AccessRecord record;
  record.method = request.head.method;
  record.status = status;
  record.duration = request.begun ? Clock::now() - request.began : Clock::duration::zero();
  if (request.route != nullptr) {
    record.pattern = request.route->pattern;
    record.lane = request.route->lane;
  }
  options_.on_request(record);
}

// --- the face

HttpServer::HttpServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

HttpServer::~HttpServer() { Stop(std::chrono::milliseconds(0)); }

Result<std::unique_ptr<HttpServer>> HttpServer::Listen(HttpServerOptions options,
                                                       std::vector<Route> routes) {
  Result<Router> router = Router::Build(std::move(routes));
  if (!router.ok()) return router.status();
  auto impl = std::make_unique<Impl>(std::move(options), std::move(*router));
  if (Status status = impl->Listen(); !status.ok()) return status;
  return std::unique_ptr<HttpServer>(new HttpServer(std::move(impl)));
}

void HttpServer::Serve() { impl_->Serve(); }

uint16_t HttpServer::port() const { return impl_->port(); }

void HttpServer::Stop(std::chrono::milliseconds grace) { impl_->Stop(grace); }

}  // namespace trifecta::net
