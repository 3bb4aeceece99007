#include "net/body_decoder.h"

#include <string>

#include "net/limits.h"
#include "tests/support/catch.h"

namespace trifecta::net {
namespace {

using State = BodyDecoder::State;

struct Decoded {
  State state;
  std::string body;
  std::string rest;  // of the input: the next request
};

// Feeds `bytes` in two parts, so that every place gets to be an end of what has arrived.
Decoded Decode(BodyDecoder decoder, const std::string& bytes, size_t cut, size_t max = SIZE_MAX) {
  Decoded decoded;
  std::string input = bytes.substr(0, cut);
  for (int part = 0; part < 2; ++part) {
    std::string_view raw = input;
    std::string_view piece;
    do {
      piece = decoder.Next(&raw, max);
      decoded.body += piece;
    } while (!piece.empty());
    input = std::string(raw) + (part == 0 ? bytes.substr(std::min(cut, bytes.size())) : "");
  }
  decoded.rest = input;
  decoded.state = decoder.state();
  return decoded;
}

Decoded DecodeChunked(const std::string& bytes, size_t cut = SIZE_MAX) {
  BodyDecoder decoder;
  decoder.StartChunked();
  return Decode(decoder, bytes, cut);
}

TEST_CASE("a body of known length ends where it ends, however it is cut") {
  const std::string bytes = "0123456789GET /";
  for (size_t cut = 0; cut <= bytes.size(); ++cut) {
    BodyDecoder decoder;
    decoder.StartLength(10);
    const Decoded decoded = Decode(decoder, bytes, cut, 3);
    CHECK(decoded.state == State::kDone);
    CHECK(decoded.body == "0123456789");
    CHECK(decoded.rest == "GET /");
  }
}

TEST_CASE("a chunked body ends where it ends, however it is cut") {
  const std::string bytes =
      "5\r\nhello\r\nA;name=\"v\"\r\n0123456789\r\n0\r\nTrailer: x\r\nB: y\r\n\r\nGET /";
  for (size_t cut = 0; cut <= bytes.size(); ++cut) {
    INFO(cut);
    const Decoded decoded = DecodeChunked(bytes, cut);
    CHECK(decoded.state == State::kDone);
    CHECK(decoded.body == "hello0123456789");
    CHECK(decoded.rest == "GET /");
  }
}

TEST_CASE("a body that is not all there needs more") {
  const std::string bytes = "5\r\nhello\r\n0\r\n\r\n";
  for (size_t size = 0; size < bytes.size(); ++size) {
    CHECK(DecodeChunked(bytes.substr(0, size)).state == State::kMore);
  }
}

TEST_CASE("chunks that another server might frame differently are bad") {
  for (const char* bad :
       {"-2\r\n", "+2\r\nab\r\n", "0x2\r\nab\r\n", "\r\n", " 2\r\nab\r\n", "2 \r\nab\r\n", ";a\r\n",
        "2\nab\r\n", "2\r\nabc\r\n", "2\r\nab\n", "2\r\nab\r\r", "2;\x01\r\nab", "g\r\n", "0\r\n\n",
        "0\r\nA: b\n\r\n", "0\r\nA\r\r\n", "1000000000000000000\r\n", "FFFFFFFFFFFFFFFFF\r\n"}) {
    INFO(bad);
    CHECK(DecodeChunked(bad).state == State::kBad);
  }
}

TEST_CASE("a chunk's line and the trailer are bounded") {
  CHECK(DecodeChunked("2;" + std::string(kChunkLineBytesMax, 'x')).state == State::kBad);
  CHECK(DecodeChunked(std::string(kChunkLineBytesMax + 1, '0')).state == State::kBad);
  CHECK(DecodeChunked("0\r\nA: " + std::string(kTrailerBytesMax, 'x')).state == State::kBad);
}

TEST_CASE("announced bytes may be received without the decoder") {
  BodyDecoder decoder;
  decoder.StartChunked();
  std::string_view raw = "8\r\n";
  CHECK(decoder.announced() == 0);
  decoder.Next(&raw, SIZE_MAX);
  CHECK(decoder.announced() == 8);
  decoder.Received(8);
  CHECK(decoder.announced() == 0);
  raw = "\r\n0\r\n\r\n";
  decoder.Next(&raw, SIZE_MAX);
  CHECK(decoder.state() == State::kDone);
}

TEST_CASE("a decoder that was not started has no body") {
  BodyDecoder decoder;
  CHECK(decoder.state() == State::kDone);
  decoder.StartLength(0);
  CHECK(decoder.state() == State::kDone);
}

}  // namespace
}  // namespace trifecta::net
