#include "cmd/progress.h"

#include <algorithm>
#include <vector>

#include "cmd/table.h"
#include "storage/base/text.h"

namespace trifecta::cmd {
namespace {

// Often enough to look alive, rarely enough to cost nothing.
constexpr std::chrono::milliseconds kBarInterval{200};
constexpr std::chrono::seconds kLogInterval{10};

ProgressKind Resolve(ProgressKind kind, const Output& out) {
  if (kind != ProgressKind::kAuto) return kind;
  return out.err_is_terminal() && !out.quiet() ? ProgressKind::kBar : ProgressKind::kNone;
}

std::string TimeLeft(const ProgressState& state) {
  if (state.size == 0 || state.bytes == 0 || state.seconds <= 0) return "";
  const double part = static_cast<double>(state.bytes) / static_cast<double>(state.size);
  const auto left = static_cast<uint64_t>(state.seconds * std::max(0.0, 1 / part - 1) + 0.5);
  if (left >= 3600) return StrCat(left / 3600, " h ", left % 3600 / 60, " min left");
  if (left >= 60) return StrCat(left / 60, " min ", left % 60, " s left");
  return StrCat(left, " s left");
}

std::string Done(const ProgressState& state) {
  if (state.size == 0) return Bytes(state.bytes);
  const uint64_t percent = std::min<uint64_t>(100, state.bytes * 100 / state.size);
  return StrCat(percent, "% of ", Bytes(state.size));
}

}  // namespace

std::string ProgressLine(const ProgressState& state, int columns) {
  const double rate = state.seconds > 0 ? static_cast<double>(state.words) / state.seconds : 0;
  const std::string name = Escaped(std::string_view(state.name).substr(state.name.rfind('/') + 1));
  // In the order of the line, each with what it is worth.
  struct Part {
    std::string text;
    int worth;
  };
  std::vector<Part> parts = {
      {name, 1},
      {StrCat(Thousands(state.words), " words"), 6},
      {StrCat(Rounded(rate), " words/s"), 4},
      {Done(state), 5},
      {TimeLeft(state), 3},
      {state.rejected > 0 ? StrCat(Thousands(state.rejected), " rejected") : "", 2},
  };
  std::erase_if(parts, [](const Part& part) { return part.text.empty(); });
  for (;;) {
    std::string line;
    for (const Part& part : parts) line += StrCat(line.empty() ? "" : "  ", part.text);
    if (parts.size() <= 1 || TextColumns(line) < static_cast<size_t>(columns)) return line;
    parts.erase(std::min_element(parts.begin(), parts.end(),
                                 [](const Part& a, const Part& b) { return a.worth < b.worth; }));
  }
}

Progress::Progress(Output* out, ProgressKind kind, Take take)
    : out_(out), kind_(Resolve(kind, *out)), take_(std::move(take)) {
  if (kind_ != ProgressKind::kNone) ticker_ = std::thread([this] { Run(); });
}

Progress::~Progress() { Stop(); }

void Progress::Run() {
  std::unique_lock lock(mutex_);
  const auto interval =
      kind_ == ProgressKind::kBar ? kBarInterval : std::chrono::milliseconds(kLogInterval);
  while (!stop_.wait_for(lock, interval, [this] { return stopping_; })) Show();
}

void Progress::Show() {
  if (kind_ == ProgressKind::kLog) {
    out_->RawError(StrCat("trifecta: ", ProgressLine(take_(), INT32_MAX), "\n"));
    return;
  }
  out_->RawError(StrCat("\r", ProgressLine(take_(), out_->err_columns()), "\x1b[K"));
  shown_ = true;
}

void Progress::Clear() {
  if (shown_) out_->RawError("\r\x1b[K");
  shown_ = false;
}

void Progress::Print(std::string_view line) {
  std::lock_guard lock(mutex_);
  Clear();
  out_->RawError(StrCat(line, "\n"));
}

void Progress::Stop() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
    Clear();
  }
  stop_.notify_all();
  if (ticker_.joinable()) ticker_.join();
}

}  // namespace trifecta::cmd
