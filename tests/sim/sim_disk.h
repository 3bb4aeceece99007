// The disk of a simulated machine. What was written survives a killed process, and what was synced
// survives power loss; of the rest any part may (tests/support/fault_file_system.h). Real files in
// a folder in memory, since base files are mapped.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "storage/base/file_system.h"
#include "storage/base/random.h"
#include "tests/support/fault_file_system.h"

namespace trifecta::sim {

class SimDisk {
 public:
  // `forgetful`: it says of the log that it is synced when it mostly is not. For tests that must
  // find this; no other part of the simulation knows.
  explicit SimDisk(bool forgetful = false);
  ~SimDisk();
  SimDisk(const SimDisk&) = delete;
  SimDisk& operator=(const SimDisk&) = delete;

  // The data folder, and how to reach it.
  const std::string& folder() const { return folder_; }
  FileSystem* files() { return files_; }

  // Power fails in the middle of the n-th change from now on (1: the next): from then on every call
  // fails, and power_lost() says so.
  void LosePowerAt(uint64_t n) { faults_.LosePowerAt(n); }
  void KeepPower() { LosePowerAt(uint64_t{1} << 62); }
  bool power_lost() const { return faults_.power_lost(); }
  // Power is lost, if it was not yet, and is back. Nobody has a file open.
  void LosePower(Random* random);

  // What files may still grow by; nothing: without limit.
  void SetFreeBytes(std::optional<uint64_t> bytes) { faults_.SetFreeBytes(bytes); }

  // A byte of one of the store's base files, if there are any, is another one from now on.
  bool Damage(Random* random);

  // A small file, made durable in place of what was there, as the daemon does it: written beside,
  // synced, renamed.
  Status Replace(const std::string& name, std::string_view bytes);
  // Empty when there is none.
  std::string Read(const std::string& name);
  // A new disk in its place.
  void Wipe();

 private:
  class ForgetfulFiles;

  std::string folder_;
  test::FaultFileSystem faults_;
  std::unique_ptr<FileSystem> forgetful_;
  FileSystem* files_;
};

}  // namespace trifecta::sim
