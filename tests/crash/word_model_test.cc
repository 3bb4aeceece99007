#include "tests/crash/word_model.h"

#include "tests/support/catch.h"

namespace trifecta::test {
namespace {

using Words = std::vector<std::string>;

TEST_CASE("The model accepts a node that holds exactly what was acknowledged") {
  WordModel model;
  model.Sent(Words{"a", "b"}, Change::kAdd);
  model.Acknowledged(Words{"a", "b"}, Change::kAdd);
  model.Sent(Words{"b"}, Change::kDelete);
  model.Acknowledged(Words{"b"}, Change::kDelete);
  CHECK(model.Judge(Words{"a"}).empty());
  CHECK(model.words() == 2);
}

TEST_CASE("The model finds lost words, deleted ones that are back, and words of nobody") {
  WordModel model;
  model.Acknowledged(Words{"lost"}, Change::kAdd);
  model.Acknowledged(Words{"deleted"}, Change::kDelete);
  CHECK(model.Judge(Words{"deleted", "strange"}).size() == 3);
}

TEST_CASE("A change without an answer may have taken effect or not, but then it stays so") {
  WordModel model;
  model.Acknowledged(Words{"old"}, Change::kAdd);
  model.Sent(Words{"old"}, Change::kDelete);
  model.Sent(Words{"new"}, Change::kAdd);
  SECTION("it has") {
    CHECK(model.Judge(Words{"new"}).empty());
    CHECK(model.Judge(Words{"new", "old"}).size() == 1);
  }
  SECTION("it has not") {
    CHECK(model.Judge(Words{"old"}).empty());
    CHECK(model.Judge(Words{"new"}).size() == 2);
  }
}

}  // namespace
}  // namespace trifecta::test
