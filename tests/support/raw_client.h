// A client that sends bytes as they are, valid HTTP or not, and reads answers one by one: for tests
// of what a server does with every kind of client. Nothing waits longer than 30 s.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace trifecta::test {

struct RawAnswer {
  int status = 0;                              // 0: the connection ended instead
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;                            // chunks put together
  bool whole = false;  // it came to its end: its length, its last chunk, or a proper close
};

// On 127.0.0.1. One thread at a time. Fails the test (an exception) when it cannot connect.
class RawClient {
 public:
  explicit RawClient(uint16_t port);
  // With a receive buffer of about that many bytes: a reader that is soon full.
  RawClient(uint16_t port, int receive_buffer);
  ~RawClient();
  RawClient(RawClient&& other) noexcept;
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;

  // False when the server has closed the connection.
  bool Send(std::string_view bytes);
  // As much of `bytes` as the buffers take at once; how much that was.
  size_t SendSome(std::string_view bytes);
  // No more to be sent; answers can still be read.
  void EndOutput();

  // The next answer; `head` when it answers HEAD. Interim ones (1xx) count.
  RawAnswer Read(bool head = false);
  // Sends "METHOD TARGET HTTP/1.1", Host, `headers` (each with its CR LF) and `body`, then reads.
  RawAnswer Ask(std::string_view method, std::string_view target, std::string_view headers = "",
                std::string_view body = "");
  // GET.
  RawAnswer Get(std::string_view target) { return Ask("GET", target); }

  // Waits until the server closes; false when it sends anything more, or does not.
  bool Ended();

 private:
  bool Receive();
  std::string TakeLine();
  std::string Take(size_t size, bool* whole);
  void ReadChunks(RawAnswer* answer);

  int socket_ = -1;
  bool closed_properly_ = false;  // not reset
  std::string unread_;
};

}  // namespace trifecta::test
