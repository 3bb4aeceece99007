// Prints the table of faults after a run that was to try them all.
#define CATCH_CONFIG_EXTERNAL_INTERFACES
#include <iostream>

#include "tests/support/catch.h"
#include "tests/support/fault_table.h"

namespace trifecta::test {
namespace {

class FaultTableListener : public Catch::TestEventListenerBase {
 public:
  using TestEventListenerBase::TestEventListenerBase;
  void testRunEnded(const Catch::TestRunStats& stats) override {
    if (AllFaults() && stats.totals.testCases.failed == 0) std::cout << FaultTable();
  }
};
CATCH_REGISTER_LISTENER(FaultTableListener)

}  // namespace
}  // namespace trifecta::test
