// Makes the checksums of a base file right again after its bytes were changed, so that tests and
// the fuzzer get past them to what lies inside.
#pragma once

#include <string>

namespace trifecta::test {

// False when the header's sections do not leave room for checksums; then nothing is changed.
bool RepairChecksums(std::string* file);

}  // namespace trifecta::test
