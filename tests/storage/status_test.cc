#include "storage/base/status.h"

#include <cerrno>
#include <memory>
#include <set>
#include <string>

#include "storage/base/text.h"
#include "tests/support/catch.h"

namespace trifecta {
namespace {

Status FailIf(bool fail) {
  if (fail) return {StatusCode::kDiskFull, "no room"};
  return Status::Ok();
}

Result<int> Half(int number) {
  TRIFECTA_RETURN_IF_ERROR(FailIf(number % 2 != 0));
  return number / 2;
}

TEST_CASE("A status carries a code and a sentence, and context goes before the sentence") {
  const Status status(StatusCode::kDataDamaged, "wrong checksum");
  CHECK_FALSE(status.ok());
  CHECK(status.ToString() == "data damaged: wrong checksum");
  const Status outer = status.WithContext("base-1");
  CHECK(outer.code() == StatusCode::kDataDamaged);
  CHECK(outer.message() == "base-1: wrong checksum");
}

TEST_CASE("An ok status stays ok under context") {
  CHECK(Status::Ok().WithContext("anything").ok());
  CHECK(Status().ToString() == "ok");
}

TEST_CASE("Every status code has a name of its own") {
  std::set<std::string_view> names;
  for (int code = 0; code <= static_cast<int>(StatusCode::kInternal); ++code) {
    const auto name = StatusCodeName(static_cast<StatusCode>(code));
    CHECK(name != "unknown status");
    CHECK(names.insert(name).second);
  }
}

TEST_CASE("An errno becomes the code that callers branch on") {
  CHECK(ErrnoStatus(ENOSPC, "x").code() == StatusCode::kDiskFull);
  CHECK(ErrnoStatus(EDQUOT, "x").code() == StatusCode::kDiskFull);
  CHECK(ErrnoStatus(ENOENT, "x").code() == StatusCode::kNotFound);
  CHECK(ErrnoStatus(EACCES, "x").code() == StatusCode::kPermissionDenied);
  CHECK(ErrnoStatus(EROFS, "x").code() == StatusCode::kPermissionDenied);
  CHECK(ErrnoStatus(EIO, "x").code() == StatusCode::kIoError);
  CHECK(ErrnoStatus(EIO, "cannot read /a").message() == "cannot read /a: Input/output error");
}

TEST_CASE("A result holds a value or the status that says why there is none") {
  CHECK(*Half(4) == 2);
  CHECK(Half(4).status().ok());
  CHECK_FALSE(Half(3).ok());
  CHECK(Half(3).status().ToString() == "disk full: no room");
}

TEST_CASE("A result gives up what can only be moved") {
  Result<std::unique_ptr<int>> result(std::make_unique<int>(7));
  const std::unique_ptr<int> value = std::move(*result);
  CHECK(*value == 7);
}

TEST_CASE("StrCat joins texts, characters and numbers") {
  CHECK(StrCat("line ", 7, ':', -1, std::string("x"), uint64_t{18446744073709551615u}) ==
        "line 7:-1x18446744073709551615");
  CHECK(StrCat().empty());
}

}  // namespace
}  // namespace trifecta
