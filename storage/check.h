// The offline check of a data folder (`trifecta check`): reads every byte of it, reports every
// fault, and changes nothing.
//
// What a node stopped by kill -9 or power loss leaves is sound: a write that was under way, files
// of a checkpoint cut short, files whose removal was lost. Such things are notes, not faults, and
// so are files that Trifecta does not know.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "storage/base/file_system.h"
#include "storage/base/status.h"

namespace trifecta::storage {

struct Fault {
  std::string path;     // the file, or the folder where a file is missing
  uint64_t offset = 0;  // in bytes, where the fault was seen
  std::string what;     // a sentence without path and offset
};

struct CheckSummary {
  uint64_t files = 0, bytes = 0;             // read
  uint64_t faults = 0;                       // reported
  uint64_t tablets = 0;                      // base files that the manifest names
  uint64_t words = 0, tombstones = 0;        // what a node would hold after its start: base and log
  uint64_t log_segments = 0;                 // preallocated and empty ones too
  uint64_t log_frames = 0, log_entries = 0;  // newer than the base files: what a start replays
  std::vector<std::string> notes;            // "PATH: a sentence", in the order of the checks
};

// Checks the store in `folder` and the node's own files beside it. `report` is called for each
// fault as it is found, in the caller's thread. Ok when everything could be looked at, faults or
// not; then `summary` is filled, with words and log entries counted as far as they could be read. A
// file that the disk cannot give is a fault of that file.
//
// kAlreadyInUse when a running node holds the folder (stop it, or check a copy); kNotFound when
// there is no such folder or it holds nothing of Trifecta; kPermissionDenied when the system
// refuses a file. Needs no right to write; holds a shared lock on the folder where it has the file
// LOCK, so that no node starts meanwhile. Memory: one base file or log segment, and the log's
// words.
Status CheckFolder(FileSystem* file_system, const std::string& folder,
                   const std::function<void(const Fault&)>& report, CheckSummary* summary);

}  // namespace trifecta::storage
