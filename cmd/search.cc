#include <algorithm>

#include "cmd/command.h"
#include "net/json.h"
#include "storage/base/text.h"
#include "storage/base/word.h"

namespace trifecta::cmd {
namespace {

// Prints pages as they come, so that memory stays flat however many words there are.
class Search {
 public:
  Search(Context* context, uint64_t limit)
      : context_(*context), out_(context->out()), left_(limit) {
    const Arguments& arguments = context->arguments();
    request_.prefix = arguments.positional[0];
    request_.after = arguments.Value("after");
    request_.descending = arguments.Has("desc");
    terminator_ = arguments.Has("null") ? '\0' : '\n';
  }

  int Run() {
    for (const std::string* text : {&request_.prefix, &request_.after}) {
      if (Status valid = ValidatePrefix(*text); !valid.ok()) {
        return out_.Fail(
            {kExitRefused, "invalid_word", StrCat(Quoted(*text), ": ", valid.message()), ""});
      }
    }
    while (more_ && left_ > 0) {
      request_.limit = std::min(left_, net::kSearchLimitMax);
      auto page = context_.client().Search(request_);
      if (!page.ok()) return context_.FailCall();
      if (!Print(*page)) return kExitPipeClosed;
    }
    Finish();
    if (!complete_) {
      return out_.Fail({kExitPartial, "incomplete",
                        "the answer is incomplete: parts of the "
                        "cluster did not answer",
                        "See 'trifecta cluster-status'."});
    }
    return any_ ? kExitDone : kExitNo;
  }

 private:
  // What comes before the first word, once the cluster has answered.
  void Begin() {
    if (out_.json() && !begun_) out_.Data("{\"results\":[");
    begun_ = true;
  }

  bool Print(const net::SearchPage& page) {
    Begin();
    for (const std::string& word : page.words) {
      if (out_.json()) {
        std::string text(any_ ? "," : "");
        net::AppendJsonString(&text, word);
        if (!out_.Data(text)) return false;
      } else if (!out_.Data(StrCat(word, terminator_))) {
        return false;
      }
      any_ = true;
    }
    left_ -= std::min<uint64_t>(left_, page.words.size());
    more_ = page.more && !page.words.empty();
    complete_ &= page.complete;
    if (!page.words.empty()) request_.after = page.words.back();
    return true;
  }

  void Finish() {
    if (out_.json()) {
      std::string end = "],\"next\":";
      if (more_) {
        net::AppendJsonString(&end, request_.after);
      } else {
        end += "null";
      }
      out_.Data(StrCat(end, ",\"complete\":", complete_ ? "true" : "false", "}\n"));
    } else if (more_ && out_.out_is_terminal()) {
      out_.Flush();
      out_.Note(StrCat("there are more: --all, -n N, or --after ", Quoted(request_.after)));
    }
  }

  Context& context_;
  Output& out_;
  net::SearchRequest request_;
  uint64_t left_;
  char terminator_ = '\n';
  bool more_ = true, complete_ = true, any_ = false, begun_ = false;
};

}  // namespace

int RunSearch(Context& context) {
  auto limit = context.arguments().Number("limit", 10, 1, UINT64_MAX);
  if (!limit.ok()) return context.FailUsage(limit.status());
  if (context.arguments().Has("all") && context.arguments().Has("limit")) {
    return context.FailUsage(
        {StatusCode::kInvalidArgument, "--all and --limit exclude each other"});
  }
  return Search(&context, context.arguments().Has("all") ? UINT64_MAX : *limit).Run();
}

}  // namespace trifecta::cmd
