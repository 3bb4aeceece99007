#include "cmd/batch_sender.h"

#include <algorithm>

namespace trifecta::cmd {
namespace {

// A node lists so many rejected lines of a request.
constexpr size_t kListedErrorsMax = 100;

// The line of the body that begins at `*at`, which is moved behind it.
std::string_view NextLine(std::string_view body, size_t* at) {
  const size_t end = body.find('\n', *at);
  const std::string_view line = body.substr(*at, end - *at);
  *at = end + 1;
  return line;
}

// Adds the lines that the node named to the batch's rejected ones; `first` is the body's line that
// the request began with.
void AddRejects(Batch* batch, uint64_t first, std::string_view body,
                const std::vector<net::BulkError>& errors) {
  size_t at = 0;
  uint64_t line = 1;
  for (const net::BulkError& error : errors) {
    while (line < error.line && at < body.size()) {
      NextLine(body, &at);
      ++line;
    }
    if (at >= body.size() || line != error.line) break;
    size_t end = at;
    batch->Reject({batch->LineOf(first + line - 1), std::string(NextLine(body, &end)), error.code,
                   error.detail});
  }
}

// Whether a node may store it another time, or another node.
bool MayComeRight(const net::Problem& problem) {
  return problem.code == "unreachable" || problem.http_status == 429 ||
         (problem.http_status >= 500 && problem.retryable);
}

void SortRejects(Batch* batch) {
  std::stable_sort(batch->rejected.begin(), batch->rejected.end(),
                   [](const RejectedLine& a, const RejectedLine& b) { return a.line < b.line; });
}

}  // namespace

BatchSender::BatchSender(SendOptions options, const MakeClient& make_client, Done done)
    : options_(options), done_(std::move(done)), parallelism_(options.stop ? 1 : options.parallel) {
  const size_t count = parallelism_.allowed();
  for (size_t i = 0; i < count; ++i) clients_.push_back(make_client(i));
  for (auto& client : clients_) workers_.emplace_back([this, &client] { Work(client.get()); });
}

BatchSender::~BatchSender() {
  {
    std::lock_guard lock(mutex_);
    closing_ = true;
  }
  changed_.notify_all();
  for (std::thread& worker : workers_) worker.join();
}

bool BatchSender::Submit(std::unique_ptr<Batch> batch) {
  // As many wait as are under way, so that a worker never waits for the reader; with `stop` what
  // follows a rejected line must not be under way.
  const uint64_t window = options_.stop ? 1 : 2 * workers_.size();
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return Ending() || submitted_ - handed_back_ < window; });
  if (Ending()) return false;
  queue_.emplace(submitted_++, std::move(batch));
  lock.unlock();
  changed_.notify_all();
  return true;
}

void BatchSender::Drain() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return Ending() || submitted_ == handed_back_; });
}

void BatchSender::Work(net::Client* client) {
  for (;;) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] {
      if (Ending()) return true;
      return queue_.empty() ? closing_ : under_way_ < parallelism_.allowed();
    });
    if (queue_.empty() || Ending()) return;
    auto next = queue_.extract(queue_.begin());
    const bool alone = ++under_way_ == 1;
    lock.unlock();
    Finished finished{std::move(next.mapped()), {}};
    switch (Send(client, alone, finished.batch.get(), &finished.summary)) {
      case Sent::kStored:
        HandBack(next.key(), std::move(finished));
        break;
      case Sent::kTurnedAway:
        PutBack(next.key(), std::move(finished.batch));
        break;
      case Sent::kFailed:
        return Fail(*client);
    }
  }
}

// Who is alone has nobody to give way to, and is patient.
BatchSender::Sent BatchSender::Send(net::Client* client, bool alone, Batch* batch,
                                    net::BulkSummary* summary) {
  if (batch->words == 0) return Sent::kStored;
  const uint64_t stored_before = stored_;
  auto answer = client->Bulk(options_.op, batch->body, batch->ndjson, options_.stop,
                             alone ? options_.patience : std::chrono::milliseconds(0));
  if (!answer.ok()) {
    const bool others_stored = stored_ != stored_before;
    const bool again = MayComeRight(client->problem()) && (!alone || others_stored);
    return again ? Sent::kTurnedAway : Sent::kFailed;
  }
  ++stored_;
  *summary = std::move(*answer);
  AddRejects(batch, 0, batch->body, summary->errors);
  const bool unlisted = summary->rejected > summary->errors.size();
  if (unlisted && options_.all_rejects && !FindAllRejects(client, batch, *summary)) {
    return Sent::kFailed;
  }
  SortRejects(batch);
  return Sent::kStored;
}

// Sends what follows the last line that was named once more, in parts so small that every rejected
// line of them is named. Storing a word twice changes nothing; the counters of the first answer
// stand.
bool BatchSender::FindAllRejects(net::Client* client, Batch* batch,
                                 const net::BulkSummary& summary) {
  const std::string_view body = batch->body;
  size_t at = 0;
  uint64_t line = 0;
  for (const uint64_t last = summary.errors.empty() ? 0 : summary.errors.back().line; line < last;
       ++line) {
    NextLine(body, &at);
  }
  while (at < body.size()) {
    const size_t begin = at;
    const uint64_t first = line;
    for (; line < first + kListedErrorsMax && at < body.size(); ++line) NextLine(body, &at);
    const std::string_view part = body.substr(begin, at - begin);
    auto answer = SendPart(client, part, batch->ndjson);
    if (!answer.ok()) return false;
    ++stored_;
    AddRejects(batch, first, part, answer->errors);
  }
  return true;
}

// For as long as other batches get through: its time comes then.
Result<net::BulkSummary> BatchSender::SendPart(net::Client* client, std::string_view part,
                                               bool ndjson) {
  for (;;) {
    const uint64_t stored_before = stored_;
    auto answer = client->Bulk(options_.op, part, ndjson, false, options_.patience);
    if (answer.ok() || !MayComeRight(client->problem()) || stored_ == stored_before) return answer;
  }
}

void BatchSender::PutBack(uint64_t sequence, std::unique_ptr<Batch> batch) {
  {
    std::lock_guard lock(mutex_);
    parallelism_.TurnedAway(--under_way_);
    queue_.emplace(sequence, std::move(batch));
  }
  changed_.notify_all();
}

void BatchSender::Fail(const net::Client& client) {
  {
    std::lock_guard lock(mutex_);
    // That we were interrupted says more than what it did to a connection.
    if (!problem_ || client.problem().code == "interrupted") problem_ = client.problem();
  }
  changed_.notify_all();
}

void BatchSender::HandBack(uint64_t sequence, Finished finished) {
  {
    std::lock_guard lock(mutex_);
    --under_way_;
    parallelism_.Stored();
    finished_.emplace(sequence, std::move(finished));
    while (!finished_.empty() && finished_.begin()->first == handed_back_) {
      Finished& next = finished_.begin()->second;
      stopped_ |= next.summary.stopped;
      done_(*next.batch, next.summary);
      finished_.erase(finished_.begin());
      ++handed_back_;
    }
  }
  changed_.notify_all();
}

}  // namespace trifecta::cmd
