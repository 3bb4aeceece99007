#include "cmd/command.h"
#include "net/json.h"
#include "storage/base/text.h"
#include "storage/base/word.h"

namespace trifecta::cmd {
namespace {

constexpr const char* kJsonBegin = "{\"words\":[";

// Every word in order, by one stream. A stream that is cut (the node stopped, or the reader of our
// output paused for longer than the node waits) goes on page by page from the last word, at another
// node if need be.
class Dump {
 public:
  Dump(Context* context, std::string prefix)
      : context_(*context), out_(context->out()), prefix_(std::move(prefix)) {
    terminator_ = context->arguments().Has("null") ? '\0' : '\n';
  }

  int Run() {
    context_.client().LearnNodes();
    Status status =
        context_.client().Export(prefix_, [this](std::string_view word) { return Print(word); });
    if (!status.ok() && context_.client().problem().code == "cut") {
      out_.Trace(StrCat("the stream was cut after ", count_, " words; going on page by page"));
      status = GoOnInPages();
    }
    if (!out_.status().ok()) return kExitPipeClosed;  // the caller tells a full disk apart
    if (!status.ok()) return Fail();
    if (out_.json())
      out_.Data(StrCat(count_ == 0 ? kJsonBegin : "", "],\"count\":", count_, "}\n"));
    return kExitDone;
  }

 private:
  Status Print(std::string_view word) {
    bool printed;
    if (out_.json()) {
      std::string text(count_ > 0 ? "," : kJsonBegin);
      net::AppendJsonString(&text, word);
      printed = out_.Data(text);
    } else {
      printed = out_.Data(word) && out_.Data(std::string_view(&terminator_, 1));
    }
    last_ = word;
    ++count_;
    return printed ? Status::Ok() : out_.status();
  }

  Status GoOnInPages() {
    for (bool more = true; more;) {
      auto page = context_.client().Search({prefix_, last_, net::kSearchLimitMax, false});
      if (!page.ok()) return page.status();
      if (!page->complete) return {StatusCode::kUnavailable, "incomplete"};
      for (const std::string& word : page->words) TRIFECTA_RETURN_IF_ERROR(Print(word));
      more = page->more && !page->words.empty();
    }
    return Status::Ok();
  }

  int Fail() {
    const net::Problem& problem = context_.client().problem();
    if (count_ == 0 || problem.code == "interrupted") return context_.FailCall();
    const Error reason = ExplainProblem(problem, context_.settings().nodes_named);
    return out_.Fail({kExitPartial, "incomplete",
                      StrCat("the dump is incomplete, it ends after ", Thousands(count_),
                             " words: ", reason.message),
                      reason.hint, problem.http_status});
  }

  Context& context_;
  Output& out_;
  const std::string prefix_;
  char terminator_ = '\n';
  std::string last_;
  uint64_t count_ = 0;
};

}  // namespace

int RunDump(Context& context) {
  const auto& words = context.arguments().positional;
  const std::string prefix = words.empty() ? "" : words[0];
  if (Status valid = ValidatePrefix(prefix); !valid.ok()) {
    return context.out().Fail(
        {kExitRefused, "invalid_word", StrCat(Quoted(prefix), ": ", valid.message()), ""});
  }
  return Dump(&context, prefix).Run();
}

}  // namespace trifecta::cmd
