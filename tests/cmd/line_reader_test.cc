#include "cmd/line_reader.h"

#include "tests/support/catch.h"

namespace trifecta::cmd {
namespace {

// An input that comes in given pieces.
class Pieces final : public Input {
 public:
  explicit Pieces(std::vector<std::string> pieces, Status end = {})
      : Input("pieces", -1, 0), pieces_(std::move(pieces)), end_(std::move(end)) {}

  Result<std::string_view> Read() override {
    if (next_ < pieces_.size()) return std::string_view(pieces_[next_++]);
    if (!end_.ok()) return end_;
    return std::string_view();
  }

 private:
  const std::vector<std::string> pieces_;
  const Status end_;
  size_t next_ = 0;
};

std::vector<std::string> LinesOf(Input* input, char terminator = '\n') {
  LineReader reader(input, terminator);
  std::vector<std::string> lines;
  for (Line line; reader.Next(&line);) {
    CHECK(line.number == lines.size() + 1);
    CHECK(line.bytes == line.text.size());
    lines.emplace_back(line.text);
  }
  return lines;
}

using Words = std::vector<std::string>;

TEST_CASE("lines are the same however the input is cut into pieces") {
  const std::string text = "one\n\ntwo\r\nthree\n\n";
  const Words expected = {"one", "", "two\r", "three", ""};
  for (size_t size = 1; size <= text.size(); ++size) {
    Words pieces;
    for (size_t at = 0; at < text.size(); at += size) pieces.push_back(text.substr(at, size));
    Pieces input(pieces);
    CHECK(LinesOf(&input) == expected);
  }
}

TEST_CASE("the last line may lack its end") {
  Pieces cut({"one\ntw", "o"});
  CHECK(LinesOf(&cut) == Words{"one", "two"});
  Pieces empty({});
  CHECK(LinesOf(&empty).empty());
}

TEST_CASE("lines may end with NUL instead") {
  Pieces input({std::string("one\0two\nx\0", 10)});
  CHECK(LinesOf(&input, '\0') == Words{"one", "two\nx"});
}

TEST_CASE("a byte order mark is part of its line, at the start too") {
  Pieces input({"\xef\xbb\xbfone\n\xef\xbb\xbftwo\n"});
  CHECK(LinesOf(&input) == Words{"\xef\xbb\xbf"
                                 "one",
                                 "\xef\xbb\xbftwo"});
}

TEST_CASE("an overlong line is handed over in pieces, and only its first part is held") {
  const std::string long_line(3 * kLineBytesMax + 7, 'x');
  Pieces input({"a\n" + long_line.substr(0, 10), long_line.substr(10) + "\nb\n"});
  LineReader reader(&input, '\n');
  std::string pieces;
  reader.on_overlong = [&](std::string_view piece) { pieces += piece; };
  Line line;
  REQUIRE(reader.Next(&line));
  CHECK(pieces.empty());
  REQUIRE(reader.Next(&line));
  CHECK(line.overlong());
  CHECK(line.number == 2);
  CHECK(line.bytes == long_line.size());
  CHECK(line.text.size() == kLineBytesMax);
  CHECK(pieces == long_line);
  REQUIRE(reader.Next(&line));
  CHECK(line.text == "b");
  CHECK_FALSE(line.overlong());
  CHECK_FALSE(reader.Next(&line));
}

TEST_CASE("half a line before a failure is no line") {
  Pieces input({"one\ntw"}, {StatusCode::kDataDamaged, "cut"});
  LineReader reader(&input, '\n');
  Line line;
  REQUIRE(reader.Next(&line));
  CHECK_FALSE(reader.Next(&line));
  CHECK(reader.status().message() == "cut");
}

}  // namespace
}  // namespace trifecta::cmd
