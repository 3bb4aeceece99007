#include "tests/faults/fault_client.h"

#include "net/json.h"
#include "net/url.h"
#include "storage/base/text.h"

namespace trifecta::faults {
namespace {

using sim::Action;
using sim::Outcome;
using sim::Record;

// A client waits for so long after the node's deadline: longer than what the checker lets pass, so
// that an answer that never comes is late.
constexpr std::chrono::seconds kBeyondDeadline{8};
// Nothing is waited for from a node that is paused: clients are for those that serve.
constexpr std::chrono::milliseconds kPausedPatience{200};

constexpr std::string_view kConsistencies[] = {"one", "quorum", "all"};

std::string RangeOf(const Question& question) {
  std::string query = StrCat("?q=", net::PercentEncode(question.words[0]));
  if (question.action == Action::kCount) return query;
  query += StrCat("&limit=", question.limit);
  if (question.order == storage::Order::kDescending) query += "&order=desc";
  if (!question.after.empty()) query += StrCat("&after=", net::PercentEncode(question.after));
  return query;
}

net::HttpCall CallOf(const Question& question, std::string* body) {
  net::HttpCall call;
  const std::string consistency =
      StrCat("consistency=", kConsistencies[static_cast<size_t>(question.consistency)]);
  const bool add = question.action == Action::kAdd;
  if (question.action == Action::kSearch) {
    call.target = StrCat("/api/v1/search", RangeOf(question), "&", consistency);
  } else if (question.action == Action::kCount) {
    call.target = StrCat("/api/v1/count", RangeOf(question), "&", consistency);
  } else if (question.words.size() == 1) {
    call.method = add ? "PUT" : question.action == Action::kDelete ? "DELETE" : "GET";
    call.target = StrCat("/api/v1/words/", net::PercentEncode(question.words[0]), "?", consistency);
  } else {
    call.method = "POST";
    call.target = StrCat("/api/v1/bulk?op=", add ? "add" : "delete", "&", consistency);
    call.headers.emplace_back("Content-Type", "text/plain");
    for (const std::string& word : question.words) *body += word + "\n";
    call.body = *body;
  }
  return call;
}

// What an answer means. Only what is surely so is "failed"; the rest may have been stored in part.
Outcome OutcomeOf(const Question& question, int status, const net::JsonValue& answer) {
  if (status == 200) return Outcome::kOk;
  const bool word_was_not_there = status == 404 && answer["code"].string() == "word_not_found";
  if (word_was_not_there) return Outcome::kOk;
  if (status == 404 && question.action == Action::kLookup) return Outcome::kOk;
  if (!sim::IsWrite(question.action)) return Outcome::kFailed;
  const bool refused = status < 500 || (status == 503 && question.words.size() == 1 &&
                                        answer["outcome"].string() != "unknown");
  return refused ? Outcome::kFailed : Outcome::kUnknown;
}

void Understand(const Question& question, const net::HttpReply& reply, Record* record) {
  auto parsed = net::ParseJson(reply.body);
  const net::JsonValue answer = parsed.ok() ? std::move(*parsed) : net::JsonValue();
  record->outcome = OutcomeOf(question, reply.status, answer);
  if (record->outcome != Outcome::kOk) {
    record->reason = StrCat(reply.status, " ", answer["detail"].string());
    return;
  }
  record->found_is_known = question.words.size() == 1;
  if (question.action == Action::kAdd) record->found = !answer["created"].boolean();
  if (question.action == Action::kDelete) record->found = answer["deleted"].boolean();
  if (question.action == Action::kLookup) record->found = reply.status == 200;
  if (question.action == Action::kCount) record->count = answer["count"].number();
  for (const auto& word : answer["results"].array()) record->words.emplace_back(word.string());
}

}  // namespace

FaultClient::FaultClient(const FaultCluster* cluster, Recorder* recorder)
    : cluster_(cluster), recorder_(recorder) {
  for (size_t node = 0; node < kNodesMax; ++node) {
    connections_.push_back(
        std::make_unique<net::HttpClient>(cluster->endpoint(node), net::HttpClientOptions()));
  }
}

Record FaultClient::Ask(size_t node, const Question& question) {
  Record record;
  record.action = question.action;
  record.consistency = question.consistency;
  record.after = question.after;
  record.limit = question.limit;
  record.order = question.order;
  record.node = node;
  const uint64_t disturbances = cluster_->disturbances(node);
  const sim::Millis deadline =
      recorder_->now() + static_cast<sim::Millis>(cluster_->options().request_timeout.count());
  std::vector<size_t> operations;
  for (const std::string& word : question.words) {
    record.word = word;
    operations.push_back(recorder_->Begin(record));
  }
  Record answer = Send(node, question);
  // A node that was killed or paused has missed no deadline.
  const bool disturbed = disturbances % 2 == 1 || disturbances != cluster_->disturbances(node);
  answer.deadline = disturbed ? 0 : deadline;
  for (const size_t operation : operations) recorder_->End(operation, answer);
  return answer;
}

Record FaultClient::Send(size_t node, const Question& question) {
  std::string body;
  net::HttpCall call = CallOf(question, &body);
  call.timeout = cluster_->options().request_timeout + kBeyondDeadline;
  if (cluster_->disturbances(node) % 2 == 1) call.timeout = kPausedPatience;
  net::HttpClient& connection = *connections_[node];
  const auto reply = connection.Send(call);
  Record record;
  http_status_ = reply.ok() ? reply->status : 0;
  if (reply.ok()) {
    Understand(question, *reply, &record);
  } else {
    record.outcome = connection.may_have_arrived() ? Outcome::kUnknown : Outcome::kFailed;
    record.reason = reply.status().message();
  }
  return record;
}

}  // namespace trifecta::faults
