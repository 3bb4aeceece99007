#include "net/url.h"

#include <string>

#include "net/limits.h"
#include "tests/support/catch.h"

namespace trifecta::net {
namespace {

TEST_CASE("percent decoding is strict") {
  struct Row {
    std::string text;
    std::string bytes;
  };
  for (const Row& row : {Row{"", ""}, Row{"trial", "trial"},
                         Row{"tr%C3%AFal",
                             "tr\xC3\xAF"
                             "al"},
                         Row{"%2f%2F", "//"}, Row{"a+b", "a+b"}, Row{"%00", std::string(1, '\0')},
                         Row{"%e4", "\xE4"}}) {
    INFO(row.text);
    const Result<std::string> decoded = PercentDecode(row.text);
    REQUIRE(decoded.ok());
    CHECK(*decoded == row.bytes);
  }
  for (const char* bad : {"%", "%4", "a%", "%zz", "%4g", "%u1234", "%%41"}) {
    INFO(bad);
    CHECK(PercentDecode(bad).status().code() == StatusCode::kInvalidArgument);
  }
  CHECK(PercentDecode("ab%q1").status().message().find("byte 3") != std::string::npos);
}

TEST_CASE("what was encoded decodes to the same bytes, every byte") {
  std::string bytes;
  for (int c = 0; c < 256; ++c) bytes.push_back(static_cast<char>(c));
  const std::string text = PercentEncode(bytes);
  CHECK(text.find_first_of("/?#&=+ %\n") == text.find('%'));
  CHECK(*PercentDecode(text) == bytes);
  CHECK(PercentEncode("aZ09-._~") == "aZ09-._~");
  CHECK(PercentEncode("a b/c") == "a%20b%2Fc");
}

TEST_CASE("a query's value keeps its equals signs, and plus is a space") {
  const Result<QueryParameters> query = ParseQuery("q=a=b&p=x+y%2B&flag&empty=");
  REQUIRE(query.ok());
  CHECK(*query == QueryParameters{{"q", "a=b"}, {"p", "x y+"}, {"flag", ""}, {"empty", ""}});
  CHECK(ParseQuery("").ok());
  CHECK(ParseQuery("&&q=1&")->size() == 1);
  CHECK(*ParseQuery("q=what?") == QueryParameters{{"q", "what?"}});
}

TEST_CASE("a query that cannot be understood is an error") {
  for (const char* bad : {"q=%", "%zz=1", "q=1&q=2", "q=1&%71=2", "=1"}) {
    INFO(bad);
    CHECK(ParseQuery(bad).status().code() == StatusCode::kInvalidArgument);
  }
  std::string many;
  for (size_t i = 0; i <= kQueryParametersMax; ++i) many += "p" + std::to_string(i) + "&";
  CHECK(ParseQuery(many).status().code() == StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace trifecta::net
