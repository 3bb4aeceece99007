#include "tests/bench/common/work_folder.h"

#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include "tests/bench/common/die.h"

namespace trifecta::bench {
namespace fs = std::filesystem;
namespace {

std::string CacheFolder() {
  if (const char* cache = std::getenv("XDG_CACHE_HOME"); cache != nullptr && *cache != '\0') {
    return std::string(cache) + "/trifecta-bench";
  }
  const char* home = std::getenv("HOME");
  return std::string(home == nullptr ? "." : home) + "/.cache/trifecta-bench";
}

void MakeEmpty(const std::string& path) {
  std::error_code error;
  fs::remove_all(path, error);
  fs::create_directories(path, error);
  if (error) Die(path + ": " + error.message());
}

}  // namespace

WorkFolder::WorkFolder(const std::string& parent, const std::string& name)
    : path_((parent.empty() ? CacheFolder() : parent) + "/" + name + "-" +
            std::to_string(::getpid())) {
  MakeEmpty(path_);
}

WorkFolder::~WorkFolder() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

std::string WorkFolder::Fresh(const std::string& name) const {
  const std::string path = path_ + "/" + name;
  MakeEmpty(path);
  return path;
}

}  // namespace trifecta::bench
