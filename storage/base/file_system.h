// The narrow seam to the disk: everything that the store writes goes through it, so that tests can
// drop what was not synced, fail any call, or fill the disk (tests/support/fault_file_system.h).
// Reads of base files go through MappedFile instead, on the same real files.
//
// All calls block; any thread may make them; a WritableFile belongs to one thread at a time. Errors
// name the path. Nothing is retried but EINTR.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "storage/base/status.h"

namespace trifecta {

// A file open for writing at chosen offsets. Closing does not sync.
class WritableFile {
 public:
  virtual ~WritableFile() = default;
  // Writes all of `bytes` at `offset`; past the end the file grows.
  virtual Status WriteAt(uint64_t offset, std::string_view bytes) = 0;
  // fdatasync: what was written before survives power loss. After an error the state of the file is
  // unknown; never call it again as if nothing had happened.
  virtual Status Sync() = 0;
  virtual Status Truncate(uint64_t size) = 0;
};

class FileSystem {
 public:
  virtual ~FileSystem() = default;

  // A new, empty file; kIoError when the name exists.
  virtual Result<std::unique_ptr<WritableFile>> Create(const std::string& path) = 0;
  // An existing file, contents kept.
  virtual Result<std::unique_ptr<WritableFile>> OpenForWriting(const std::string& path) = 0;
  // The whole file.
  virtual Result<std::string> ReadAll(const std::string& path) = 0;
  virtual Result<uint64_t> Size(const std::string& path) = 0;
  // Names (not paths) of the files in a folder, sorted.
  virtual Result<std::vector<std::string>> List(const std::string& folder) = 0;
  virtual Status Remove(const std::string& path) = 0;
  // Gives a file another name in its folder, in the place of one that has it already.
  virtual Status Rename(const std::string& from, const std::string& to) = 0;
  // Creates the folder and the parents that are missing; fine when it exists. Mode 0750.
  virtual Status CreateFolder(const std::string& path) = 0;
  // Makes the names created in and removed from the folder survive power loss.
  virtual Status SyncFolder(const std::string& path) = 0;
  // Bytes that an ordinary user may still write there.
  virtual Result<uint64_t> FreeBytes(const std::string& folder) = 0;
};

// The system's own. Any thread.
FileSystem* PosixFileSystem();

}  // namespace trifecta
