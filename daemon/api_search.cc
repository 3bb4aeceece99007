// Search by prefix, a page at a time, and exact counts.
#include <utility>

#include "daemon/api_parameters.h"
#include "daemon/api_routes.h"
#include "net/json.h"
#include "storage/base/text.h"
#include "storage/base/word.h"

namespace trifecta::daemon {
namespace {

using net::Request;
using net::Response;

constexpr uint64_t kLimitDefault = 10;
constexpr uint64_t kLimitMax = 1000;
// A worker keeps its buffers from search to search up to this size; larger answers are rare.
constexpr size_t kKeptBytesMax = 256 * 1024;

struct SearchCall {
  storage::SearchOptions search;
  CallOptions options;
  bool partial = false;
  bool paged = false;  // the answer says where the next page begins
};

Result<SearchCall> ParseSearch(const Request& request) {
  SearchCall call;
  if (!request.Query("q")) {
    return Status(StatusCode::kInvalidArgument,
                  "the query parameter q is missing: the prefix to search for (empty: all words)");
  }
  const Result<std::string_view> prefix = PrefixParameter(request, "q");
  if (!prefix.ok()) return prefix.status();
  const Result<std::string_view> after = PrefixParameter(request, "after");
  if (!after.ok()) return after.status();
  const Result<uint64_t> limit = NumberParameter(request, "limit", 1, kLimitMax, kLimitDefault);
  if (!limit.ok()) return limit.status();
  const Result<size_t> order = ChoiceParameter(request, "order", {"asc", "desc"});
  if (!order.ok()) return order.status();
  const Result<size_t> partial = ChoiceParameter(request, "partial", {"false", "true"});
  if (!partial.ok()) return partial.status();
  const Result<CallOptions> options = CallOptionsOf(request);
  if (!options.ok()) return options.status();

  call.search = {.prefix = *prefix, .after = *after, .limit = *limit};
  call.search.order = *order == 0 ? storage::Order::kAscending : storage::Order::kDescending;
  call.options = *options;
  call.partial = *partial == 1;
  call.paged = request.Query("limit") || request.Query("after");
  return call;
}

void AppendStrings(const std::vector<std::string>& strings, std::string* to) {
  to->push_back('[');
  for (const std::string& string : strings) {
    if (to->back() != '[') to->push_back(',');
    net::AppendJsonString(to, string);
  }
  to->push_back(']');
}

void AppendWords(const storage::Page& page, size_t count, std::string* to) {
  for (size_t i = 0; i < count; ++i) {
    if (i > 0) to->push_back(',');
    net::AppendJsonString(to, page.word(i));
  }
}

// `limit` words at most are shown; that there is one more makes a next page.
void WriteAnswer(const SearchCall& call, const SearchAnswer& answer, size_t limit,
                 std::string* body) {
  const size_t shown = std::min(limit, answer.page.size());
  size_t bytes = 64;
  for (size_t i = 0; i < shown; ++i) bytes += answer.page.word(i).size() + 4;
  body->reserve(bytes);

  body->append(R"({"results":[)");
  AppendWords(answer.page, shown, body);
  body->push_back(']');
  if (call.paged && shown < answer.page.size()) {
    body->append(R"(,"next":)");
    net::AppendJsonString(body, answer.page.word(shown - 1));
  } else if (call.paged) {
    body->append(R"(,"next":null)");
  }
  if (!answer.missing.empty()) {
    body->append(R"(,"complete":false,"missing":)");
    AppendStrings(answer.missing, body);
  }
  body->push_back('}');
}

void Search(const ApiContext& context, const Request& request, Response& response) {
  Result<SearchCall> call = ParseSearch(request);
  if (!call.ok()) {
    response = net::ProblemFor(call.status());
    return;
  }
  static thread_local SearchAnswer answer;
  const size_t limit = call->search.limit;
  if (call->paged) ++call->search.limit;
  const Status searched =
      context.coordinator->Search(call->search, call->partial, call->options, &answer);
  if (searched.ok()) {
    WriteAnswer(*call, answer, limit, &response.body);
  } else {
    response = net::ProblemFor(searched);
  }
  if (response.body.size() > kKeptBytesMax) answer = SearchAnswer();
}

void Count(const ApiContext& context, const Request& request, Response& response) {
  const Result<std::string_view> prefix = PrefixParameter(request, "q");
  const Result<CallOptions> options = CallOptionsOf(request);
  if (!prefix.ok() || !options.ok()) {
    response = net::ProblemFor(prefix.ok() ? options.status() : prefix.status());
    return;
  }
  const Result<uint64_t> count = context.coordinator->Count(*prefix, *options);
  if (!count.ok()) {
    response = net::ProblemFor(count.status());
    return;
  }
  net::JsonWriter json;
  json.BeginObject().Key("prefix").String(*prefix).Key("count").Number(*count).EndObject();
  response.body = json.Take();
}

}  // namespace

std::vector<ApiRoute> SearchRoutes() {
  const std::vector<std::string_view> parameters = {"q",     "limit",   "after",
                                                    "order", "partial", "consistency"};
  return {{"GET", "/search", Search, parameters},
          {"GET", "/api/v1/search", Search, parameters},
          {"GET", "/api/v1/count", Count, {"q", "consistency"}}};
}

}  // namespace trifecta::daemon
