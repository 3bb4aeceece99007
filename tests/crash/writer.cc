#include "tests/crash/writer.h"

#include <stdexcept>

#include "storage/base/limits.h"

namespace trifecta::test {
namespace {

// Bulk requests are mostly small, so that many are cut off; sometimes large enough for a checkpoint
// to run while the rest of it arrives.
constexpr uint64_t kBulkWords = 300;
constexpr uint64_t kLargeBulkWords = 20'000;
// Words remembered for writing them again.
constexpr size_t kKnownWords = 2'000;

}  // namespace

void Progress::Acknowledged() {
  std::lock_guard lock(mutex_);
  ++acknowledged_;
  changed_.notify_all();
}

void Progress::Ended() {
  std::lock_guard lock(mutex_);
  --running_;
  changed_.notify_all();
}

void Progress::WaitFor(uint64_t acknowledged) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return acknowledged_ >= acknowledged || running_ == 0; });
}

void Writer::Run(uint16_t port, Progress* progress) {
  try {
    RawClient client(port);
    while (ChangeSomething(&client)) progress->Acknowledged();
  } catch (const std::runtime_error&) {  // killed before this writer had connected
  }
  progress->Ended();
}

bool Writer::ChangeSomething(RawClient* client) {
  const Change change = Below(4) == 0 ? Change::kDelete : Change::kAdd;
  return Below(10) == 0 ? ChangeMany(client, change) : ChangeOne(client, change);
}

// Mostly short words over few letters, so that they share prefixes and meet the deletions; a few
// single letters, shorter than a shard's root; a few as long as words may be.
std::string Writer::NewWord() {
  const uint64_t kind = Below(1'000);
  const size_t length = kind == 0 ? kWordBytesMax - 1 : kind < 20 ? 0 : 1 + Below(9);
  std::string word(length, 'a');
  for (char& letter : word) letter = static_cast<char>('a' + Below(12));
  return word + tag_;
}

std::string Writer::AnyWord() {
  if (known_.size() == kKnownWords && Below(2) == 0) return known_[Below(kKnownWords)];
  std::string word = NewWord();
  if (known_.size() < kKnownWords) {
    known_.push_back(word);
  } else {
    known_[Below(kKnownWords)] = word;
  }
  return word;
}

bool Writer::ChangeOne(RawClient* client, Change change) {
  const std::string word = AnyWord();
  return Send(client, {word}, change, change == Change::kAdd ? "PUT" : "DELETE",
              "/api/v1/words/" + word, "");
}

bool Writer::ChangeMany(RawClient* client, Change change) {
  std::vector<std::string> words(1 + Below(Below(20) == 0 ? kLargeBulkWords : kBulkWords));
  std::string body;
  for (std::string& word : words) {
    word = AnyWord();
    body += word + "\n";
  }
  return Send(client, words, change, "POST",
              change == Change::kAdd ? "/api/v1/bulk?op=add" : "/api/v1/bulk?op=delete", body);
}

bool Writer::Send(RawClient* client, const std::vector<std::string>& words, Change change,
                  std::string_view method, const std::string& target, const std::string& body) {
  model_->Sent(words, change);
  const RawAnswer answer = client->Ask(
      method, target,
      "Content-Type: text/plain\r\nContent-Length: " + std::to_string(body.size()) + "\r\n", body);
  // Killed, or stopping: the outcome is unknown, and the round is over.
  if (!answer.whole || answer.status == 503) return false;
  if (answer.status != 200 && !(answer.status == 404 && method == "DELETE")) {
    unexpected_.push_back(std::string(method) + " " + target.substr(0, 60) + " answered " +
                          std::to_string(answer.status) + ": " + answer.body.substr(0, 300));
    return false;
  }
  model_->Acknowledged(words, change);
  return true;
}

}  // namespace trifecta::test
