#include <algorithm>
#include <cctype>
#include <limits>
#include <map>
#include <set>

#include "danlu/base/error.h"
#include "danlu/ops/elementwise.h"
#include "danlu/ops/manipulation.h"
#include "danlu/ops/matmul.h"
#include "danlu/ops/products.h"
#include "danlu/ops/reduction.h"

namespace danlu {
namespace {

/// A letter, or −1, −2, … for the axes of an ellipsis from the last one on.
using Labels = std::vector<int>;

struct Term {
  Array array;
  Labels labels;
};

[[noreturn]] void bad_subscripts(const std::string& subscripts, const std::string& what,
                                 const std::string& expected) {
  throw ValueError({.where = "einsum",
                    .what = what,
                    .expected = expected,
                    .received = "\"" + subscripts + "\""});
}

bool contains(const Labels& labels, int label) {
  return std::find(labels.begin(), labels.end(), label) != labels.end();
}

int place(const Labels& labels, int label) {
  return static_cast<int>(std::find(labels.begin(), labels.end(), label) - labels.begin());
}

/// The labels of one operand; `ellipsis` is the number of axes "..." stands for.
Labels parse(const std::string& subscripts, const std::string& text, int64_t ellipsis) {
  Labels labels;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text.compare(i, 3, "...") == 0) {
      for (int64_t k = ellipsis; k > 0; --k) labels.push_back(static_cast<int>(-k));
      i += 2;
    } else if (std::isalpha(static_cast<unsigned char>(text[i])) != 0) {
      labels.push_back(text[i]);
    } else {
      bad_subscripts(subscripts, "The subscripts cannot be read",
                     "letters, \"...\", \",\", \"->\"");
    }
  }
  return labels;
}

std::vector<std::string> split_text(const std::string& text) {
  std::vector<std::string> parts(1);
  for (char c : text) {
    if (c == ',') {
      parts.emplace_back();
    } else {
      parts.back() += c;
    }
  }
  return parts;
}

Array permuted(const Term& term, const Labels& to) {
  std::vector<int64_t> axes;
  for (int label : to) axes.push_back(place(term.labels, label));
  const bool in_order = std::is_sorted(axes.begin(), axes.end());
  return in_order ? term.array : transpose(term.array, axes);
}

/// A label that stands twice in one operand takes the diagonal.
Term without_repeats(Term term) {
  for (size_t i = 0; i < term.labels.size(); ++i) {
    for (size_t k = i + 1; k < term.labels.size(); ++k) {
      if (term.labels[i] != term.labels[k]) continue;
      const int label = term.labels[i];
      const auto first = static_cast<int64_t>(i), second = static_cast<int64_t>(k);
      term.array = diagonal(term.array, 0, first, second);
      term.labels.erase(term.labels.begin() + second);
      term.labels.erase(term.labels.begin() + first);
      term.labels.push_back(label);
      return without_repeats(std::move(term));
    }
  }
  return term;
}

/// Sums over the axes that nothing else needs, and over those of length 1 that broadcast.
Term reduced(Term term, const std::set<int>& needed, const std::map<int, int64_t>& lengths) {
  Axes axes;
  Labels kept;
  for (size_t i = 0; i < term.labels.size(); ++i) {
    const int label = term.labels[i];
    const int64_t n = term.array.shape()[static_cast<int>(i)];
    if (!needed.contains(label) || (n == 1 && lengths.at(label) != 1)) {
      axes.push_back(static_cast<int64_t>(i));
    } else {
      kept.push_back(label);
    }
  }
  if (axes.empty()) return term;
  return {sum(term.array, axes), kept};
}

Shape shape_of(const Labels& labels, const std::map<int, int64_t>& lengths) {
  std::vector<int64_t> dims;
  for (int label : labels) dims.push_back(lengths.at(label));
  return Shape(dims);
}

/// The product of two terms, summed over the labels that both have and nothing else needs.
Term product(const Term& a, const Term& b, const std::set<int>& needed,
             const std::map<int, int64_t>& lengths) {
  Labels batch, contracted, free_a, free_b;
  for (int label : a.labels) {
    if (!contains(b.labels, label)) {
      free_a.push_back(label);
    } else {
      (needed.contains(label) ? batch : contracted).push_back(label);
    }
  }
  for (int label : b.labels) {
    if (!contains(a.labels, label)) free_b.push_back(label);
  }
  const auto joined = [](Labels x, const Labels& y, const Labels& z = {}) {
    x.insert(x.end(), y.begin(), y.end());
    x.insert(x.end(), z.begin(), z.end());
    return x;
  };
  const Labels out = joined(batch, free_a, free_b);
  const Array x = permuted(a, joined(batch, free_a, contracted));
  if (contracted.empty()) {
    std::vector<int64_t> dims = x.shape().to_vector();
    dims.insert(dims.end(), free_b.size(), 1);
    const Array y = permuted(b, joined(batch, free_b));
    std::vector<int64_t> other = y.shape().to_vector();
    other.insert(other.begin() + static_cast<int64_t>(batch.size()), free_a.size(), 1);
    return {reshape(x, Shape(dims)) * reshape(y, Shape(other)), out};
  }
  const auto size = [&](const Labels& labels) { return shape_of(labels, lengths).num_elements(); };
  const Array y = permuted(b, joined(batch, contracted, free_b));
  const int64_t k = size(contracted);
  const Array result = matmul(reshape(x, Shape{size(batch), size(free_a), k}),
                              reshape(y, Shape{size(batch), k, size(free_b)}));
  return {reshape(result, shape_of(out, lengths)), out};
}

}  // namespace

