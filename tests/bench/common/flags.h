// The flags of a benchmark: "--name value", "--name=value" or "--name" alone. Those that its usage
// text names are known, so help and parser cannot drift.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace trifecta::bench {

class Flags {
 public:
  // Prints `usage` and ends the process on --help (0) and on flags that it does not name (2).
  Flags(int argc, char** argv, std::string_view usage);

  bool Has(const std::string& name) const { return values_.contains(name); }
  std::string Text(const std::string& name, const std::string& otherwise) const;
  // A count, with "k" or "m" for thousands and millions.
  uint64_t Number(const std::string& name, uint64_t otherwise) const;
  // What stands between the commas.
  std::vector<std::string> List(const std::string& name, const std::string& otherwise) const;

 private:
  std::map<std::string, std::string> values_;
};

}  // namespace trifecta::bench
