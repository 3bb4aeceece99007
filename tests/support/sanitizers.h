// Whether a sanitizer watches this build: it slows programs down some tenfold, so the tests that
// run many seeds take fewer of them.
#pragma once

#include <cstdint>

namespace trifecta::test {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool kSanitized = true;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
inline constexpr bool kSanitized = true;
#else
inline constexpr bool kSanitized = false;
#endif
#else
inline constexpr bool kSanitized = false;
#endif

// `seeds`, or a fifth of them.
constexpr uint64_t Seeds(uint64_t seeds) { return kSanitized ? seeds / 5 : seeds; }

}  // namespace trifecta::test
