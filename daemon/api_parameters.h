// The parts of a request as values, checked: query parameters, media types, bodies. A failure is a
// Status whose sentence names the part, what it was and what is allowed.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/coordinator.h"
#include "net/http.h"
#include "storage/base/status.h"

namespace trifecta::daemon {

// Up to 64 bytes of `text` as a sentence may show them: quoted, and valid UTF-8 whatever it was.
std::string Shown(std::string_view text);

// kInvalidArgument for a query parameter that is not among `known`, naming it and the nearest.
Status CheckParameterNames(const net::Request& request, std::span<const std::string_view> known);

// A number from `least` to `most`; `fallback` where the parameter is absent.
Result<uint64_t> NumberParameter(const net::Request& request, std::string_view name, uint64_t least,
                                 uint64_t most, uint64_t fallback);

// Which of `choices` it is, by index; the first where it is absent.
Result<size_t> ChoiceParameter(const net::Request& request, std::string_view name,
                               std::initializer_list<std::string_view> choices);

// A valid prefix; "" where it is absent.
Result<std::string_view> PrefixParameter(const net::Request& request, std::string_view name);

// `consistency`, and the request's deadline.
Result<CallOptions> CallOptionsOf(const net::Request& request);

// A media type or content coding: in lower case, without parameters and blanks.
std::string MediaType(std::string_view header);
// The value of a media type's parameter, in lower case, without quotes; "" when absent.
std::string MediaTypeParameter(std::string_view header, std::string_view name);

// Whether the request's body is gzip-compressed; kInvalidArgument for any other coding (HTTP 415).
Result<bool> IsGzip(const net::Request& request);

// The body of a request about one word, decoded. kTooLarge above 64 KiB.
Result<std::string> ReadSmallBody(const net::Request& request, bool gzip);

}  // namespace trifecta::daemon
