// Where a benchmark keeps its data: on a real disk, not in /tmp, which may be memory.
#pragma once

#include <string>

namespace trifecta::bench {

class WorkFolder {
 public:
  // An empty folder NAME-PID in `parent`, or where the data sets are kept if that is "": two runs
  // at once keep apart.
  WorkFolder(const std::string& parent, const std::string& name);
  ~WorkFolder();
  WorkFolder(const WorkFolder&) = delete;
  WorkFolder& operator=(const WorkFolder&) = delete;

  const std::string& path() const { return path_; }
  // An empty folder in it, for one measurement after the other.
  std::string Fresh(const std::string& name) const;

 private:
  std::string path_;
};

}  // namespace trifecta::bench
