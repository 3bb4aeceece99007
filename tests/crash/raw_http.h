// HTTP/1.1 as bare as it gets, over one kept-alive socket: what the crash tests see of a node does
// not pass through any code of ours.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace trifecta::test {

struct RawReply {
  int status = 0;
  std::string body;
};

// One thread at a time.
class RawHttp {
 public:
  explicit RawHttp(uint16_t port) : port_(port) {}  // on 127.0.0.1
  ~RawHttp() { Close(); }
  RawHttp(const RawHttp&) = delete;
  RawHttp& operator=(const RawHttp&) = delete;

  // The whole answer; nothing when the connection was refused or broke before its end, as it does
  // when the node is killed. The next request connects anew.
  std::optional<RawReply> Send(std::string_view method, std::string_view target,
                               std::string_view body = "");

 private:
  bool Connect();
  void Close();
  bool SendAll(std::string_view bytes);
  // Reads on until `unread_` has `size` bytes.
  bool Fill(size_t size);
  // Takes the bytes before `end` out of `unread_`, and drops `end`.
  std::optional<std::string> TakeUntil(std::string_view end);
  std::optional<std::string> Take(size_t size);
  std::optional<std::string> TakeChunks();
  std::optional<RawReply> ReadReply();

  const uint16_t port_;
  int socket_ = -1;
  std::string unread_;
};

}  // namespace trifecta::test
