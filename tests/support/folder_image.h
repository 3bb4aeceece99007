// The files of a folder in memory, to be damaged and put into another folder: tests of damage.
#pragma once

#include <map>
#include <string>
#include <string_view>

namespace trifecta::test {

// Name to bytes.
using FolderImage = std::map<std::string, std::string>;

FolderImage ReadFolder(const std::string& folder);
// Replaces everything in `folder`; the lock file goes with it.
void WriteFolder(const std::string& folder, const FolderImage& image);

// The first name in the image that begins with `beginning`; "" when there is none.
std::string NameIn(const FolderImage& image, std::string_view beginning);

}  // namespace trifecta::test
