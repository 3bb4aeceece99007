// What the parts of the offline check share (storage/check.h): the folder, and where what they find
// goes. Not for use outside of storage.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "storage/base/file_system.h"
#include "storage/base/status.h"
#include "storage/check.h"

namespace trifecta::storage {

class CheckReport {
 public:
  CheckReport(FileSystem* file_system, std::string folder,
              const std::function<void(const Fault&)>& report, CheckSummary* summary)
      : file_system_(file_system), folder_(std::move(folder)), report_(report), summary_(summary) {}

  FileSystem* file_system() const { return file_system_; }
  const std::string& folder() const { return folder_; }
  CheckSummary& summary() { return *summary_; }

  void AddFault(const std::string& path, uint64_t offset, std::string_view what);
  // What the store's own messages say: "PATH: offset N: what; advice". Their advice is dropped.
  void AddFault(const std::string& path, const Status& status);
  void AddNote(const std::string& path, std::string_view what);

  // Reads and counts a whole file. Nothing when the disk cannot give it, which is a fault;
  // kPermissionDenied is passed on.
  Result<std::optional<std::string>> Read(const std::string& path);

 private:
  FileSystem* const file_system_;
  const std::string folder_;
  const std::function<void(const Fault&)>& report_;
  CheckSummary* const summary_;
};

}  // namespace trifecta::storage
