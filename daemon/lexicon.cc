#include "daemon/lexicon.h"

#include <algorithm>
#include <cstdint>

#include "storage/base/text.h"

namespace trifecta::daemon {
namespace {

// Takes the first character off the front of `text`.
std::string_view TakeCharacter(std::string_view* text) {
  size_t length = 1;
  while (length < text->size() && (static_cast<uint8_t>((*text)[length]) & 0xc0) == 0x80) ++length;
  const std::string_view character = text->substr(0, length);
  text->remove_prefix(length);
  return character;
}

}  // namespace

Lexicon::Lexicon(std::string_view allowed) : any_(allowed.empty()) {
  while (!allowed.empty()) {
    const std::string_view character = TakeCharacter(&allowed);
    if (character.size() == 1) {
      ascii_.set(static_cast<uint8_t>(character[0]) & 0x7f);
    } else {
      others_.emplace_back(character);
    }
  }
  std::sort(others_.begin(), others_.end());
}

bool Lexicon::Allows(std::string_view character) const {
  if (character.size() == 1) return ascii_.test(static_cast<uint8_t>(character[0]) & 0x7f);
  return std::binary_search(others_.begin(), others_.end(), character);
}

Status Lexicon::Check(std::string_view word) const {
  if (any_) return Status::Ok();
  for (std::string_view rest = word; !rest.empty();) {
    const size_t at = word.size() - rest.size();
    const std::string_view character = TakeCharacter(&rest);
    if (!Allows(character)) {
      return {StatusCode::kInvalidWord,
              StrCat("'", character, "' at byte ", at + 1,
                     " is not in the lexicon, the characters that this cluster allows in words")};
    }
  }
  return Status::Ok();
}

}  // namespace trifecta::daemon
