#include "net/http.h"

#include "net/json.h"

namespace trifecta::net {
namespace {

struct StatusTitle {
  int status;
  std::string_view title;
};
constexpr StatusTitle kTitles[] = {
    {400, "Bad request"},
    {401, "Unauthorized"},
    {403, "Forbidden"},
    {404, "Not found"},
    {405, "Method not allowed"},
    {406, "Not acceptable"},
    {408, "Request timeout"},
    {409, "Conflict"},
    {411, "Length required"},
    {413, "Content too large"},
    {414, "URI too long"},
    {415, "Unsupported media type"},
    {417, "Expectation failed"},
    {421, "Misdirected request"},
    {422, "Unprocessable content"},
    {429, "Too many requests"},
    {431, "Request header fields too large"},
    {501, "Not implemented"},
    {503, "Service unavailable"},
    {504, "Timeout"},
    {505, "HTTP version not supported"},
    {507, "Insufficient storage"},
};

std::string_view Title(int status) {
  for (const StatusTitle& known : kTitles) {
    if (known.status == status) return known.title;
  }
  return status < 500 ? "Request refused" : "Internal server error";
}

// The same request, sent again later, may be answered.
bool Retryable(int status) {
  return status == 408 || status == 429 || status == 503 || status == 504;
}

}  // namespace

std::string_view Request::Header(std::string_view name) const {
  for (const auto& [key, value] : headers) {
    if (key == name) return value;
  }
  return {};
}

std::optional<std::string_view> Request::Query(std::string_view name) const {
  for (const auto& [key, value] : query) {
    if (key == name) return value;
  }
  return std::nullopt;
}

Response Problem(int status, std::string_view code, std::string_view detail, std::string_view extra,
                 Retry retry) {
  const bool retryable = retry == Retry::kByStatus && Retryable(status);
  JsonWriter json;
  json.BeginObject();
  json.Key("type").String(std::string("urn:trifecta:problem:").append(code));
  json.Key("title").String(Title(status));
  json.Key("status").Number(int64_t{status});
  json.Key("code").String(code);
  json.Key("detail").String(detail);
  json.Key("retryable").Bool(retryable);
  json.EndObject();

  Response response;
  response.status = status;
  response.content_type = "application/problem+json";
  response.body = json.Take();
  if (!extra.empty()) {
    response.body.back() = ',';
    response.body.append(extra).push_back('}');
  }
  if (status == 429 || status == 503) response.headers.emplace_back("Retry-After", "1");
  return response;
}

Response ProblemFor(const Status& status) {
  struct Mapping {
    StatusCode from;
    int status;
    std::string_view code;
  };
  static constexpr Mapping kMappings[] = {
      {StatusCode::kInvalidArgument, 400, "bad_request"},
      {StatusCode::kInvalidWord, 422, "invalid_word"},
      {StatusCode::kNotFound, 404, "not_found"},
      {StatusCode::kTooLarge, 413, "too_large"},
      {StatusCode::kUnavailable, 503, "unavailable"},
      {StatusCode::kTimeout, 504, "timeout"},
      {StatusCode::kDiskFull, 507, "disk_full"},
      {StatusCode::kIoError, 500, "io_error"},
  };
  if (status.code() == StatusCode::kDataDamaged) {
    return Problem(503, "unavailable", status.message(), {}, Retry::kNever);
  }
  for (const Mapping& mapping : kMappings) {
    if (mapping.from == status.code()) {
      return Problem(mapping.status, mapping.code, status.message());
    }
  }
  return Problem(500, "internal", status.message());
}

}  // namespace trifecta::net
