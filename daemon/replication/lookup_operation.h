// Reads one word: R of its owners, the newest entry wins.
//
// Where the answers differ, the newest entry is stored with R owners before the client is answered:
// else the write of an entry that had failed could be seen by one read and not by the next one.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/replication/read_operation.h"
#include "storage/store.h"

namespace trifecta::replication {

class LookupOperation : public ReadOperation {
 public:
  // `word` is a valid one, and copied. `deadline` is absolute, `hedge` as in ReadOptions.
  LookupOperation(std::string_view word, Consistency consistency, Millis deadline,
                  Millis hedge = kHedgeDefault);

  // Once answered with an ok status.
  const storage::Lookup& lookup() const { return newest_; }

 private:
  // A node that should hold the newest entry before the answer.
  struct Holder {
    NodeNumber node = net::kNoNodeNumber;
    bool read = false;  // counts among the owners that are read
    bool also = false;  // counts among those that are written beside them
    bool holds = false;
    bool asked = false;
    uint32_t call = 0;  // not zero: its write is under way
  };

  void Begin(Millis now, Actions* actions) override;
  void TakeReply(uint32_t id, const Result<std::string_view>& reply, Millis now,
                 Actions* actions) override;
  void Tick(Millis now, Actions* actions) override;
  Millis due() const override;

  void Go(Millis now, Actions* actions);
  void Judge(Millis now, Actions* actions);
  bool IsNewest(const storage::Lookup& lookup) const;

  void BeginRepair(Millis now, Actions* actions);
  bool IsRepaired() const;
  // Writes to `holder`, once.
  void WriteTo(Holder* holder, Actions* actions);
  void WriteToAll(Actions* actions);
  void TakeRepairReply(Holder* holder, const Result<std::string_view>& reply, Millis now,
                       Actions* actions);
  // Whether something is still to come of the repair.
  bool IsPossible() const;
  void FailRepair();

  const std::string word_;
  ReadCover cover_;
  std::vector<storage::Lookup> lookups_;  // by source
  storage::Lookup newest_;
  std::vector<Holder> holders_;  // empty: no repair is under way
  Millis widen_at_ = kNever;     // when all that were not written to are, too
  unsigned behind_ = 0;          // times that one of them was behind
};

}  // namespace trifecta::replication
