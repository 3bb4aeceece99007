// One request through cpp-httplib's request handling: a Response in, the bytes of an HTTP answer
// out.
//
// What the library does here: takes a request, calls us to answer it, formats the status line,
// headers and chunks, leaves the body out for HEAD. What it does not get to see, because version
// 0.11.4 gets it wrong (each measured):
// - the target: a "?" within a query is refused, "q=a=b" is read as "b", and routes are tried one
//   by one as regular expressions;
// - the headers: their values are percent-decoded; any number and length is accepted; Range turns
//   any answer into 206; Accept-Encoding makes it compress (brotli: 35 ms for 28 KB); Expect is
//   answered before we know whether we want the body;
// - the body: form bodies above 8 KiB are refused, gzip is inflated without limit, the limit is not
//   applied to chunked ones, and what a handler leaves unread is taken for the next request;
// - exceptions: their text would become a header, and in a content provider they end the process.
// The head is therefore parsed by net/http_head.h and the body by net/body_decoder.h.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "net/http.h"

namespace trifecta::net {

class HttpExchange {
 public:
  HttpExchange();
  ~HttpExchange();

  // Of the request, what its answer's form depends on.
  struct Form {
    bool head = false;  // the method is HEAD: no body
    bool http10 = false;
  };

  struct Outcome {
    int status = 500;
    bool close = false;  // the answer says so
    bool cut = false;    // a streamed answer did not come to its end: close, whatever it says
  };

  // Fills in the response, `close` included; called once; must not throw.
  using Respond = std::function<void(Response*)>;
  // Appends the answer to `*bytes`. A streamed one goes to `sink` piece by piece, and only its end
  // is left in `*bytes`. Any thread; never throws.
  Outcome Run(const Form& form, const Respond& respond, BodyWriter* sink, std::string* bytes);

 private:
  class Library;
  std::unique_ptr<Library> library_;
};

}  // namespace trifecta::net
