// Follows something that the cluster does by itself: looks at the cluster's document again and
// again until it is over, with a line that says how far it is where standard error is a terminal.
#pragma once

#include <functional>
#include <string>

#include "cmd/cluster_view.h"
#include "cmd/command.h"

namespace trifecta::cmd {

class ClusterProgress {
 public:
  // What one document says.
  struct Step {
    enum class End {
      kOpen,  // it is not over; of the last step: the cluster could not be asked any more
      kDone,
      kGivenUp,
      kInterrupted,  // the user does not want to wait
    };
    End end = End::kOpen;
    std::string line = {};  // how far it is
  };
  using Judge = std::function<Step(const ClusterView& cluster)>;

  explicit ClusterProgress(Context* context) : context_(*context) {}

  // The last step. A cluster that does not answer is asked for half a minute: the node that
  // answered so far may be the one that stops.
  Step Run(const Judge& judge);

 private:
  void Show(const std::string& line);
  void Clear();

  Context& context_;
  bool shown_ = false;
};

}  // namespace trifecta::cmd
