#include "cmd/table.h"

#include "tests/support/catch.h"

namespace trifecta::cmd {
namespace {

Table Nodes() {
  Table table({{"NODE", 1}, {"ADDRESS", TableColumn::kAlways}, {"WORDS", 2, true}});
  table.Add({"n1", "10.0.0.1:8000", "12,406"});
  table.Add({"n2", "db\xc3\xa9:8000", "7"});
  return table;
}

TEST_CASE("columns are as wide as what stands in them, numbers to the right") {
  CHECK(Nodes().Format(80) ==
        "NODE  ADDRESS         WORDS\n"
        "n1    10.0.0.1:8000  12,406\n"
        "n2    db\xc3\xa9:8000            7\n");
}

TEST_CASE("what matters least is left out until the rest fits") {
  CHECK(Nodes().Format(26) ==
        "ADDRESS         WORDS\n"
        "10.0.0.1:8000  12,406\n"
        "db\xc3\xa9:8000            7\n");
  CHECK(Nodes().Format(5) == "ADDRESS\n10.0.0.1:8000\ndb\xc3\xa9:8000\n");
}

TEST_CASE("text is broken at blanks") {
  CHECK(Wrap("one two three", 80) == "one two three");
  CHECK(Wrap("one two three", 8) == "one two\nthree");
  CHECK(Wrap("one two three four", 9, 2) == "one two\n  three\n  four");
  CHECK(Wrap("incomprehensibilities", 5) == "incomprehensibilities");
  CHECK(Wrap("a  b ", 80) == "a b");
  CHECK(Wrap("", 80).empty());
}

}  // namespace
}  // namespace trifecta::cmd
