// Words by the million: a body of lines, stored in batches as it arrives.
#include <utility>

#include "daemon/api_parameters.h"
#include "daemon/api_routes.h"
#include "daemon/bulk_reader.h"
#include "daemon/bulk_writer.h"
#include "daemon/inflating_reader.h"
#include "daemon/metrics.h"
#include "net/json.h"
#include "storage/base/text.h"
#include "storage/base/word.h"

namespace trifecta::daemon {
namespace {

using net::Request;
using net::Response;

// Bad lines that an answer lists; beyond them `rejected` only counts.
constexpr size_t kErrorsMax = 100;

struct BulkCall {
  Operation operation = Operation::kAdd;
  bool stop_on_error = false;
  Consistency consistency = Consistency::kQuorum;
};

struct RejectedLine {
  uint64_t line;
  Status reason;
};

std::string_view CodeOf(const Status& reason) {
  return reason.code() == StatusCode::kInvalidWord ? "invalid_word" : "bad_request";
}

Result<BulkCall> ParseCall(const Request& request) {
  const Result<size_t> operation = ChoiceParameter(request, "op", {"add", "delete"});
  if (!operation.ok()) return operation.status();
  const Result<size_t> on_error = ChoiceParameter(request, "on_error", {"skip", "stop"});
  if (!on_error.ok()) return on_error.status();
  const Result<CallOptions> options = CallOptionsOf(request);
  if (!options.ok()) return options.status();
  return BulkCall{*operation == 0 ? Operation::kAdd : Operation::kDelete, *on_error == 1,
                  options->consistency};
}

Result<BulkFormat> FormatOf(const Request& request) {
  const std::string_view header = request.Header("content-type");
  const std::string type = MediaType(header);
  const std::string charset = MediaTypeParameter(header, "charset");
  if (!charset.empty() && charset != "utf-8" && charset != "utf8" && charset != "us-ascii") {
    return Status(StatusCode::kInvalidArgument,
                  StrCat("charset ", Shown(charset), ": words are UTF-8"));
  }
  // What curl says of a body where it is told nothing is taken for lines as well.
  if (type.empty() || type == "text/plain" || type == "application/x-www-form-urlencoded") {
    return BulkFormat::kLines;
  }
  if (type == "application/x-ndjson" || type == "application/ndjson" ||
      type == "application/jsonl") {
    return BulkFormat::kNdjson;
  }
  return Status(StatusCode::kInvalidArgument,
                StrCat("Content-Type ", Shown(type),
                       ": send text/plain, a word a line, or application/x-ndjson, {\"word\":...} "
                       "a line"));
}

// One bulk request from its first line to its answer.
class Bulk {
 public:
  Bulk(const ApiContext& context, const BulkCall& call, BulkFormat format, net::BodyReader* body)
      : context_(context),
        call_(call),
        reader_(body, format),
        writer_(context.coordinator, call.operation, call.consistency, context.request_timeout) {}

  Response Run() {
    Result<bool> more = true;
    while (!stopped_ && (more = reader_.Next()).ok() && *more) {
      // Only now: a body of one batch that is just full needs no second thread.
      if (batch_.full() && !SubmitBefore(reader_.line()).ok()) break;
      TakeLine();
    }
    if (more.ok() && failure_.ok()) failure_ = Finish();
    writer_.Stop();
    CountWords();
    if (!more.ok()) return BodyProblem(more.status(), Counters(true));
    if (!failure_.ok()) return WriteProblem(failure_, Counters(true));
    return stopped_ ? Stopped() : Done();
  }

 private:
  void TakeLine() {
    Status problem = reader_.problem();
    if (problem.ok()) problem = ValidateWord(reader_.word());
    if (problem.ok() && call_.operation == Operation::kAdd) {
      problem = context_.lexicon.Check(reader_.word());
    }
    if (problem.ok()) {
      batch_.Add(reader_.word());
    } else {
      Reject(std::move(problem));
    }
  }

  void Reject(Status reason) {
    ++rejected_;
    stopped_ = call_.stop_on_error;
    if (errors_.size() < kErrorsMax) errors_.push_back({reader_.line(), std::move(reason)});
  }

  // Hands over the batch, which settles the lines before `line`.
  Status SubmitBefore(uint64_t line) {
    batch_.last_line = line - 1;
    return failure_ = writer_.Submit(&batch_);
  }

  Status Finish() {
    batch_.last_line = reader_.line();
    return writer_.Finish(&batch_);
  }

  void CountWords() {
    const BulkWriter::Totals totals = writer_.totals();
    const bool adding = call_.operation == Operation::kAdd;
    context_.metrics->CountWords(adding ? WordResult::kExisting : WordResult::kDeleted,
                                 totals.existed);
    context_.metrics->CountWords(adding ? WordResult::kAdded : WordResult::kMissing,
                                 totals.words - totals.existed);
  }

  // The members of the answer, without braces.
  std::string Counters(bool cut_short) const {
    const BulkWriter::Totals totals = writer_.totals();
    const uint64_t fresh = totals.words - totals.existed;
    net::JsonWriter json;
    json.BeginObject().Key("lines").Number(reader_.line());
    if (call_.operation == Operation::kAdd) {
      json.Key("added").Number(fresh).Key("existing").Number(totals.existed);
    } else {
      json.Key("deleted").Number(totals.existed).Key("missing").Number(fresh);
    }
    json.Key("rejected").Number(rejected_).Key("errors").BeginArray();
    for (const RejectedLine& error : errors_) {
      json.BeginObject().Key("line").Number(error.line).Key("code").String(CodeOf(error.reason));
      json.Key("detail").String(error.reason.message()).EndObject();
    }
    json.EndArray();
    if (cut_short) json.Key("durable_through_line").Number(totals.through_line);
    const std::string object = json.EndObject().Take();
    return object.substr(1, object.size() - 2);
  }

  Response Done() const {
    Response response;
    response.body = StrCat("{", Counters(false), "}");
    return response;
  }

  Response Stopped() const {
    const RejectedLine& bad = errors_.back();
    return net::Problem(422, "invalid_word",
                        StrCat("line ", bad.line, ": ", bad.reason.message(),
                               "; the lines before it are stored, nothing after it is"),
                        Counters(true));
  }

  const ApiContext& context_;
  const BulkCall call_;
  BulkReader reader_;
  BulkWriter writer_;
  BulkBatch batch_;
  bool stopped_ = false;  // at a bad line, as asked
  uint64_t rejected_ = 0;
  std::vector<RejectedLine> errors_;
  Status failure_;  // of storing
};

void RunBulk(const ApiContext& context, const Request& request, Response& response) {
  const Result<BulkCall> call = ParseCall(request);
  if (!call.ok()) {
    response = net::ProblemFor(call.status());
    return;
  }
  const Result<BulkFormat> format = FormatOf(request);
  const Result<bool> gzip = IsGzip(request);
  if (!format.ok() || !gzip.ok()) {
    const Status& unsupported = format.ok() ? gzip.status() : format.status();
    response = net::Problem(415, "unsupported_media_type", unsupported.message());
    return;
  }
  if (*gzip) {
    InflatingReader inflated(request.body);
    response = Bulk(context, *call, *format, &inflated).Run();
  } else {
    response = Bulk(context, *call, *format, request.body).Run();
  }
}

}  // namespace

std::vector<ApiRoute> BulkRoutes() {
  return {{"POST",
           "/api/v1/bulk",
           RunBulk,
           {"op", "on_error", "consistency"},
           net::Lane::kStream,
           true}};
}

}  // namespace trifecta::daemon
