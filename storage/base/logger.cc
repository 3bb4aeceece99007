#include "storage/base/logger.h"

namespace trifecta {
namespace {

class SilentLogger : public Logger {
 public:
  void Log(LogLevel, std::string_view) override {}
};

}  // namespace

Logger* NullLogger() {
  static SilentLogger logger;
  return &logger;
}

}  // namespace trifecta
