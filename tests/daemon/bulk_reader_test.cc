#include "daemon/bulk_reader.h"

#include "daemon/inflating_reader.h"
#include "tests/daemon/api_fixture.h"
#include "tests/daemon/gzip.h"

namespace trifecta::test {
namespace {

using daemon::BulkFormat;
using daemon::BulkReader;
using daemon::InflatingReader;
using daemon::kBulkLineBytesMax;

// Every line that holds something, "NUMBER:WORD" or "NUMBER!", then "=LINES" or "?LINES" where the
// body broke off.
std::string Lines(net::BodyReader* body, BulkFormat format = BulkFormat::kLines) {
  BulkReader reader(body, format);
  std::string found;
  while (true) {
    const Result<bool> more = reader.Next();
    if (!more.ok() || !*more) {
      return found + (more.ok() ? "=" : "?") + std::to_string(reader.line());
    }
    found.append(std::to_string(reader.line()));
    found.append(reader.problem().ok() ? ":" + std::string(reader.word()) : "!").append(" ");
  }
}

std::string LinesOf(std::string_view text, size_t piece = 64 * 1024,
                    BulkFormat format = BulkFormat::kLines) {
  PiecewiseBody body(text, piece);
  return Lines(&body, format);
}

std::string ReadAll(net::BodyReader* reader, size_t buffer_size = 1000) {
  std::string text(buffer_size, '\0'), all;
  while (true) {
    const Result<size_t> read = reader->Read(text);
    if (!read.ok()) return "error: " + read.status().message();
    if (*read == 0) return all;
    all.append(text, 0, *read);
  }
}

}  // namespace

TEST_CASE("Lines end with LF or CRLF, the last one with nothing too") {
  CHECK(LinesOf("a\nb\r\nc") == "1:a 2:b 3:c =3");
  CHECK(LinesOf("a\nb\n") == "1:a 2:b =2");
  CHECK(LinesOf("a\r") == "1:a =1");
  CHECK(LinesOf("") == "=0");
}

TEST_CASE("Empty lines count and are skipped") {
  CHECK(LinesOf("\n\r\na\n\n\nb\n\n") == "3:a 6:b =7");
  CHECK(LinesOf("\n") == "=1");
  CHECK(LinesOf("\r") == "=1");
}

TEST_CASE("A word keeps its blanks, and carriage returns before the last") {
  CHECK(LinesOf(" a \t\n") == "1: a \t =1");
  CHECK(LinesOf("a\r\r\n") == "1:a\r =1");
}

TEST_CASE("Lines are the same wherever the pieces of the body end") {
  const std::string text = "alpha\r\n\nbeta\ngamma delta\r\n\r\nepsilon";
  const std::string whole = LinesOf(text);
  CHECK(whole == "1:alpha 3:beta 4:gamma delta 6:epsilon =6");
  for (size_t piece = 1; piece <= text.size(); ++piece) CHECK(LinesOf(text, piece) == whole);
}

TEST_CASE("A line longer than the limit is a bad line and costs that line alone") {
  for (const size_t piece : {size_t{1000}, size_t{64 * 1024}}) {
    const std::string longest(kBulkLineBytesMax, 'x');
    CHECK(LinesOf(longest + "\r\nb", piece) == "1:" + longest + " 2:b =2");
    CHECK(LinesOf(longest + "x\nb", piece) == "1! 2:b =2");
    CHECK(LinesOf(longest + "x\r\nb", piece) == "1! 2:b =2");
    CHECK(LinesOf("a\n" + longest + longest + longest + "\nb\n", piece) == "1:a 2! 3:b =3");
    CHECK(LinesOf("a\n" + longest + longest, piece) == "1:a 2! =2");
  }
}

TEST_CASE("Many lines go through the buffer without loss") {
  std::string text;
  for (int i = 0; i < 50'000; ++i) text += "word" + std::to_string(i) + "\n";
  PiecewiseBody body(text, 777);
  BulkReader reader(&body, BulkFormat::kLines);
  for (int i = 0; i < 50'000; ++i) {
    const Result<bool> more = reader.Next();
    REQUIRE((more.ok() && *more));
    REQUIRE(reader.word() == "word" + std::to_string(i));
  }
  CHECK_FALSE(*reader.Next());
  CHECK(reader.line() == 50'000);
}

TEST_CASE("A line of NDJSON is one word object, and another line is bad alone") {
  CHECK(LinesOf("{\"word\":\"a\"}\n\n {\"word\": \"\\u0062\"}\r\n", 5, BulkFormat::kNdjson) ==
        "1:a 3:b =3");
  CHECK(LinesOf("{\"word\":\"a\"}\nnonsense\n{\"word\":1}\n{\"word\":\"b\"}", 64,
                BulkFormat::kNdjson) == "1:a 2! 3! 4:b =4");
}

TEST_CASE("A body that breaks off loses the line that it cuts") {
  PiecewiseBody body("a\nb\nhalf", 3, {StatusCode::kCancelled, "the client went away"});
  CHECK(Lines(&body) == "1:a 2:b ?2");
}

TEST_CASE("A gzip body reads as what it was, whatever the sizes of pieces and buffers") {
  std::string text;
  for (int i = 0; i < 20'000; ++i) text += std::to_string(i * 7919) + "\n";
  const std::string compressed = Gzip(text);
  for (const size_t piece : {size_t{1}, size_t{100}, size_t{64 * 1024}}) {
    for (const size_t buffer : {size_t{10}, size_t{100'000}}) {
      PiecewiseBody body(compressed, piece);
      InflatingReader reader(&body);
      CHECK(ReadAll(&reader, buffer) == text);
    }
  }
}

TEST_CASE("Several gzip members read as one text, empty ones too") {
  const std::string compressed = Gzip("a\n") + Gzip("") + Gzip("b\n") + Gzip("c");
  for (size_t piece = 1; piece <= compressed.size(); ++piece) {
    PiecewiseBody body(compressed, piece);
    InflatingReader reader(&body);
    CHECK(Lines(&reader) == "1:a 2:b 3:c =3");
  }
}

TEST_CASE("A gzip body that is cut, damaged or followed by something is refused") {
  const std::string good = Gzip("some words that are long enough to be cut");
  const auto read = [](std::string_view bytes) {
    PiecewiseBody body(bytes, 7);
    InflatingReader reader(&body);
    return ReadAll(&reader);
  };
  for (size_t size = 0; size < good.size(); ++size) {
    CHECK(read(good.substr(0, size)) == "error: the gzip data of the body ends in the middle");
  }
  std::string bad_checksum = good;
  bad_checksum[good.size() - 5] ^= 1;
  CHECK(read(bad_checksum).starts_with("error: "));
  CHECK(read(good + "garbage").starts_with("error: "));
  CHECK(read("plain text").starts_with("error: "));
}

TEST_CASE("A failure of the compressed body comes through") {
  const std::string good = Gzip("words");
  PiecewiseBody body(std::string_view(good).substr(0, 12), 5, {StatusCode::kTimeout, "too slow"});
  InflatingReader reader(&body);
  CHECK(ReadAll(&reader) == "error: too slow");
}

TEST_CASE("A body that unpacks to a thousand times its size passes in flat memory") {
  const std::string bomb = Gzip(std::string(64 << 20, '\n'));
  CHECK(bomb.size() < 512 * 1024);
  PiecewiseBody body(bomb);
  InflatingReader reader(&body);
  CHECK(Lines(&reader) == "=" + std::to_string(64 << 20));
}

}  // namespace trifecta::test
