// One word: added, deleted, asked for. The word stands in a JSON body or in the path.
#include <utility>

#include "daemon/api_parameters.h"
#include "daemon/api_routes.h"
#include "daemon/metrics.h"
#include "net/json.h"
#include "storage/base/text.h"
#include "storage/base/word.h"

namespace trifecta::daemon {
namespace {

using net::Request;
using net::Response;

void AppendMember(std::string* to, std::string_view name, std::string_view value) {
  to->append(name);
  net::AppendJsonString(to, value);
}

void AnswerWritten(std::string_view verb, std::string_view preposition, std::string_view word,
                   std::string_view what, bool value, Response* response) {
  response->body.reserve(2 * word.size() + 96);
  AppendMember(&response->body, R"({"message":)",
               StrCat(verb, " '", word, "' ", preposition, " Trifecta db"));
  AppendMember(&response->body, R"(,"word":)", word);
  response->body.append(what).append(value ? "true}" : "false}");
}

Response NotFound(std::string_view word) {
  return net::Problem(404, "word_not_found", StrCat("the word ", Shown(word), " is not stored"));
}

void Add(const ApiContext& context, const Request& request, std::string_view word,
         Response& response) {
  const Status allowed = context.lexicon.Check(word);
  const Result<CallOptions> options = CallOptionsOf(request);
  if (!allowed.ok() || !options.ok()) {
    response = net::ProblemFor(allowed.ok() ? options.status() : allowed);
    return;
  }
  const Result<uint64_t> existed =
      context.coordinator->Write(Operation::kAdd, {&word, 1}, *options);
  if (!existed.ok()) {
    response = WriteProblem(existed.status());
    return;
  }
  context.metrics->CountWords(*existed == 0 ? WordResult::kAdded : WordResult::kExisting, 1);
  AnswerWritten("Added", "to", word, R"(,"created":)", *existed == 0, &response);
}

void Delete(const ApiContext& context, const Request& request, std::string_view word,
            Response& response) {
  const Result<CallOptions> options = CallOptionsOf(request);
  if (!options.ok()) {
    response = net::ProblemFor(options.status());
    return;
  }
  const Result<uint64_t> existed =
      context.coordinator->Write(Operation::kDelete, {&word, 1}, *options);
  if (!existed.ok()) {
    response = WriteProblem(existed.status());
    return;
  }
  context.metrics->CountWords(*existed == 0 ? WordResult::kMissing : WordResult::kDeleted, 1);
  if (*existed == 0) {
    response = NotFound(word);
  } else {
    AnswerWritten("Removed", "from", word, R"(,"deleted":)", true, &response);
  }
}

void Get(const ApiContext& context, const Request& request, std::string_view word,
         Response& response) {
  const Result<CallOptions> options = CallOptionsOf(request);
  const Result<bool> found =
      options.ok() ? context.coordinator->Contains(word, *options) : Result<bool>(options.status());
  if (!found.ok()) {
    response = net::ProblemFor(found.status());
  } else if (!*found) {
    response = NotFound(word);
  } else {
    AppendMember(&response.body, R"({"word":)", word);
    response.body.push_back('}');
  }
}

using WordHandler = void (*)(const ApiContext&, const Request&, std::string_view, Response&);

// The word of a JSON body, whatever its Content-Type says.
template <WordHandler handler>
void ForBody(const ApiContext& context, const Request& request, Response& response) {
  const Result<bool> gzip = IsGzip(request);
  if (!gzip.ok()) {
    response = net::Problem(415, "unsupported_media_type", gzip.status().message());
    return;
  }
  const Result<std::string> body = ReadSmallBody(request, *gzip);
  if (!body.ok()) {
    response = BodyProblem(body.status());
    return;
  }
  const Result<std::string> word = net::ParseWordObject(*body);
  const Status valid = word.ok() ? ValidateWord(*word) : word.status().WithContext("request body");
  if (valid.ok()) {
    handler(context, request, *word, response);
  } else {
    response = net::ProblemFor(word.ok() ? valid.WithContext("word") : valid);
  }
}

// The word of the path.
template <WordHandler handler>
void ForPath(const ApiContext& context, const Request& request, Response& response) {
  const std::string& word = request.segments.at(0);
  const Status valid = ValidateWord(word);
  if (valid.ok()) {
    handler(context, request, word, response);
  } else {
    response = net::ProblemFor(valid.WithContext("word"));
  }
}

}  // namespace

std::vector<ApiRoute> WordRoutes() {
  return {{"POST", "/api/v1/words", ForBody<Add>, {"consistency"}},
          {"DELETE", "/api/v1/words", ForBody<Delete>, {"consistency"}},
          {"PUT", "/api/v1/words/*", ForPath<Add>, {"consistency"}},
          {"GET", "/api/v1/words/*", ForPath<Get>, {"consistency"}},
          {"DELETE", "/api/v1/words/*", ForPath<Delete>, {"consistency"}}};
}

}  // namespace trifecta::daemon
