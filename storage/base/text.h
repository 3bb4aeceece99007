// Building sentences from parts, and numbers for people.
#pragma once

#include <charconv>
#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>

namespace trifecta {

inline void AppendText(std::string* to, std::string_view part) { to->append(part); }
inline void AppendText(std::string* to, char part) { to->push_back(part); }
template <std::integral T>
requires(!std::same_as<T, char> && !std::same_as<T, bool>) void AppendText(std::string* to,
                                                                           T number) {
  char digits[24];
  to->append(digits, std::to_chars(digits, digits + sizeof digits, number).ptr);
}

// StrCat("line ", 7, ": empty").
template <typename... Parts>
std::string StrCat(const Parts&... parts) {
  std::string text;
  (AppendText(&text, parts), ...);
  return text;
}

}  // namespace trifecta
