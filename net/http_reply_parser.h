// One HTTP/1.1 answer of known length, from the bytes as they come. What Trifecta's own server
// sends to a peer and nothing else: no chunks, no interim answers. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace trifecta::net {

// The head of an answer to a peer; ours has some 150 bytes.
inline constexpr size_t kPeerReplyHeadBytesMax = size_t{8} * 1024;

class HttpReplyParser {
 public:
  enum class State {
    kMore,
    kDone,
    kBad,  // problem() says why; nothing on the connection can be trusted any more
  };

  explicit HttpReplyParser(size_t body_bytes_max) : body_bytes_max_(body_bytes_max) {}

  // Takes what came. Bytes after the answer are bad: nothing was asked for yet.
  State Take(std::string_view bytes);
  // For the next answer.
  void Clear();

  // Whether any byte came.
  bool began() const { return head_complete_ || !head_.empty(); }
  const std::string& problem() const { return problem_; }

  // Once done.
  int status() const { return status_; }
  bool keep_alive() const { return keep_alive_; }
  std::string TakeBody() { return std::move(body_); }

 private:
  State TakeHead(std::string_view bytes);
  State TakeBodyBytes(std::string_view bytes);
  bool ParseHead(std::string_view head);
  bool ParseHeader(std::string_view line);
  State Bad(std::string problem);

  const size_t body_bytes_max_;
  std::string head_;
  std::string body_;
  std::string problem_;
  bool head_complete_ = false;
  bool has_length_ = false;
  bool keep_alive_ = true;
  int status_ = 0;
  uint64_t length_ = 0;
};

}  // namespace trifecta::net
