// The configuration file from any bytes: no crash, every fault has its line, and what is valid
// prints as a file that gives the same again.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "daemon/config_file.h"
#include "daemon/options.h"

namespace {

using trifecta::daemon::Apply;
using trifecta::daemon::CheckTogether;
using trifecta::daemon::Effective;
using trifecta::daemon::FileSettings;
using trifecta::daemon::ParseConfigText;

Effective Parse(std::string_view text) {
  FileSettings file = ParseConfigText(text, "f");
  for (const std::string& error : file.errors) {
    if (!error.starts_with("f:")) std::abort();
  }
  Effective effective;
  effective.errors = std::move(file.errors);
  Apply(file.settings, &effective);
  if (effective.errors.empty()) CheckTogether(&effective);
  return effective;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const Effective first = Parse({reinterpret_cast<const char*>(data), size});
  if (!first.errors.empty()) return 0;
  const Effective second = Parse(PrintConfig(first));
  if (!second.errors.empty()) std::abort();
  for (const trifecta::daemon::Key& key : trifecta::daemon::Keys()) {
    if (key.show(first.config) != key.show(second.config)) std::abort();
  }
  return 0;
}
