// Why trifectad ended, for systemd and scripts: BSD's sysexits (systemd.exec(5) names them too).
// Part of the contract: trifectad(8) lists them.
#pragma once

#include "storage/base/status.h"

namespace trifecta::daemon {

enum ExitStatus : int {
  kExitClean = 0,
  kExitUsage = 64,          // the command line
  kExitDataDamaged = 65,    // the data folder fails its checks
  kExitUnavailable = 69,    // the port cannot be listened on, peers refuse, or it has left
  kExitInternal = 70,       // a defect of Trifecta
  kExitCannotCreate = 73,   // the data folder is not writable, or in use by another trifectad
  kExitIoError = 74,        // the disk failed
  kExitConfiguration = 78,  // the configuration
};

// For a data folder that could not be opened: its lock, its recovery, its node file, its ring.
inline ExitStatus ExitStatusForFolder(const Status& status) {
  switch (status.code()) {
    case StatusCode::kOk:
      return kExitClean;
    case StatusCode::kDataDamaged:
      return kExitDataDamaged;
    case StatusCode::kAlreadyInUse:
    case StatusCode::kPermissionDenied:
    case StatusCode::kNotFound:
    case StatusCode::kDiskFull:
      return kExitCannotCreate;
    case StatusCode::kIoError:
      return kExitIoError;
    case StatusCode::kInvalidArgument:
      return kExitConfiguration;
    case StatusCode::kUnavailable:
      return kExitUnavailable;
    default:
      return kExitInternal;
  }
}

}  // namespace trifecta::daemon
