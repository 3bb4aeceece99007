#include "storage/check_report.h"

#include <algorithm>
#include <charconv>

#include "storage/base/text.h"

namespace trifecta::storage {
namespace {

// What the messages of base files end with, of no use in the check itself.
constexpr std::string_view kAdvice = "; run 'trifecta check'";

}  // namespace

void CheckReport::AddFault(const std::string& path, uint64_t offset, std::string_view what) {
  ++summary_->faults;
  report_({path, offset, std::string(what)});
}

void CheckReport::AddFault(const std::string& path, const Status& status) {
  std::string_view what = status.message();
  if (what.starts_with(path)) what.remove_prefix(std::min(what.size(), path.size() + 2));
  uint64_t offset = 0;
  for (std::string_view mark : {"at offset ", "offset "}) {
    if (!what.starts_with(mark)) continue;
    const std::string_view number = what.substr(mark.size());
    const char* const end = number.data() + number.size();
    const char* const after = std::from_chars(number.data(), end, offset).ptr;
    what = number.substr(static_cast<size_t>(after - number.data()));
    if (what.starts_with(": ")) what.remove_prefix(2);
    break;
  }
  AddFault(path, offset, what.substr(0, what.find(kAdvice)));
}

void CheckReport::AddNote(const std::string& path, std::string_view what) {
  summary_->notes.push_back(StrCat(path, ": ", what));
}

Result<std::optional<std::string>> CheckReport::Read(const std::string& path) {
  Result<std::string> bytes = file_system_->ReadAll(path);
  if (!bytes.ok()) {
    if (bytes.status().code() == StatusCode::kPermissionDenied) return bytes.status();
    AddFault(path, bytes.status());
    return std::optional<std::string>();
  }
  ++summary_->files;
  summary_->bytes += bytes->size();
  return std::optional<std::string>(std::move(*bytes));
}

}  // namespace trifecta::storage
