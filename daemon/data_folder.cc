#include "daemon/data_folder.h"

#include <dirent.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>
#include <string_view>

#include "storage/base/text.h"
#include "storage/file_names.h"

namespace trifecta::daemon {
namespace {

// What a start that was cut short leaves behind before there is a store, and what mkfs makes.
constexpr std::array<std::string_view, 6> kHarmless = {"LOCK",  "node",      "node.new",
                                                       "clock", "clock.new", "lost+found"};

Status Unfit(const std::string& folder, std::string_view reason) {
  return {StatusCode::kNotFound,
          StrCat("data folder ", folder, ": ", reason, "; choose another folder")};
}

// One step on the way to `folder`. What is missing will be made, unless its name is taken.
Status CheckStep(const std::string& folder, const std::string& step) {
  struct stat about {};
  if (stat(step.c_str(), &about) == 0) {
    return S_ISDIR(about.st_mode) ? Status::Ok() : Unfit(folder, StrCat(step, " is not a folder"));
  }
  if (errno == ENAMETOOLONG) return Unfit(folder, "the name is too long");
  if (errno == ELOOP) return Unfit(folder, StrCat(step, " is a link to itself"));
  if (errno == ENOENT && lstat(step.c_str(), &about) == 0) {
    return Unfit(folder, StrCat(step, " is not a folder but a link to nothing"));
  }
  return Status::Ok();
}

Status CheckSteps(const std::string& folder) {
  for (size_t slash = folder.find('/', 1); slash != std::string::npos;
       slash = folder.find('/', slash + 1)) {
    TRIFECTA_RETURN_IF_ERROR(CheckStep(folder, folder.substr(0, slash)));
  }
  return CheckStep(folder, folder);
}

bool IsStoreFile(std::string_view name) {
  const std::optional<storage::FileName> file = storage::ParseFileName(name);
  return file && file->kind != storage::FileKind::kLock;
}

bool IsHarmless(std::string_view name) {
  return name == "." || name == ".." ||
         std::find(kHarmless.begin(), kHarmless.end(), name) != kHarmless.end();
}

}  // namespace

Status CheckDataFolder(const std::string& path) {
  TRIFECTA_RETURN_IF_ERROR(CheckSteps(path));
  const std::unique_ptr<DIR, int (*)(DIR*)> folder(opendir(path.c_str()), closedir);
  if (folder == nullptr) return Status::Ok();
  std::string foreign;
  while (const dirent* item = readdir(folder.get())) {  // NOLINT: each stream has one thread
    if (IsStoreFile(item->d_name)) return Status::Ok();
    if (!IsHarmless(item->d_name)) foreign = item->d_name;
  }
  if (foreign.empty()) return Status::Ok();
  return {
      StatusCode::kAlreadyInUse,
      StrCat("data folder ", path, " holds other files ('", foreign, "' for one) and no words; ",
             "give an empty folder, or one that does not exist yet")};
}

}  // namespace trifecta::daemon
