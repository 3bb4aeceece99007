// Small line charts side by side in one SVG file: the number of words along the bottom, on a
// logarithmic scale, one figure upwards from zero.
#pragma once

#include <string>
#include <vector>

namespace trifecta::bench {

struct Chart {
  std::string title;           // the figure with its unit
  std::vector<double> values;  // one for each number of words
};

// Dies when the file cannot be written.
void WriteSvg(const std::string& path, const std::string& title, const std::vector<double>& words,
              const std::vector<Chart>& charts);

}  // namespace trifecta::bench
