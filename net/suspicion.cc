#include "net/suspicion.h"

#include <algorithm>
#include <cmath>

namespace trifecta::net {

int64_t RemainingSuspicionTime(unsigned confirmations, unsigned wanted, Millis elapsed,
                               Millis least, Millis most) {
  auto timeout = static_cast<double>(least);
  if (wanted > 0) {
    const double share = std::log(confirmations + 1.0) / std::log(wanted + 1.0);
    timeout = std::max(timeout,
                       static_cast<double>(most) - share * (static_cast<double>(most) - timeout));
  }
  return static_cast<int64_t>(timeout) - static_cast<int64_t>(elapsed);
}

SuspicionTimes SuspicionTimesFor(unsigned mult, unsigned max_mult, Millis interval, size_t nodes) {
  SuspicionTimes times;
  const double rounds = std::max(1.0, std::log10(static_cast<double>(std::max<size_t>(nodes, 1))));
  times.least = static_cast<Millis>(rounds * mult * static_cast<double>(interval));
  times.most = times.least * max_mult;
  // Neither the suspect nor the first accuser confirms.
  const unsigned wanted = mult > 2 ? mult - 2 : 0;
  times.wanted = nodes >= wanted + 2 ? wanted : 0;
  return times;
}

Suspicion::Suspicion(const SuspicionTimes& times, const NodeId& accuser, Millis now)
    : times_(times), began_(now), accusers_{accuser} {}

bool Suspicion::Confirm(const NodeId& accuser) {
  return accusers_.size() <= times_.wanted && accusers_.insert(accuser).second;
}

Millis Suspicion::deadline() const {
  const auto confirmations = static_cast<unsigned>(accusers_.size() - 1);
  return began_ + static_cast<Millis>(RemainingSuspicionTime(confirmations, times_.wanted, 0,
                                                             times_.least, times_.most));
}

}  // namespace trifecta::net
