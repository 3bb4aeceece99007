#include "cmd/load_job.h"

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstring>

#include "cmd/batch.h"
#include "cmd/batch_sender.h"
#include "cmd/input.h"
#include "cmd/line_reader.h"
#include "cmd/load_summary.h"
#include "cmd/rejects.h"
#include "net/json.h"
#include "storage/base/limits.h"
#include "storage/base/text.h"
#include "storage/base/word.h"

namespace trifecta::cmd {
namespace {

using std::chrono::steady_clock;

// A batch is sent when it has this much, however few lines: with eight of them queued or under way,
// a load holds some 10 MiB.
constexpr size_t kBatchBytesMax = 1 << 20;
// A batch that cannot be stored is tried for so many times --timeout: a node that restarts is
// waited for, one that is gone is not waited for long.
constexpr int kPatienceTimeouts = 2;

bool NamedNdjson(std::string_view name) {
  for (std::string_view suffix : {".gz", ".zst", ".xz"}) {
    if (name.ends_with(suffix)) name.remove_suffix(suffix.size());
  }
  return name.ends_with(".ndjson") || name.ends_with(".jsonl");
}

class LoadJob {
 public:
  LoadJob(Context* context, const LoadOptions& options)
      : context_(*context),
        out_(context->out()),
        options_(options),
        position_{0, options.start_line},
        rejects_([this](std::string_view line) {
          if (!out_.json()) progress_->Print(StrCat("trifecta: ", line));
        }) {}

  int Run() {
    if (Status opened = OpenAll(); !opened.ok()) {
      return out_.Fail({kExitUsage, "input", Escaped(opened.message()), ""});
    }
    if (!options_.dry_run) {
      // Whether there is a node at all is known before anything is read.
      if (!context_.client().Ping().ok()) return context_.FailCall();
      context_.client().LearnNodes();
    }
    if (isatty(inputs_[0]->fd())) {
      out_.Note("reading words from the terminal, one a line; end with Ctrl-D");
    }
    start_ = steady_clock::now();
    progress_.emplace(&out_, options_.progress, [this] { return State(); });
    sender_.emplace(
        MakeSendOptions(), [this](size_t worker) { return MakeClient(worker); },
        [this](Batch& batch, const net::BulkSummary& summary) { Done(batch, summary); });
    ReadAll();
    sender_->Drain();
    progress_->Stop();
    return Report();
  }

 private:
  // --- setting out

  Status OpenAll() {
    std::vector<const Input*> opened;
    for (const std::string& file : options_.files) {
      auto input = Input::Open(file, context_.process().in_fd, context_.process().cancel_fd);
      if (!input.ok()) return input.status();
      opened.push_back(input->get());
      inputs_.push_back(std::move(*input));
    }
    const auto known = [](const Input* input) { return input->size() > 0; };
    if (std::all_of(opened.begin(), opened.end(), known)) {
      for (const Input* input : opened) size_ += input->size();
    }
    if (options_.rejects.empty()) return Status::Ok();
    return rejects_.OpenFile(options_.rejects, opened, Terminator());
  }

  char Terminator() const { return options_.null ? '\0' : '\n'; }

  SendOptions MakeSendOptions() const {
    SendOptions send;
    send.op = options_.op;
    send.stop = options_.stop;
    send.all_rejects = !options_.rejects.empty();
    send.parallel = options_.dry_run ? 1 : options_.parallel;
    send.patience = context_.settings().timeout * kPatienceTimeouts;
    return send;
  }

  std::unique_ptr<net::Client> MakeClient(size_t worker) {
    auto client = context_.MakeClient();
    client->PreferNode(worker);
    return client;
  }

  ProgressState State() const {
    ProgressState state;
    state.name = inputs_[reading_]->name();
    state.words = words_;
    state.rejected = rejected_;
    for (const auto& input : inputs_) state.bytes += input->consumed();
    state.size = size_;
    state.seconds = std::chrono::duration<double>(steady_clock::now() - start_).count();
    return state;
  }

  // --- reading

  void ReadAll() {
    for (size_t i = 0; i < inputs_.size(); ++i) {
      reading_ = i;
      if (!ReadInput(i)) return;
    }
    complete_ = true;
  }

