#include "cmd/cluster_progress.h"

#include <algorithm>
#include <chrono>

#include "storage/base/text.h"

namespace trifecta::cmd {
namespace {

using std::chrono::steady_clock;

// From one document to the next: it asks every node, so not often; and a person waits.
constexpr std::chrono::milliseconds kPause{500};
constexpr std::chrono::seconds kPatience{30};

}  // namespace

ClusterProgress::Step ClusterProgress::Run(const Judge& judge) {
  steady_clock::time_point give_up = steady_clock::now() + kPatience;
  while (true) {
    Step step;
    if (auto document = context_.client().Cluster(); document.ok()) {
      auto cluster = ParseCluster(*document);
      if (cluster.ok()) step = judge(*cluster);
      give_up = steady_clock::now() + kPatience;
    } else if (steady_clock::now() > give_up) {
      Clear();
      return step;
    }
    if (step.end == Step::End::kOpen && !context_.Pause(kPause)) {
      step.end = Step::End::kInterrupted;
    }
    if (step.end != Step::End::kOpen) {
      Clear();
      return step;
    }
    if (!step.line.empty()) Show(step.line);
  }
}

void ClusterProgress::Show(const std::string& line) {
  Output& out = context_.out();
  if (!out.err_is_terminal() || out.quiet()) return;
  const auto columns = static_cast<size_t>(std::max(1, out.err_columns() - 1));
  out.RawError(StrCat("\r\x1b[K", line.substr(0, columns)));
  shown_ = true;
}

void ClusterProgress::Clear() {
  if (std::exchange(shown_, false)) context_.out().RawError("\r\x1b[K");
}

}  // namespace trifecta::cmd
