#include "tests/bench/engines/engine.h"

#include <unistd.h>

namespace trifecta::bench {

pid_t Engine::process() const { return getpid(); }

const std::vector<NamedEngine>& Engines() {
  static const std::vector<NamedEngine> engines = {
      {"trifecta", MakeTrifecta}, {"lmdb", MakeLmdb},     {"leveldb", MakeLevelDb},
      {"rocksdb", MakeRocksDb},   {"sqlite", MakeSqlite}, {"marisa", MakeMarisa},
      {"redis", MakeRedis}};
  return engines;
}

}  // namespace trifecta::bench