  // False when the load ends here.
  bool ReadInput(size_t index) {
    LineReader reader(inputs_[index].get(), Terminator());
    reader.on_overlong = [this](std::string_view piece) { TakePiece(piece); };
    ndjson_ = options_.format == LoadFormat::kNdjson || NamedNdjson(inputs_[index]->name());
    format_known_ = options_.format != LoadFormat::kAuto || options_.null || ndjson_;
    if (options_.format == LoadFormat::kLines || options_.null) ndjson_ = false;
    const uint64_t first = index == 0 ? options_.start_line : 1;
    NewBatch(index, first);
    Line line;
    while (reader.Next(&line)) {
      if (line.number < first) continue;
      TakeLine(line);
      batch_->end_line = line.number + 1;
      if (rejected_stop_) {
        batch_->end_line = line.number;  // where to go on
        Submit();
        return false;
      }
      if (IsFull() && !Submit()) return false;
    }
    if (!Submit()) return false;
    failure_ = reader.status();
    if (failure_.ok() && line.number < first) NoteNothingThere(index, line.number);
    return failure_.ok();
  }

  // A start line behind the end is a mistake, or a load that is done already.
  void NoteNothingThere(size_t input, uint64_t lines) {
    if (out_.json() || lines + 1 >= options_.start_line) return;
    out_.Note(StrCat("note: ", Escaped(inputs_[input]->name()), " has ", Thousands(lines),
                     lines == 1 ? " line" : " lines", ", none from line ",
                     Thousands(options_.start_line), " on"));
  }

  void NewBatch(size_t input, uint64_t first_line) {
    batch_ = std::make_unique<Batch>();
    batch_->input = input;
    batch_->first_line = batch_->end_line = first_line;
  }

  bool IsFull() const {
    return batch_->end_line - batch_->first_line >= options_.batch_lines ||
           batch_->body.size() + batch_->rejected_bytes >= kBatchBytesMax;
  }

  bool Submit() {
    const size_t input = batch_->input;
    const uint64_t next_line = batch_->end_line;
    batch_->ndjson = ndjson_;
    if (options_.dry_run) {
      net::BulkSummary none;
      Done(*batch_, none);
    } else if (!sender_->Submit(std::move(batch_))) {
      return false;
    }
    NewBatch(input, next_line);
    return true;
  }

  void TakeLine(const Line& line) {
    std::string_view text = line.text;
    if (!options_.null && text.ends_with('\r')) text.remove_suffix(1);
    if (text.empty()) {
      ++batch_->empty;
      return;
    }
    if (!format_known_) {
      ndjson_ = text.starts_with('{') && net::ParseWordObject(text).ok();
      format_known_ = true;
    }
    if (Status valid = Check(line, text); valid.ok()) {
      batch_->Add(line.text, line.number);
    } else {
      Reject(line, valid);
    }
  }

  Status Check(const Line& line, std::string_view text) const {
    if (line.overlong()) {
      return {StatusCode::kInvalidWord,
              StrCat("longer than ", kWordBytesMax, " bytes (it has ", line.bytes, ")")};
    }
    if (!ndjson_) return ValidateWord(text);
    auto word = net::ParseWordObject(text);
    return word.ok() ? ValidateWord(*word) : word.status();
  }

  void Reject(const Line& line, const Status& reason) {
    const bool invalid = reason.code() == StatusCode::kInvalidWord;
    RejectedLine rejected{line.number, "", invalid ? "invalid_word" : "bad_request",
                          reason.message()};
    if (line.overlong() && rejects_.has_file()) {
      // Its bytes are in the file already, and everything before it has been handed back.
      rejects_.EndPieces();
      rejected.written = true;
    } else if (!line.overlong()) {
      rejected.bytes = line.text;
    }
    in_pieces_ = false;
    batch_->Reject(std::move(rejected));
    rejected_stop_ = options_.stop;
  }

  // A piece of a line too long to be held. What came before it must be in the file first.
  void TakePiece(std::string_view piece) {
    if (!rejects_.has_file()) return;
    if (!in_pieces_) {
      in_pieces_ = true;
      if (!Submit()) return;
      sender_->Drain();
    }
    rejects_.WritePiece(piece);
  }

