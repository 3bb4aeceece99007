#include "daemon/lexicon.h"

#include "tests/support/catch.h"

namespace trifecta::test {

using daemon::Lexicon;

TEST_CASE("Without a lexicon every word is allowed") {
  CHECK(Lexicon().Check("anything 日本").ok());
  CHECK(Lexicon("").Check("anything 日本").ok());
}

TEST_CASE("A lexicon allows words of its characters alone") {
  const Lexicon lexicon("abcé日");
  CHECK(lexicon.Check("cab").ok());
  CHECK(lexicon.Check("é日a").ok());
  CHECK(lexicon.Check("abd").message().starts_with("'d' at byte 3 is not in the lexicon"));
  CHECK(lexicon.Check("日本").message().starts_with("'本' at byte 4"));
  CHECK(lexicon.Check("e").code() == StatusCode::kInvalidWord);
}

}  // namespace trifecta::test
