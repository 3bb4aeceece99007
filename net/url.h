// Percent encoding and queries (RFC 3986, and "+" for a space in queries as forms have it). Strict:
// what cannot be decoded is an error, never passed on half decoded.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "storage/base/status.h"

namespace trifecta::net {

using QueryParameters = std::vector<std::pair<std::string, std::string>>;

// "tr%C3%AFal" to bytes. kInvalidArgument when a "%" is not followed by two hexadecimal digits.
Result<std::string> PercentDecode(std::string_view text);

// Bytes to text that may stand in a path segment or a query's value: everything but letters, digits
// and "-._~" is escaped.
std::string PercentEncode(std::string_view bytes);

// "q=tria&limit=5" to decoded pairs, in order. A name ends at the first "=", so "q=a=b" gives
// ("q", "a=b"); a parameter without "=" has the value "". kInvalidArgument for a bad escape, a name
// given twice, an empty name, or more than kQueryParametersMax parameters.
Result<QueryParameters> ParseQuery(std::string_view query);

}  // namespace trifecta::net
