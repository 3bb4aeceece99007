#include "daemon/token_file.h"

#include <sys/stat.h>

#include <fstream>

#include "tests/support/catch.h"
#include "tests/support/temp_dir.h"

namespace trifecta::daemon {
namespace {

Result<Token> Read(const std::string& bytes, mode_t mode) {
  const test::TempDir folder;
  const std::string path = folder.File("token");
  std::ofstream(path) << bytes;
  REQUIRE(chmod(path.c_str(), mode) == 0);
  return ReadTokenFile(path);
}

TEST_CASE("the token is the file's line, without the space around it") {
  const Result<Token> token = Read(" s3cret+/=\r\n", 0640);
  REQUIRE(token.ok());
  CHECK(token->text == "s3cret+/=");
  CHECK(token->warning.empty());
}

TEST_CASE("no file means no token") { CHECK(ReadTokenFile("")->text.empty()); }

TEST_CASE("a file that every user may read is warned of") {
  CHECK(Read("secret", 0644)->warning.find("chmod o-r") != std::string::npos);
}

TEST_CASE("a token that no client could send is refused") {
  for (const std::string& bytes :
       {std::string(), std::string(" \n"), std::string("two words"), std::string("two\nlines"),
        std::string("\xc3\xa9"), std::string("a\0b", 3), std::string(5000, 'a')}) {
    INFO(bytes);
    CHECK_FALSE(Read(bytes, 0640).ok());
  }
  CHECK(ReadTokenFile("/no/such/file").status().message() ==
        "/no/such/file: No such file or directory");
}

}  // namespace
}  // namespace trifecta::daemon
