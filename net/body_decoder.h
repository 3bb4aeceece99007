// Finds a request's body in the bytes of its connection, by length or by chunks (RFC 9112, sections
// 6 and 7), and where the next request begins. Strict: what another parser might frame differently
// is bad. Pure, and without copies: pieces of the body are views of the bytes given.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace trifecta::net {

class BodyDecoder {
 public:
  enum class State {
    kMore,  // further bytes are needed
    kDone,  // the whole body was given out; the rest belongs to the next request
    kBad,   // the framing is broken; nothing on this connection can be trusted any more
  };

  void StartLength(uint64_t length);
  void StartChunked();

  State state() const { return state_; }

  // Takes framing and at most `max` bytes of the body off the front of `*bytes` and returns the
  // body's bytes. An empty piece means that `*bytes` is used up, or that state() is no more kMore.
  std::string_view Next(std::string_view* bytes, size_t max);

  // Bytes of the body that the client has announced and not yet sent, when they are at the front of
  // what comes next: they may be received straight into the reader's buffer, see Received. 0 when
  // framing comes first.
  uint64_t announced() const { return part_ == Part::kData ? left_ : 0; }
  // `count` of announced() bytes were taken without Next.
  void Received(uint64_t count);

 private:
  // What the next byte belongs to.
  enum class Part { kSize, kExtension, kSizeLf, kData, kDataCr, kDataLf, kTrailer, kEndLf };

  void TakeFraming(char c);
  bool TakeSize(char c);
  void TakeTrailer(char c);
  void Expect(char c, char expected, Part next);
  void BeginChunk();

  State state_ = State::kDone;
  Part part_ = Part::kData;
  bool chunked_ = false;
  bool line_empty_ = true;  // the trailer's line under way, so far
  char previous_ = 0;       // byte of the trailer
  size_t framing_ = 0;      // bytes of this chunk's line, or of the trailer
  uint64_t left_ = 0;       // of the body, or of this chunk
};

}  // namespace trifecta::net