  // --- what became of it

  // Called by the sender, in order, one at a time; while overlong lines are written nothing is
  // under way.
  void Done(Batch& batch, const net::BulkSummary& summary) {
    for (const RejectedLine& line : batch.rejected) {
      rejects_.Take(inputs_[batch.input]->name(), line);
    }
    uint64_t end_line = batch.end_line;
    const uint64_t taken = options_.dry_run ? batch.words : summary.changed + summary.unchanged;
    if (summary.stopped && !batch.rejected.empty()) {
      end_line = batch.rejected.back().line;
    }
    const uint64_t unlisted = summary.rejected > summary.errors.size() && options_.rejects.empty()
                                  ? summary.rejected - summary.errors.size()
                                  : 0;
    totals_.lines += end_line - batch.first_line;
    totals_.empty += batch.empty;
    totals_.changed += summary.changed;
    totals_.unchanged += summary.unchanged;
    rejected_ += batch.rejected.size() + unlisted;
    words_ += taken;
    position_ = {batch.input, end_line};
  }

  int Report() {
    totals_.words = words_;
    totals_.rejected = rejected_;
    totals_.seconds = std::chrono::duration<double>(steady_clock::now() - start_).count();
    const bool failed = !complete_ || sender_->problem() || sender_->stopped();
    if (out_.json()) {
      out_.Data(SummaryJson(totals_, options_, position_, rejects_, !failed));
    } else {
      out_.Note(SummaryText(totals_, options_));
    }
    const Status written = rejects_.Finish();
    if (failed) return FailUnfinished();
    if (!written.ok()) return out_.Fail({kExitPartial, "rejects", written.message(), ""});
    return ExitStatusOf();
  }

  int FailUnfinished() {
    const std::string hint = GoOnHint(options_, position_);
    if (failure_.code() == StatusCode::kCancelled) {
      return out_.Fail({kExitInterrupted, "interrupted", "interrupted", hint});
    }
    if (sender_->problem()) {
      Error error = ExplainProblem(*sender_->problem(), context_.settings().nodes_named);
      error.hint += StrCat(error.hint.empty() ? "" : "\n", hint);
      return out_.Fail(error);
    }
    if (!failure_.ok()) {
      return out_.Fail(
          {kExitPartial, "input", Escaped(failure_.message()), HowFarHint(options_, position_)});
    }
    return out_.Fail({kExitPartial, "stopped", "stopped at the first rejected line", hint});
  }

  int ExitStatusOf() const {
    const uint64_t taken = totals_.changed + totals_.unchanged;
    if (totals_.rejected > 0) return options_.terse && taken == 0 ? kExitRefused : kExitPartial;
    const bool none_deleted =
        options_.op == net::BulkOp::kDelete && totals_.changed == 0 && totals_.unchanged > 0;
    return options_.terse && none_deleted ? kExitNo : kExitDone;
  }

  Context& context_;
  Output& out_;
  const LoadOptions options_;
  std::vector<std::unique_ptr<Input>> inputs_;
  uint64_t size_ = 0;  // of all inputs, 0 when one is not known
  steady_clock::time_point start_;

  // The reader's.
  std::unique_ptr<Batch> batch_;
  bool ndjson_ = false, format_known_ = false;  // of the input being read
  bool in_pieces_ = false;                      // an overlong line is being written to the rejects
  bool rejected_stop_ = false;                  // a bad line was met that ends the load
  bool complete_ = false;
  Status failure_;  // of reading
  std::atomic<size_t> reading_ = 0;

  // Done's; read by others once the sender is drained, the counters at any time.
  LoadTotals totals_;
  LoadPosition position_;
  Rejects rejects_;
  std::atomic<uint64_t> words_ = 0, rejected_ = 0;

  std::optional<Progress> progress_;
  std::optional<BatchSender> sender_;  // last: its threads end before what they use
};

}  // namespace

int RunLoadJob(Context& context, const LoadOptions& options) {
  return LoadJob(&context, options).Run();
}

}  // namespace trifecta::cmd
