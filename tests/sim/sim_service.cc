#include "tests/sim/sim_service.h"

#include <memory>
#include <string_view>
#include <utility>

#include "daemon/replication/count_operation.h"
#include "daemon/replication/lookup_operation.h"
#include "daemon/replication/search_operation.h"
#include "daemon/replication/write_operation.h"

namespace trifecta::sim {
namespace {

using Done = std::function<void(Answer)>;

// What a failure says of a write: nothing. Only refusals before anything was sent are sure, and
// those the caller makes itself.
Answer Failed(const Status& status) {
  Answer answer;
  answer.reason = status.ToString();
  return answer;
}

// Runs `operation`; `take` reads its result once it succeeded.
template <typename SomeOperation, typename Take>
void Run(SimRunner* runner, const std::shared_ptr<SomeOperation>& operation, Done done, Take take) {
  runner->Run(operation, [operation, done = std::move(done), take] {
    if (!operation->status().ok()) return done(Failed(operation->status()));
    Answer answer;
    answer.outcome = Outcome::kOk;
    take(*operation, &answer);
    done(std::move(answer));
  });
}

void Write(SimNode* node, const Request& request, Done done) {
  const std::vector<std::string_view> words(request.words.begin(), request.words.end());
  const auto write = std::make_shared<replication::WriteOperation>(
      words, request.action == Action::kDelete, request.consistency, request.deadline,
      node->stamper());
  Run(&node->runner(), write, std::move(done),
      [](const auto& operation, Answer* answer) { answer->found = operation.existed(); });
}

void Search(SimNode* node, const Request& request, Done done) {
  storage::SearchOptions search;
  search.prefix = request.words.front();
  search.after = request.after;
  search.limit = request.limit;
  search.order = request.order;
  const auto running = std::make_shared<replication::SearchOperation>(
      search, false, request.consistency, request.deadline);
  Run(&node->read_runner(), running, std::move(done), [](const auto& operation, Answer* answer) {
    const storage::Page& page = operation.page();
    for (size_t i = 0; i < page.size(); ++i) answer->words.emplace_back(page.word(i));
  });
}

}  // namespace

void Execute(SimNode* node, const Request& request, Done done) {
  if (node->view() == nullptr) {
    Answer refused = Failed({StatusCode::kUnavailable, "this node is not ready"});
    refused.outcome = Outcome::kFailed;
    return done(std::move(refused));
  }
  switch (request.action) {
    case Action::kAdd:
    case Action::kDelete:
      return Write(node, request, std::move(done));
    case Action::kSearch:
      return Search(node, request, std::move(done));
    case Action::kLookup:
      return Run(&node->read_runner(),
                 std::make_shared<replication::LookupOperation>(
                     request.words.front(), request.consistency, request.deadline),
                 std::move(done), [](const auto& operation, Answer* answer) {
                   answer->found = operation.lookup().known && operation.lookup().live;
                 });
    case Action::kCount:
      return Run(&node->read_runner(),
                 std::make_shared<replication::CountOperation>(
                     request.words.front(), request.consistency, request.deadline),
                 std::move(done),
                 [](const auto& operation, Answer* answer) { answer->count = operation.count(); });
  }
}

}  // namespace trifecta::sim
