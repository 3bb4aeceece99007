#include "net/json.h"

#include <cmath>
#include <limits>

#include "tests/support/catch.h"

namespace trifecta::net {
namespace {

std::string Quoted(std::string_view text) {
  std::string out;
  AppendJsonString(&out, text);
  return out;
}

std::string WordOf(std::string_view text) {
  const auto word = ParseWordObject(text);
  REQUIRE(word.ok());
  return *word;
}

StatusCode CodeOfWord(std::string_view text) { return ParseWordObject(text).status().code(); }
StatusCode CodeOf(std::string_view text) { return ParseJson(text).status().code(); }

}  // namespace

TEST_CASE("A string is written as it is but for quotes, backslashes and control characters") {
  CHECK(Quoted("") == "\"\"");
  CHECK(Quoted("trial") == "\"trial\"");
  CHECK(Quoted("Zürich 東京 🙂") == "\"Zürich 東京 🙂\"");
  CHECK(Quoted("say \"hi\"") == R"("say \"hi\"")");
  CHECK(Quoted("a\\b") == R"("a\\b")");
  CHECK(Quoted("a\nb\tc\rd") == R"("a\nb\tc\rd")");
  CHECK(Quoted(std::string_view("\x00\x1f", 2)) == R"("\u0000\u001f")");
  CHECK(Quoted("\x7f") == "\"\x7f\"");
}

TEST_CASE("Every byte that needs an escape gets it wherever it stands in a long string") {
  for (const std::string_view special : {"\"", "\\", "\n", "\x01"}) {
    for (size_t i = 0; i < 24; ++i) {
      std::string text(24, 'x');
      text[i] = special[0];
      const auto parsed = ParseJson(Quoted(text));
      REQUIRE(parsed.ok());
      CHECK(parsed->string() == text);
    }
  }
}

TEST_CASE("The writer puts commas between values at every level") {
  JsonWriter json;
  json.BeginObject();
  json.Key("a").BeginArray().Number(uint64_t{1}).Number(int64_t{-2}).BeginObject().EndObject();
  json.BeginArray().EndArray().EndArray();
  json.Key("b").Bool(true).Key("c").Null().Key("d").Number(1.25, 1).Key("e").Raw("[7]");
  json.Key("f").BeginObject().Key("g").String("h").EndObject().Key("i").String("").EndObject();
  CHECK(json.Take() ==
        R"({"a":[1,-2,{},[]],"b":true,"c":null,"d":1.2,"e":[7],"f":{"g":"h"},"i":""})");
}

TEST_CASE("A number that JSON cannot say is written as null") {
  JsonWriter json;
  json.BeginArray().Number(std::nan(""), 2).Number(std::numeric_limits<double>::infinity(), 2);
  json.Number(std::numeric_limits<double>::max(), 0).Number(std::numeric_limits<uint64_t>::max());
  const std::string text = json.EndArray().Take();
  CHECK(text.starts_with("[null,null,1797693"));
  CHECK(text.ends_with(",18446744073709551615]"));
}

TEST_CASE("A document is parsed into values of their types") {
  const auto json = ParseJson(
      R"( {"s":"x\u00e9\n","n":7,"big":18446744073709551615,"minus":-3,"real":1.5,"yes":true,
           "none":null,"list":[1,"two",[3]],"in":{"a":{"b":"c"}}} )");
  REQUIRE(json.ok());
  CHECK((*json)["s"].string() == "xé\n");
  CHECK((*json)["n"].number() == 7);
  CHECK((*json)["big"].number() == std::numeric_limits<uint64_t>::max());
  CHECK((*json)["minus"].real() == -3);
  CHECK((*json)["real"].real() == 1.5);
  CHECK((*json)["yes"].boolean());
  CHECK((*json)["none"].is_null());
  CHECK((*json)["list"].array().size() == 3);
  CHECK((*json)["list"].array()[2].array()[0].number() == 3);
  CHECK((*json)["in"]["a"]["b"].string() == "c");
}

