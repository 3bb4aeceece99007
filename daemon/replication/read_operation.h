// What all reads have in common: a deadline, a status, and that they begin anew when a later ring
// document is in force than the one that they asked by.
#pragma once

#include "daemon/replication/messages.h"
#include "daemon/replication/operation.h"
#include "daemon/replication/read_context.h"

namespace trifecta::replication {

class ReadOperation : public Operation {
 public:
  void Start(ViewPtr view, Millis now, Actions* actions) final;
  void OnReply(uint32_t id, const Result<std::string_view>& reply, Millis now,
               Actions* actions) final;
  void OnView(ViewPtr view, Millis now, Actions* actions) final;
  void OnTick(Millis now, Actions* actions) final;
  Millis next_due() const final;
  bool answered() const final { return answered_; }
  bool done() const override { return answered_; }

  // Once answered. kUnavailable: too few replicas can be read; kTimeout: at the deadline.
  const Status& status() const { return status_; }

 protected:
  explicit ReadOperation(const ReadOptions& options) : context_(options) {}

  // Asks by the context's view, from the start or from where the read has come to.
  virtual void Begin(Millis now, Actions* actions) = 0;
  // The next four: not while a later view is waited for, nor after the answer.
  virtual void TakeReply(uint32_t id, const Result<std::string_view>& reply, Millis now,
                         Actions* actions) = 0;
  virtual void Tick(Millis now, Actions* actions) = 0;
  virtual Millis due() const = 0;
  // There is no more time: finish with what there is, if it can be; else the status is kTimeout.
  virtual void OnDeadline(Millis, Actions*) {}
  // After the answer.
  virtual void TakeLateReply(uint32_t, Millis) {}
  virtual void TickLate(Millis) {}
  virtual Millis late_due() const { return kNever; }

  // The read is answered.
  void Finish(Status status);

  ReadContext& context() { return context_; }
  const ReadContext& context() const { return context_; }
  const ClusterView& view() const { return context_.view(); }

 private:
  ReadContext context_;
  bool answered_ = false;
  Status status_;
};

}  // namespace trifecta::replication
