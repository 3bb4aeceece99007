// Every word that begins with a prefix, streamed in order.
#include <charconv>
#include <memory>
#include <utility>

#include "daemon/api_parameters.h"
#include "daemon/api_routes.h"
#include "net/json.h"
#include "storage/base/text.h"

namespace trifecta::daemon {
namespace {

using net::Request;
using net::Response;

// Words read at once, and one chunk of the answer: some 40 KB, at most 4 MB.
constexpr size_t kPageWords = 4096;
// A page is a read of its own, with the time that an ordinary request has.
constexpr std::chrono::seconds kPageTime{10};

enum class ExportFormat { kLines, kNdjson };

// How much a client wants a media type (RFC 9110, section 12.5.1): the q of the most specific range
// that covers it, 0 when none does.
double QualityOf(std::string_view accept, std::string_view type) {
  const std::string family = StrCat(type.substr(0, type.find('/')), "/*");
  double quality = 0;
  int specificity = 0;
  while (!accept.empty()) {
    const size_t comma = accept.find(',');
    const std::string_view range = accept.substr(0, comma);
    accept.remove_prefix(comma == std::string_view::npos ? accept.size() : comma + 1);

    const std::string name = MediaType(range);
    const int covers = name == type ? 3 : name == family ? 2 : name == "*/*" ? 1 : 0;
    if (covers <= specificity) continue;
    specificity = covers;
    quality = 1;
    if (const std::string q = MediaTypeParameter(range, "q"); !q.empty()) {
      std::from_chars(q.data(), q.data() + q.size(), quality);
    }
  }
  return quality;
}

double NdjsonQuality(std::string_view accept) {
  return std::max({QualityOf(accept, "application/x-ndjson"),
                   QualityOf(accept, "application/ndjson"),
                   QualityOf(accept, "application/jsonl")});
}

// The format the client likes best, lines at a draw; nothing when it takes neither.
std::optional<ExportFormat> Negotiate(std::string_view accept) {
  if (accept.empty()) return ExportFormat::kLines;
  const double lines = QualityOf(accept, "text/plain"), ndjson = NdjsonQuality(accept);
  if (lines <= 0 && ndjson <= 0) return std::nullopt;
  return ndjson > lines ? ExportFormat::kNdjson : ExportFormat::kLines;
}

// Goes through the words a page at a time. Holds nothing of the store between two pages.
class Export {
 public:
  Export(const ApiContext& context, std::string_view prefix, Consistency consistency,
         ExportFormat format)
      : context_(context), prefix_(prefix), consistency_(consistency), format_(format) {}

  Status ReadPage() {
    const storage::SearchOptions search{.prefix = prefix_, .after = after_, .limit = kPageWords};
    const CallOptions options{consistency_, std::chrono::steady_clock::now() + kPageTime};
    TRIFECTA_RETURN_IF_ERROR(context_.coordinator->Search(search, false, options, &answer_));
    if (!answer_.page.empty()) after_ = answer_.page.word(answer_.page.size() - 1);
    return Status::Ok();
  }

  // Writes the page that was read, then the rest.
  bool Stream(net::BodyWriter& out) {
    std::string chunk;
    while (!answer_.page.empty()) {
      chunk.clear();
      for (size_t i = 0; i < answer_.page.size(); ++i) AppendLine(answer_.page.word(i), &chunk);
      if (!out.Write(chunk)) return false;
      if (answer_.page.size() < kPageWords) break;
      if (const Status read = ReadPage(); !read.ok()) {
        context_.logger->Warning(StrCat("export cut after ", Shown(after_), ": ", read.message()));
        return false;
      }
    }
    return true;
  }

 private:
  void AppendLine(std::string_view word, std::string* to) const {
    if (format_ == ExportFormat::kLines) {
      to->append(word);
    } else {
      to->append(R"({"word":)");
      net::AppendJsonString(to, word);
      to->push_back('}');
    }
    to->push_back('\n');
  }

  const ApiContext& context_;
  const std::string prefix_;
  const Consistency consistency_;
  const ExportFormat format_;
  std::string after_;
  SearchAnswer answer_;
};

void RunExport(const ApiContext& context, const Request& request, Response& response) {
  const Result<std::string_view> prefix = PrefixParameter(request, "q");
  const Result<CallOptions> options = CallOptionsOf(request);
  if (!prefix.ok() || !options.ok()) {
    response = net::ProblemFor(prefix.ok() ? options.status() : prefix.status());
    return;
  }
  const std::optional<ExportFormat> format = Negotiate(request.Header("accept"));
  if (!format) {
    response = net::Problem(406, "not_acceptable",
                            "Accept: export comes as text/plain, a word a line, or as "
                            "application/x-ndjson, {\"word\":...} a line");
    return;
  }
  auto words = std::make_shared<Export>(context, *prefix, options->consistency, *format);
  // The first page before the answer begins: what cannot be read at all gets a status that says so.
  if (const Status read = words->ReadPage(); !read.ok()) {
    response = net::ProblemFor(read);
    return;
  }
  response.content_type =
      *format == ExportFormat::kLines ? "text/plain; charset=utf-8" : "application/x-ndjson";
  response.stream = [words](net::BodyWriter& out) { return words->Stream(out); };
}

}  // namespace

std::vector<ApiRoute> ExportRoutes() {
  return {{"GET", "/api/v1/export", RunExport, {"q", "consistency"}, net::Lane::kStream}};
}

}  // namespace trifecta::daemon
