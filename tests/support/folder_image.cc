#include "tests/support/folder_image.h"

#include <stdexcept>

#include "storage/base/file_system.h"

namespace trifecta::test {
namespace {

// A test cannot go on when the real disk fails.
template <typename T>
T Must(Result<T> result) {
  if (!result.ok()) throw std::runtime_error("folder_image: " + result.status().ToString());
  return std::move(*result);
}

void Must(const Status& status) {
  if (!status.ok()) throw std::runtime_error("folder_image: " + status.ToString());
}

}  // namespace

FolderImage ReadFolder(const std::string& folder) {
  FolderImage image;
  const auto names = Must(PosixFileSystem()->List(folder));
  for (const std::string& name : names) {
    image[name] = Must(PosixFileSystem()->ReadAll(folder + "/" + name));
  }
  return image;
}

void WriteFolder(const std::string& folder, const FolderImage& image) {
  const auto names = Must(PosixFileSystem()->List(folder));
  for (const std::string& name : names) Must(PosixFileSystem()->Remove(folder + "/" + name));
  for (const auto& [name, bytes] : image) {
    const auto file = Must(PosixFileSystem()->Create(folder + "/" + name));
    Must(file->WriteAt(0, bytes));
  }
}

std::string NameIn(const FolderImage& image, std::string_view beginning) {
  const auto at = image.lower_bound(std::string(beginning));
  return at != image.end() && at->first.starts_with(beginning) ? at->first : "";
}

}  // namespace trifecta::test
