// What replicas and coordinators say to each other: whatever arrives, decoding ends with a value or
// a Status, and what was decoded is the same after it was written and read again.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "daemon/replication/messages.h"

using namespace trifecta::replication;  // NOLINT: the target is about nothing else

namespace {

void Expect(bool good) {
  if (!good) std::abort();
}

// Written again, a message may be shorter (numbers and versions written at length), but then it
// stays as it is.
template <typename Request>
void DecodeRequest(std::string_view bytes) {
  Request request;
  if (!Decode(bytes, &request).ok()) return;
  const std::string once = Encode(request);
  Request again;
  Expect(Decode(once, &again).ok());
  Expect(Encode(again) == once);
}

template <typename Reply>
void DecodeReply(std::string_view bytes) {
  ReplyHead head;
  Reply reply;
  if (!Decode(bytes, &head, &reply).ok() || head.refusal != Refusal::kNone) return;
  const std::string once = Encode(head, reply);
  if (once.size() > kReplyBytesMax) return;  // an outcome's versions were left out more cleverly
  ReplyHead head_again;
  Reply again;
  Expect(Decode(once, &head_again, &again).ok());
  Expect(Encode(head_again, again) == once);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  static_cast<void>(KindOf(bytes).ok());
  DecodeRequest<WriteRequest>(bytes);
  DecodeRequest<LookupRequest>(bytes);
  DecodeRequest<ScanRequest>(bytes);
  DecodeRequest<CountRequest>(bytes);
  DecodeRequest<StampRequest>(bytes);
  DecodeRequest<DigestRequest>(bytes);
  DecodeRequest<ShardsRequest>(bytes);
  DecodeReply<WriteReply>(bytes);
  DecodeReply<trifecta::storage::Lookup>(bytes);
  DecodeReply<ScanReply>(bytes);
  DecodeReply<CountReply>(bytes);
  DecodeReply<StampReply>(bytes);
  DecodeReply<DigestReply>(bytes);
  DecodeReply<ShardsReply>(bytes);
  DecodeReply<StatusReply>(bytes);
  return 0;
}
