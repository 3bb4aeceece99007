#include "tests/bench/common/flags.h"

#include <charconv>
#include <cstdio>
#include <cstdlib>

#include "tests/bench/common/die.h"

namespace trifecta::bench {
namespace {

[[noreturn]] void ShowUsage(std::string_view usage, const std::string& fault) {
  if (!fault.empty()) std::fprintf(stderr, "bench: %s\n", fault.c_str());
  std::fprintf(fault.empty() ? stdout : stderr, "%.*s", static_cast<int>(usage.size()),
               usage.data());
  std::exit(fault.empty() ? 0 : 2);
}

// In the usage a flag is followed by a space, a bracket or the end of its line.
bool Names(std::string_view usage, const std::string& flag) {
  const size_t at = usage.find(flag);
  if (at == std::string_view::npos || at + flag.size() == usage.size()) return false;
  return std::string_view(" ]\n").find(usage[at + flag.size()]) != std::string_view::npos;
}

}  // namespace

Flags::Flags(int argc, char** argv, std::string_view usage) {
  for (int i = 1; i < argc; ++i) {
    std::string flag = argv[i], value;
    if (flag == "--help" || flag == "-h") ShowUsage(usage, "");
    if (flag.rfind("--", 0) != 0) ShowUsage(usage, "'" + flag + "' is not a flag");
    if (const size_t sign = flag.find('='); sign != std::string::npos) {
      value = flag.substr(sign + 1);
      flag.resize(sign);
    } else if (i + 1 < argc && std::string_view(argv[i + 1]).rfind("--", 0) != 0) {
      value = argv[++i];
    }
    if (!Names(usage, flag)) ShowUsage(usage, "unknown flag " + flag);
    values_[flag.substr(2)] = value;
  }
}

std::string Flags::Text(const std::string& name, const std::string& otherwise) const {
  const auto found = values_.find(name);
  return found == values_.end() ? otherwise : found->second;
}

uint64_t Flags::Number(const std::string& name, uint64_t otherwise) const {
  const auto found = values_.find(name);
  if (found == values_.end()) return otherwise;
  const std::string& text = found->second;
  uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const std::string_view unit(end, static_cast<size_t>(text.data() + text.size() - end));
  if (error == std::errc() && unit.empty()) return number;
  if (error == std::errc() && unit == "k") return number * 1'000;
  if (error == std::errc() && unit == "m") return number * 1'000'000;
  Die("--" + name + " is a number such as 500, 20k or 3m, not '" + text + "'");
}

std::vector<std::string> Flags::List(const std::string& name, const std::string& otherwise) const {
  const std::string text = Text(name, otherwise);
  std::vector<std::string> parts;
  for (size_t begin = 0; begin <= text.size();) {
    const size_t end = std::min(text.find(',', begin), text.size());
    if (end > begin) parts.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return parts;
}

}  // namespace trifecta::bench
