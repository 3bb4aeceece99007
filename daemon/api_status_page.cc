// The status page at "/": one HTML document that loads nothing from elsewhere.
//
// A browser cannot send a token with its first request. So the page itself is open, and shows the
// node's state only to who may see it; its script asks for the token and for the rest.
#include <array>
#include <cstdio>
#include <random>
#include <utility>

#include "daemon/api_routes.h"
#include "daemon/readiness.h"
#include "daemon/status_page_html.h"
#include "net/json.h"
#include "storage/base/text.h"

namespace trifecta::daemon {
namespace {

using Values = std::vector<std::pair<std::string_view, std::string>>;

std::string Escaped(std::string_view text) {
  std::string html;
  for (char c : text) {
    switch (c) {
      case '&':
        html.append("&amp;");
        break;
      case '<':
        html.append("&lt;");
        break;
      case '>':
        html.append("&gt;");
        break;
      case '"':
        html.append("&quot;");
        break;
      case '\'':
        html.append("&#39;");
        break;
      default:
        html.push_back(c);
    }
  }
  return html;
}

// 128 random bits: what our own style and script have and nothing injected can.
std::string Nonce() {
  std::random_device random;
  char digits[33];
  std::snprintf(digits, sizeof digits, "%08x%08x%08x%08x", random(), random(), random(), random());
  return digits;
}

std::string Size(uint64_t bytes) {
  constexpr std::array<const char*, 5> kUnits = {"B", "KiB", "MiB", "GiB", "TiB"};
  auto size = static_cast<double>(bytes);
  size_t unit = 0;
  for (; size >= 1024 && unit + 1 < kUnits.size(); ++unit) size /= 1024;
  char text[32];
  std::snprintf(text, sizeof text, "%.*f %s", unit > 0 && size < 100 ? 1 : 0, size, kUnits[unit]);
  return text;
}

std::string Grouped(uint64_t number) {
  std::string digits = StrCat(number);
  for (size_t i = digits.size(); i > 3;) digits.insert(i -= 3, ",");
  return digits;
}

// The template with each {{name}} replaced by its value; a name without one becomes nothing.
std::string Fill(std::string_view html, const Values& values) {
  std::string page;
  while (true) {
    const size_t open = html.find("{{");
    page.append(html.substr(0, open));
    if (open == std::string_view::npos) return page;
    const size_t close = html.find("}}", open);
    const std::string_view name = html.substr(open + 2, close - open - 2);
    for (const auto& [key, value] : values) {
      if (key == name) page.append(value);
    }
    html.remove_prefix(close + 2);
  }
}

// What only who may use the API is shown.
void AppendState(const ApiContext& context, Values* values) {
  const storage::StoreStats stats = context.coordinator->LocalStats();
  const auto up = std::chrono::steady_clock::now() - context.started;
  const NodeHealth health = HealthOf(stats);
  values->emplace_back("health", health.name());
  if (!health.healthy()) values->emplace_back("sentence", Escaped(health.message));
  values->emplace_back("words", Grouped(stats.words));
  values->emplace_back("bytes", Size(stats.base_bytes + stats.log_bytes));
  values->emplace_back("address", Escaped(context.address));
  values->emplace_back("zone", context.zone.empty() ? "-" : Escaped(context.zone));
  values->emplace_back("id", Escaped(context.node_id));
  values->emplace_back("version", Escaped(context.version));
  values->emplace_back(
      "uptime", StrCat(std::chrono::duration_cast<std::chrono::minutes>(up).count(), " min"));
}

void StatusPage(const ApiContext& context, const net::Request& request, net::Response& response) {
  const std::string nonce = Nonce();
  Values values = {{"nonce", nonce},
                   {"cluster", Escaped(context.cluster)},
                   {"style", std::string(kStatusPageStyle)},
                   {"script", std::string(kStatusPageScript)}};
  const Status ready = context.readiness->Check();
  const bool locked =
      context.token != nullptr && !context.token->Allows(request.Header("authorization"));
  if (locked) {
    values.emplace_back("health", "locked");
    values.emplace_back("sentence", "This node asks for an access token.");
  } else if (!ready.ok()) {
    values.emplace_back("health", "starting");
    values.emplace_back("sentence", Escaped(ready.message()));
  } else {
    AppendState(context, &values);
  }
  response.body = Fill(kStatusPageHtml, values);
  response.content_type = "text/html; charset=utf-8";
  response.headers = {
      {"Content-Security-Policy",
       StrCat("default-src 'none'; script-src 'nonce-", nonce, "'; style-src 'nonce-", nonce,
              "'; connect-src 'self'; img-src data:; form-action 'self'; base-uri 'none'; "
              "frame-ancestors 'none'")},
      {"X-Content-Type-Options", "nosniff"},
      {"Referrer-Policy", "no-referrer"},
      {"Cache-Control", "no-store"}};
}

}  // namespace

std::vector<ApiRoute> StatusPageRoutes() {
  ApiRoute page{"GET", "/", StatusPage, {}};
  page.gated = false;
  return {page};
}

}  // namespace trifecta::daemon
