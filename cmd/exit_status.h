// How trifecta ends: the EXIT STATUS of its man page.
#pragma once

namespace trifecta::cmd {

inline constexpr int kExitDone = 0;         // done; search, get: something found
inline constexpr int kExitNo = 1;           // ran well, and the answer is no
inline constexpr int kExitUsage = 2;        // usage or configuration
inline constexpr int kExitUnreachable = 3;  // no node reachable
inline constexpr int kExitRefused = 4;      // refused by the server (4xx)
inline constexpr int kExitServerError = 5;  // the server could not (5xx, after retries)
inline constexpr int kExitPartial = 6;      // lines rejected, an answer or output incomplete
inline constexpr int kExitInterrupted = 130;
inline constexpr int kExitPipeClosed = 141;  // the reader of standard output went away

}  // namespace trifecta::cmd
