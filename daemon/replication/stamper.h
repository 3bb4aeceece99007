// Gives the versions of a node's writes: its hybrid logical clock with its number.
#pragma once

#include "storage/base/entry.h"
#include "storage/base/status.h"

namespace trifecta::replication {

class Stamper {
 public:
  virtual ~Stamper() = default;
  // Greater than every version given or observed before, and never given again, also not after
  // kill -9.
  virtual Result<Version> Stamp() = 0;
  // From now on versions are greater than `version`, which another node gave.
  virtual void Observe(const Version& version) = 0;
};

}  // namespace trifecta::replication
