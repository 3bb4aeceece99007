#include "storage/arena.h"

#include <cstdint>
#include <cstring>
#include <vector>

#include "tests/support/catch.h"

namespace trifecta::storage {
namespace {

TEST_CASE("An arena's pieces are aligned, zeroed and apart from each other") {
  Arena arena;
  struct Piece {
    unsigned char* at;
    size_t bytes;
    unsigned char fill;
  };
  std::vector<Piece> pieces;
  for (size_t i = 0; i < 5'000; ++i) {
    const size_t bytes = 1 + i * 37 % 200;
    auto* at = static_cast<unsigned char*>(arena.Allocate(bytes));
    REQUIRE(reinterpret_cast<uintptr_t>(at) % 8 == 0);
    for (size_t k = 0; k < bytes; ++k) REQUIRE(at[k] == 0);
    pieces.push_back({at, bytes, static_cast<unsigned char>(1 + i % 255)});
    std::memset(at, pieces.back().fill, bytes);
  }
  for (const Piece& piece : pieces) {
    for (size_t k = 0; k < piece.bytes; ++k) REQUIRE(piece.at[k] == piece.fill);
  }
}

TEST_CASE("An arena takes little for little, and says what it takes") {
  Arena arena;
  CHECK(arena.bytes() == 0);
  arena.Allocate(1);
  CHECK(arena.bytes() <= 64 * 1024);
  const size_t before = arena.bytes();
  arena.Allocate(16);
  CHECK(arena.bytes() == before);
}

TEST_CASE("A piece larger than a block is given too") {
  Arena arena;
  constexpr size_t kLarge = 5u << 20;
  auto* large = static_cast<unsigned char*>(arena.Allocate(kLarge));
  large[0] = large[kLarge - 1] = 1;
  CHECK(arena.bytes() >= kLarge);
  auto* after = static_cast<unsigned char*>(arena.Allocate(8));
  CHECK((after < large || after >= large + kLarge));
}

}  // namespace
}  // namespace trifecta::storage
