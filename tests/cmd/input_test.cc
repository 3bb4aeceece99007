#include "cmd/input.h"

#include <unistd.h>

#include <fstream>

#include "tests/cmd/compressed.h"
#include "tests/support/catch.h"
#include "tests/support/temp_dir.h"

namespace trifecta::cmd {
namespace {

// A file of those bytes, read to its end.
struct Source {
  explicit Source(const std::string& bytes) {
    std::ofstream(dir.File("words"), std::ios::binary) << bytes;
    auto opened = Input::Open(dir.File("words"), -1, -1);
    REQUIRE(opened.ok());
    input = std::move(*opened);
  }

  // The text; "" with `status` set when it cannot be read whole.
  std::string ReadAll() {
    std::string text;
    for (;;) {
      auto piece = input->Read();
      status = piece.status();
      if (!status.ok() || piece->empty()) return text;
      text += *piece;
    }
  }

  test::TempDir dir;
  std::unique_ptr<Input> input;
  Status status;
};

// Words that do not compress well, so that the middle of a file is in the middle of its words.
std::string ManyWords() {
  std::string words;
  uint64_t state = 88172645463325252u;
  for (int i = 0; i < 50'000; ++i) {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    words += std::to_string(state) + "\n";
  }
  return words;
}

TEST_CASE("plain, gzip, zstd and xz files are read by their first bytes, whatever their name") {
  const std::string words = ManyWords();
  for (const auto compression :
       {Compression::kNone, Compression::kGzip, Compression::kZstd, Compression::kXz}) {
    const std::string bytes = Compressed(words, compression);
    Source source(bytes);
    CHECK(source.ReadAll() == words);
    CHECK(source.status.ok());
    CHECK(source.input->consumed() == bytes.size());
    CHECK(source.input->size() == bytes.size());
  }
}

TEST_CASE("compressed nothing is an empty text") {
  for (const auto compression : {Compression::kGzip, Compression::kZstd, Compression::kXz}) {
    Source source(Compressed("", compression));
    CHECK(source.ReadAll().empty());
    CHECK(source.status.message() == "");
  }
}

TEST_CASE("members that follow each other are one text") {
  for (const auto compression : {Compression::kGzip, Compression::kZstd, Compression::kXz}) {
    Source source(Compressed("alpha\n", compression) + Compressed("beta\n", compression));
    CHECK(source.ReadAll() == "alpha\nbeta\n");
    CHECK(source.status.ok());
  }
}

TEST_CASE("compressed data that is cut off anywhere is an error that names the file") {
  for (const auto compression : {Compression::kGzip, Compression::kZstd, Compression::kXz}) {
    const std::string whole = Compressed(ManyWords(), compression);
    for (const size_t size : {whole.size() / 3, whole.size() / 2, whole.size() - 1}) {
      INFO(size);
      Source source(whole.substr(0, size));
      source.ReadAll();
      CHECK(source.status.code() == StatusCode::kDataDamaged);
      CHECK(source.status.message().starts_with(source.dir.File("words") + ": "));
    }
  }
}

TEST_CASE("a small compressed file cut at any byte is an error, and what is read of it is right") {
  const std::string words = "alpha\nbeta\ngamma\n";
  struct {
    Compression compression;
    size_t magic_bytes;  // what is shorter is text
  } const rows[] = {{Compression::kGzip, 2}, {Compression::kZstd, 4}, {Compression::kXz, 6}};
  for (const auto& [compression, magic_bytes] : rows) {
    const std::string whole = Compressed(words, compression);
    for (size_t size = magic_bytes; size < whole.size(); ++size) {
      INFO(size << " of " << whole.size());
      Source source(whole.substr(0, size));
      CHECK(words.starts_with(source.ReadAll()));
      CHECK(source.status.code() == StatusCode::kDataDamaged);
      CHECK(source.status.message().starts_with(source.dir.File("words") + ": "));
    }
  }
}

TEST_CASE("compressed data followed by something else is an error") {
  for (const auto compression : {Compression::kGzip, Compression::kZstd, Compression::kXz}) {
    for (const char* junk : {"x", "junk", "more than a header of any kind has"}) {
      Source source(Compressed("ab\n", compression) + junk);
      CHECK(std::string("ab\n").starts_with(source.ReadAll()));
      CHECK(source.status.code() == StatusCode::kDataDamaged);
    }
  }
}

TEST_CASE("zeros may follow gzip data, as tapes have them, and nothing after those") {
  const std::string packed = Compressed("ab\n", Compression::kGzip) + std::string(700, '\0');
  Source padded(packed);
  CHECK(padded.ReadAll() == "ab\n");
  CHECK(padded.status.ok());
  Source followed(packed + "x");
  CHECK(followed.ReadAll() == "ab\n");
  CHECK(followed.status.code() == StatusCode::kDataDamaged);
}

TEST_CASE("compressed data with a changed byte is an error") {
  for (const auto compression : {Compression::kGzip, Compression::kXz}) {
    std::string bytes = Compressed(ManyWords(), compression);
    bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 0x40);
    Source source(bytes);
    source.ReadAll();
    CHECK_FALSE(source.status.ok());
  }
}

TEST_CASE("an empty file is empty, a tiny one is whole") {
  for (const std::string& bytes : {std::string(), std::string("a"), std::string("\x1f"),
                                   std::string("a\n"), std::string("\0", 1)}) {
    Source source(bytes);
    CHECK(source.ReadAll() == bytes);
    CHECK(source.status.ok());
  }
}

TEST_CASE("text that begins like another archive is still text") {
  for (const std::string& bytes : {std::string("PK\x03\x04 words"), std::string("ustar\n"),
                                   std::string("BZh91AY&SY"), std::string("7z\xbc\xaf\x27\x1c")}) {
    Source source(bytes);
    CHECK(source.ReadAll() == bytes);
  }
}

TEST_CASE("what cannot be opened is told by name") {
  CHECK(Input::Open("/no/such", -1, -1).status().message() ==
        "/no/such: No such file or directory");
  CHECK(Input::Open("/tmp", -1, -1).status().message() == "/tmp: Is a directory");
}

TEST_CASE("standard input may be compressed too, and has no size") {
  int fds[2];
  REQUIRE(pipe(fds) == 0);
  const std::string bytes = Compressed("alpha\n", Compression::kZstd);
  REQUIRE(write(fds[1], bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()));
  close(fds[1]);
  auto input = Input::Open("-", fds[0], -1);
  REQUIRE(input.ok());
  CHECK(*(*input)->Read() == "alpha\n");
  CHECK((*input)->Read()->empty());
  CHECK((*input)->name() == "standard input");
  CHECK((*input)->size() == 0);
  close(fds[0]);
}

TEST_CASE("waiting for standard input ends when the user interrupts") {
  int input_fds[2], cancel_fds[2];
  REQUIRE(pipe(input_fds) == 0);
  REQUIRE(pipe(cancel_fds) == 0);
  REQUIRE(write(cancel_fds[1], "x", 1) == 1);
  auto input = Input::Open("-", input_fds[0], cancel_fds[0]);
  REQUIRE(input.ok());
  CHECK((*input)->Read().status().code() == StatusCode::kCancelled);
  for (const int fd : {input_fds[0], input_fds[1], cancel_fds[0], cancel_fds[1]}) close(fd);
}

}  // namespace
}  // namespace trifecta::cmd
