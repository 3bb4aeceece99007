// What the node counts about itself, as Prometheus text (prometheus-cpp, in metrics.cc alone).
// Names begin with trifecta_, units are base units, and no word or prefix is ever a label.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "daemon/cluster_stats.h"
#include "net/http_server.h"
#include "storage/store.h"

namespace trifecta::daemon {

// What a write met: `label` of trifecta_words_written_total.
enum class WordResult { kAdded, kExisting, kDeleted, kMissing };

// Any thread may call any method; none waits for more than a few instructions of another.
class Metrics {
 public:
  explicit Metrics(std::string_view version);
  ~Metrics();
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;

  // One answered request: for HttpServerOptions::on_request. About 100 ns.
  void Observe(const net::AccessRecord& record);

  // Words that were written, by what was found in their place.
  void CountWords(WordResult result, uint64_t words);

  // Everything as text, format 0.0.4. `store` and `cluster` are null while the node recovers.
  std::string Text(bool ready, const storage::StoreStats* store,
                   const ClusterStats* cluster = nullptr) const;

 private:
  class Impl;
  const std::unique_ptr<Impl> impl_;
};

}  // namespace trifecta::daemon