Array einsum(const std::string& subscripts, const std::vector<Array>& operands) {
  std::string text = subscripts;
  std::erase(text, ' ');
  const size_t arrow = text.find("->");
  const std::vector<std::string> inputs = split_text(text.substr(0, arrow));
  if (inputs.size() != operands.size() || operands.empty()) {
    bad_subscripts(subscripts, "The number of operands does not fit the subscripts",
                   "subscripts of " + std::to_string(operands.size()) + " operands");
  }
  std::vector<Term> terms;
  std::map<int, int64_t> lengths;
  std::map<int, int> uses;
  int64_t ellipsis = 0;
  for (size_t i = 0; i < operands.size(); ++i) {
    const size_t dots = inputs[i].find("...");
    const auto named = static_cast<int64_t>(inputs[i].size()) - (dots == std::string::npos ? 0 : 3);
    const int64_t hidden = dots == std::string::npos ? 0 : operands[i].rank() - named;
    const Labels labels = parse(subscripts, inputs[i], std::max<int64_t>(0, hidden));
    if (static_cast<int64_t>(labels.size()) != operands[i].rank()) {
      throw ShapeError(
          {.where = "einsum",
           .what = "An operand does not have the rank of its subscripts",
           .expected = "rank " + std::to_string(labels.size()) + " for \"" + inputs[i] + "\"",
           .received = operands[i].shape().to_string()});
    }
    ellipsis = std::max(ellipsis, hidden);
    for (size_t k = 0; k < labels.size(); ++k) {
      const int64_t n = operands[i].shape()[static_cast<int>(k)];
      auto [known, fresh] = lengths.emplace(labels[k], n);
      if (!fresh && known->second == 1) known->second = n;
      if (n != known->second && n != 1) {
        const std::string label =
            labels[k] < 0 ? "..." : std::string(1, static_cast<char>(labels[k]));
        throw ShapeError(
            {.where = "einsum",
             .what = "One subscript stands for two lengths",
             .expected = "length " + std::to_string(known->second) + " for \"" + label + "\"",
             .received = std::to_string(n) + " in " + operands[i].shape().to_string()});
      }
      ++uses[labels[k]];
    }
    terms.push_back(without_repeats({operands[i], labels}));
  }

  Labels output;
  if (arrow != std::string::npos) {
    output = parse(subscripts, text.substr(arrow + 2), ellipsis);
  } else {
    for (const auto& [label, count] : uses) {
      if (label < 0 || count == 1) output.push_back(label);
    }
  }
  for (int label : output) {
    if (!lengths.contains(label) || std::count(output.begin(), output.end(), label) > 1) {
      bad_subscripts(subscripts, "The output is no choice of the inputs' subscripts",
                     "each subscript of the output once, and in an input");
    }
  }

  const auto needed_beside = [&](size_t first, size_t second) {
    std::set<int> needed(output.begin(), output.end());
    for (size_t i = 0; i < terms.size(); ++i) {
      if (i != first && i != second) needed.insert(terms[i].labels.begin(), terms[i].labels.end());
    }
    return needed;
  };
  for (size_t i = 0; i < terms.size(); ++i) {
    terms[i] = reduced(terms[i], needed_beside(i, i), lengths);
  }
  while (terms.size() > 1) {
    size_t first = 0, second = 1;
    double least = std::numeric_limits<double>::infinity();
    for (size_t i = 0; i < terms.size(); ++i) {
      for (size_t k = i + 1; k < terms.size(); ++k) {
        double cost = 1;
        std::set<int> all(terms[i].labels.begin(), terms[i].labels.end());
        all.insert(terms[k].labels.begin(), terms[k].labels.end());
        for (int label : all) cost *= static_cast<double>(lengths.at(label));
        if (cost < least) least = cost, first = i, second = k;
      }
    }
    terms[first] = product(terms[first], terms[second], needed_beside(first, second), lengths);
    terms.erase(terms.begin() + static_cast<int64_t>(second));
  }
  return permuted(terms[0], output);
}

}  // namespace danlu
