// The status page's text, with {{names}} where api_status_page.cc puts values.
#pragma once

#include <string_view>

namespace trifecta::daemon {

extern const std::string_view kStatusPageHtml;
extern const std::string_view kStatusPageStyle;
extern const std::string_view kStatusPageScript;

}  // namespace trifecta::daemon
