// What nodes send each other: whatever arrives as a request, as its answers or as the HTTP around
// them, reading ends with a value or a reason, and what was read can be written and read again.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "net/http_reply_parser.h"
#include "net/peer_envelope.h"

using namespace trifecta::net;  // NOLINT: the target is about nothing else

namespace {

bool Equal(const PeerRequest& a, const PeerRequest& b) {
  if (a.cluster != b.cluster || a.from != b.from || a.to != b.to) return false;
  if (a.items.size() != b.items.size()) return false;
  for (size_t i = 0; i < a.items.size(); ++i) {
    if (a.items[i].kind != b.items[i].kind || a.items[i].patience != b.items[i].patience ||
        a.items[i].bytes != b.items[i].bytes) {
      return false;
    }
  }
  return true;
}

void ReadRequest(std::string_view bytes) {
  const auto request = DecodePeerRequest(bytes);
  if (!request.ok()) return;
  std::string again;
  EncodePeerRequest(*request, &again);
  const auto read = DecodePeerRequest(again);
  if (!read.ok() || !Equal(*request, *read)) std::abort();
}

void ReadAnswers(std::string_view bytes) {
  const auto answers = DecodePeerAnswers(bytes);
  if (!answers.ok()) return;
  std::vector<PeerAnswer> copies;
  for (const PeerAnswerView& answer : answers->answers) {
    copies.push_back({answer.refused, std::string(answer.bytes)});
  }
  std::string again;
  EncodePeerAnswers(answers->from, copies, &again);
  const auto read = DecodePeerAnswers(again);
  if (!read.ok() || read->answers.size() != copies.size()) std::abort();
  for (size_t i = 0; i < copies.size(); ++i) {
    if (read->answers[i].bytes != copies[i].bytes) std::abort();
  }
}

// The pieces make no difference.
void ReadReply(std::string_view bytes) {
  HttpReplyParser whole(1'000), pieces(1'000);
  const auto state = whole.Take(bytes);
  auto last = HttpReplyParser::State::kMore;
  for (size_t i = 0; i < bytes.size() && last == HttpReplyParser::State::kMore; ++i) {
    last = pieces.Take(bytes.substr(i, 1));
  }
  if (state != HttpReplyParser::State::kDone) return;
  if (last != state || pieces.status() != whole.status()) std::abort();
  if (pieces.TakeBody() != whole.TakeBody()) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  ReadRequest(bytes);
  ReadAnswers(bytes);
  ReadReply(bytes);
  return 0;
}