TEST_CASE("Asking a value for what it is not gives the empty answer") {
  const auto json = ParseJson(R"({"n":-7,"s":"x"})");
  REQUIRE(json.ok());
  CHECK((*json)["missing"].is_null());
  CHECK((*json)["n"]["deeper"].is_null());
  CHECK((*json)["n"].number() == 0);
  CHECK((*json)["n"].string().empty());
  CHECK((*json)["s"].real() == 0);
  CHECK((*json)["s"].array().empty());
  CHECK((*json)["s"].object().empty());
  CHECK_FALSE((*json)["s"].boolean());
}

TEST_CASE("What is not one whole, unambiguous document is refused with a reason") {
  for (const std::string_view text : {"",
                                      " ",
                                      "{",
                                      "[1,]",
                                      "{\"a\":1}x",
                                      "{\"a\":1}{\"a\":1}",
                                      "{\"a\":1,\"a\":2}",
                                      "{\"a\":{\"b\":1,\"b\":1}}",
                                      "\"\\u0000\"",
                                      "{\"\\u0000\":1}",
                                      "\"\\ud800\"",
                                      "\"\xff\"",
                                      "\"\x01\"",
                                      "\"open",
                                      "01",
                                      "1e999",
                                      "99999999999999999999",
                                      "nul",
                                      "'a'",
                                      "\xef\xbb\xbf{}"}) {
    INFO("text " << text);
    CHECK(CodeOf(text) == StatusCode::kInvalidArgument);
  }
  CHECK(ParseJson("{\"a\":1,\"a\":2}").status().message() == "the member \"a\" is given twice");
}

TEST_CASE("Nesting without end is refused, not followed") {
  CHECK(CodeOf(std::string(100'000, '[')) == StatusCode::kInvalidArgument);
  CHECK(CodeOf(std::string(5'000, '[') + std::string(5'000, ']')) == StatusCode::kInvalidArgument);
  CHECK(CodeOf(std::string(500, '[') + std::string(500, ']')) == StatusCode::kOk);
}

TEST_CASE("A large document leaves the thread able to parse small ones") {
  const std::string large = "[\"" + std::string(3 << 20, 'x') + "\"]";
  const auto json = ParseJson(large);
  REQUIRE(json.ok());
  CHECK(json->array()[0].string().size() == 3 << 20);
  CHECK(WordOf(R"({"word":"a"})") == "a");
}

TEST_CASE("A word object gives its word") {
  CHECK(WordOf(R"({"word":"trial"})") == "trial");
  CHECK(WordOf(" \t{ \"word\" : \"Z\\u00fcrich\" }\r\n") == "Zürich");
  CHECK(WordOf(R"({"word":""})").empty());
  CHECK(WordOf(R"({"\u0077ord":"escaped name"})") == "escaped name");
}

TEST_CASE("A word object passes control characters on: the rules for words are not its business") {
  CHECK(WordOf(R"({"word":"a\u0000b"})") == std::string("a\0b", 3));
  CHECK(WordOf(R"({"word":"\u0001"})") == "\x01");
}

TEST_CASE("Anything but one string member named word is refused") {
  for (const std::string_view text :
       {"", "trial", "\"trial\"", "[\"trial\"]", "{}", "{\"word\":5}", "{\"word\":null}",
        "{\"word\":[\"a\"]}", "{\"Word\":\"a\"}", "{\"word\":\"a\",\"word\":\"a\"}",
        "{\"word\":\"a\",\"n\":1}", "{\"n\":1,\"word\":\"a\"}", "{\"word\":\"a\"} x",
        "{\"word\":\"a\"}{\"word\":\"b\"}", "{\"word\":\"\xff\"}", "{\"word\":\"a\"",
        "{'word':'a'}"}) {
    INFO("text " << text);
    CHECK(CodeOfWord(text) == StatusCode::kInvalidArgument);
  }
  CHECK(ParseWordObject("{\"wrod\":\"a\"}").status().message() ==
        "unknown member \"wrod\": expected \"word\" alone");
}

}  // namespace trifecta::net
