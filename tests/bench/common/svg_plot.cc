#include "tests/bench/common/svg_plot.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <sstream>

#include "tests/bench/common/die.h"
#include "tests/bench/common/table.h"

namespace trifecta::bench {
namespace {

// In pixels: one chart with the room around it, and the plotting area in it.
constexpr double kChartWidth = 300, kChartHeight = 240;
constexpr double kLeft = 60, kRight = 20, kTop = 40, kBottom = 40;
constexpr double kTitleHeight = 40;
constexpr size_t kChartsInRow = 3;
constexpr int kGridLines = 4;

int Decimals(double top) { return top < 10 ? 2 : top < 100 ? 1 : 0; }

// 1, 2, 2.5 or 5 times a power of ten, not below the value.
double NiceAbove(double value) {
  const double power = std::pow(10, std::floor(std::log10(std::max(value, 1e-9))));
  for (const double step : {1.0, 2.0, 2.5, 5.0}) {
    if (value <= step * power) return step * power;
  }
  return 10 * power;
}

std::string WordsLabel(double words) {
  if (words >= 1e6) return Figure(words / 1e6, words < 1e7 && words != std::floor(words)) + " M";
  return words >= 1e3 ? Figure(words / 1e3) + " k" : Figure(words);
}

class ChartSvg {
 public:
  ChartSvg(const std::vector<double>& words, const Chart& chart, double x, double y)
      : words_(words), chart_(chart), x_(x), y_(y) {
    top_ = NiceAbove(*std::max_element(chart.values.begin(), chart.values.end()));
  }

  std::string Draw() {
    Text(kChartWidth / 2, kTop - 16, "middle", chart_.title);
    for (int i = 0; i <= kGridLines; ++i) GridLine(top_ * i / kGridLines);
    svg_ << "<polyline fill='none' stroke='#1f5fa8' stroke-width='2' points='";
    for (size_t i = 0; i < words_.size(); ++i) svg_ << X(i) + x_ << ',' << Y(i) + y_ << ' ';
    svg_ << "'/>\n";
    for (size_t i = 0; i < words_.size(); ++i) Point(i);
    return svg_.str();
  }

 private:
  double X(size_t i) const {
    const double span = std::log(words_.back() / words_.front());
    const double part = span > 0 ? std::log(words_[i] / words_.front()) / span : 0.5;
    return kLeft + part * (kChartWidth - kLeft - kRight);
  }
  double Height(double value) const {
    return kChartHeight - kBottom - value / top_ * (kChartHeight - kTop - kBottom);
  }
  double Y(size_t i) const { return Height(chart_.values[i]); }

  void GridLine(double value) {
    const double y = y_ + Height(value);
    svg_ << "<line stroke='#dddddd' x1='" << x_ + kLeft << "' x2='" << x_ + kChartWidth - kRight
         << "' y1='" << y << "' y2='" << y << "'/>\n";
    Text(kLeft - 6, Height(value) + 4, "end", Figure(value, Decimals(top_)));
  }

  void Point(size_t i) {
    svg_ << "<circle fill='#1f5fa8' r='3' cx='" << X(i) + x_ << "' cy='" << Y(i) + y_ << "'/>\n";
    Text(X(i), kChartHeight - kBottom + 18, "middle", WordsLabel(words_[i]));
  }

  void Text(double x, double y, const char* anchor, const std::string& text) {
    svg_ << "<text font-family='sans-serif' font-size='11' text-anchor='" << anchor << "' x='"
         << x_ + x << "' y='" << y_ + y << "'>" << text << "</text>\n";
  }

  const std::vector<double>& words_;
  const Chart& chart_;
  const double x_, y_;
  double top_ = 1;
  std::ostringstream svg_;
};

}  // namespace

void WriteSvg(const std::string& path, const std::string& title, const std::vector<double>& words,
              const std::vector<Chart>& charts) {
  const size_t rows = (charts.size() + kChartsInRow - 1) / kChartsInRow;
  const double width = kChartWidth * static_cast<double>(std::min(charts.size(), kChartsInRow));
  const double height = kTitleHeight + kChartHeight * static_cast<double>(rows);
  std::ofstream file(path);
  file << "<svg xmlns='http://www.w3.org/2000/svg' width='" << width << "' height='" << height
       << "'>\n<rect width='100%' height='100%' fill='white'/>\n<text font-family='sans-serif' "
          "font-size='14' x='12' y='24'>"
       << title << "</text>\n";
  for (size_t i = 0; i < charts.size(); ++i) {
    const double x = kChartWidth * static_cast<double>(i % kChartsInRow);
    const double y = kTitleHeight + kChartHeight * static_cast<double>(i / kChartsInRow);
    file << ChartSvg(words, charts[i], x, y).Draw();
  }
  file << "</svg>\n";
  if (!file.flush()) Die("cannot write " + path);
}

}  // namespace trifecta::bench
