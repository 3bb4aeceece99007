#include "cmd/progress.h"

#include "tests/support/catch.h"

namespace trifecta::cmd {
namespace {

ProgressState Half() { return {"lists/words.txt", 12'400'000, 3, 62, 100, 10}; }

TEST_CASE("the progress line tells words, rate, part done, time left and rejected lines") {
  CHECK(ProgressLine(Half(), 200) ==
        "words.txt  12,400,000 words  1.24 M words/s  62% of 100 B  6 s left  3 rejected");
}

TEST_CASE("on a narrow terminal what matters least is left out") {
  CHECK(ProgressLine(Half(), 40) == "12,400,000 words  62% of 100 B");
  CHECK(ProgressLine(Half(), 10) == "12,400,000 words");
}

TEST_CASE("without a known size the bytes read are told") {
  ProgressState state = Half();
  state.size = 0;
  state.rejected = 0;
  CHECK(ProgressLine(state, 200) == "words.txt  12,400,000 words  1.24 M words/s  62 B");
}

TEST_CASE("a name cannot disturb the terminal") {
  ProgressState state = Half();
  state.name = "a\x1b[2J";
  CHECK(ProgressLine(state, 200).starts_with("a\\x1b[2J  "));
}

}  // namespace
}  // namespace trifecta::cmd
