#include "danlu/nn/layers/reshaping.h"

#include <algorithm>
#include <utility>

#include "danlu/base/error.h"
#include "danlu/nn/config_json.h"
#include "danlu/nn/layers/spatial_layer.h"
#include "danlu/ops/image.h"
#include "danlu/ops/manipulation.h"

namespace danlu {
namespace {

class PermuteImpl final : public ConfiguredLayer<PermuteConfig> {
 public:
  explicit PermuteImpl(PermuteConfig c) : ConfiguredLayer("Permute", std::move(c)) {
    std::vector<int64_t> sorted = config().dims;
    std::sort(sorted.begin(), sorted.end());
    bool fine = true;
    for (size_t i = 0; i < sorted.size(); ++i) fine &= sorted[i] == static_cast<int64_t>(i) + 1;
    if (fine) return;
    throw ValueError({.where = where(),
                      .what = "`dims` is no order of the axes of a sample",
                      .expected = "1, 2, … each once",
                      .received = "dims=" + Integers(config().dims).to_string()});
  }

 private:
  Shape output_shape(const Shape& input) const override {
    const auto& dims = config().dims;
    check_rank(input, static_cast<int>(dims.size()) + 1,
               std::to_string(dims.size() + 1) + " axes, the batch axis included");
    std::vector<int64_t> output = {input[0]};
    for (const int64_t axis : dims) output.push_back(input[static_cast<int>(axis)]);
    return Shape(output);
  }

  Array call(const Array& x, const CallContext&) override {
    std::vector<int64_t> axes = {0};
    axes.insert(axes.end(), config().dims.begin(), config().dims.end());
    return transpose(x, axes);
  }
};

class RepeatVectorImpl final : public ConfiguredLayer<RepeatVectorConfig> {
 public:
  explicit RepeatVectorImpl(RepeatVectorConfig c) : ConfiguredLayer("RepeatVector", std::move(c)) {
    check_at_least(where(), "n", config().n, 1);
  }

 private:
  Shape output_shape(const Shape& input) const override {
    check_rank(input, 2, "(batch, features)");
    return input.with_axis_inserted(1, config().n);
  }
  Array call(const Array& x, const CallContext&) override {
    return broadcast_to(expand_dims(x, 1), x.shape().with_axis_inserted(1, config().n));
  }
};

/// {before, after} for each of `rank` axes. Errors: ValueError for other forms, and numbers below
/// 0.
Margins complete(const std::string& where, const std::string& field, const Margins& given,
                 int rank) {
  const auto axes = static_cast<size_t>(rank);
  std::vector<Integers> parts = given.parts();
  if (!given.is_list()) parts.assign(axes, parts.at(0));
  // Of one axis {before, after} stands without further braces.
  const auto single = [](const Integers& part) { return part.defined() && !part.is_list(); };
  if (rank == 1 && parts.size() == 2 && single(parts[0]) && single(parts[1])) {
    parts = {Integers({parts[0][0], parts[1][0]})};
  }
  if (parts.size() != axes) {
    throw ValueError({.where = where,
                      .what = "`" + field + "` has another number of axes than the layer",
                      .expected = rank == 1 ? "an integer or {before, after}"
                                            : "an integer, or one or two for each of " +
                                                  std::to_string(rank) + " axes",
                      .received = field + "=" + given.to_string()});
  }
  for (Integers& part : parts) part = per_axis(where, field, part, 2, 0);
  return Margins(std::move(parts));
}

/// As Keras writes it: of one axis without the outer list.
Json margins_json(const Margins& margins) {
  return margins.parts().size() == 1 ? to_json(margins.parts()[0]) : to_json(margins);
}

class CroppingImpl final : public SpatialLayer<CroppingConfig> {
 public:
  CroppingImpl(int rank, CroppingConfig given) : SpatialLayer("Cropping", rank, std::move(given)) {
    Margins& cropping = mutable_config().cropping;
    if (!cropping.defined()) cropping = rank == 2 ? 0 : 1;
    cropping = complete(where(), "cropping", cropping, rank);
    if (rank == 1 && channels_first()) {
      throw ValueError({.where = where(),
                        .what = "Sequences are cropped along their first axis",
                        .expected = "data_format=\"channels_last\"",
                        .received = "data_format=\"channels_first\""});
    }
  }

  Json get_config() const override {
    Json config = SpatialLayer::get_config();
    config.set("cropping", margins_json(this->config().cropping));
    return rank() == 1 ? without(config, {"data_format"}) : config;
  }

 private:
  Shape output_shape(const Shape& input) const override {
    check_input(input);
    Shape output = input;
    for (int i = 0; i < rank(); ++i) {
      const int axis = spatial_axis(i);
      if (input[axis] == kNone) continue;
      const Integers& cut = config().cropping.parts()[static_cast<size_t>(i)];
      const int64_t left = input[axis] - cut[0] - cut[1];
      if (left < 1) {
        throw ShapeError(
            {.what = "Nothing would be left of an axis",
             .expected = "more than " + std::to_string(cut[0] + cut[1]) + " elements along axis " +
                         std::to_string(axis),
             .received = input.to_string() + ", cropping=" + this->config().cropping.to_string()});
      }
      output = output.with_dim(axis, left);
    }
    return output;
  }

  Array call(const Array& x, const CallContext&) override {
    std::vector<int64_t> start(static_cast<size_t>(x.rank()), 0);
    std::vector<int64_t> stop = x.shape().to_vector();
    for (int i = 0; i < rank(); ++i) {
      const Integers& cut = config().cropping.parts()[static_cast<size_t>(i)];
      start[static_cast<size_t>(spatial_axis(i))] += cut[0];
      stop[static_cast<size_t>(spatial_axis(i))] -= cut[1];
    }
    return slice(x, start, stop);
  }
};

class ZeroPaddingImpl final : public SpatialLayer<ZeroPaddingConfig> {
 public:
  ZeroPaddingImpl(int rank, ZeroPaddingConfig given)
      : SpatialLayer("ZeroPadding", rank, std::move(given)) {
    Margins& padding = mutable_config().padding;
    padding = complete(where(), "padding", padding.defined() ? padding : Margins(1), rank);
  }

  Json get_config() const override {
    Json config = SpatialLayer::get_config();
    config.set("padding", margins_json(this->config().padding));
    return config;
  }

 private:
  Shape output_shape(const Shape& input) const override {
    check_input(input);
    Shape output = input;
    for (int i = 0; i < rank(); ++i) {
      const int axis = spatial_axis(i);
      const Integers& more = config().padding.parts()[static_cast<size_t>(i)];
      if (input[axis] != kNone) output = output.with_dim(axis, input[axis] + more[0] + more[1]);
    }
    return output;
  }

  Array call(const Array& x, const CallContext&) override {
    std::vector<std::array<int64_t, 2>> widths(static_cast<size_t>(x.rank()));
    for (int i = 0; i < rank(); ++i) {
      const Integers& more = config().padding.parts()[static_cast<size_t>(i)];
      widths[static_cast<size_t>(spatial_axis(i))] = {more[0], more[1]};
    }
    return pad(x, widths);
  }
};

class UpSamplingImpl final : public SpatialLayer<UpSamplingConfig> {
 public:
  UpSamplingImpl(int rank, UpSamplingConfig given)
      : SpatialLayer("UpSampling", rank, std::move(given)) {
    UpSamplingConfig& c = mutable_config();
    c.size = per_axis(where(), "size", c.size, rank, 1);
    const std::vector<std::string> known = {"nearest", "bilinear", "bicubic", "lanczos3",
                                            "lanczos5"};
    const bool fine = std::find(known.begin(), known.end(), c.interpolation) != known.end();
    if (fine && (rank == 2 || c.interpolation == "nearest")) return;
    throw ValueError({.where = where(),
                      .what = "This interpolation is not there",
                      .expected = rank == 2 ? "\"nearest\", \"bilinear\", \"bicubic\", "
                                              "\"lanczos3\" or \"lanczos5\""
                                            : "\"nearest\"",
                      .received = "\"" + c.interpolation + "\""});
  }

  Json get_config() const override {
    Json config = SpatialLayer::get_config();
    if (rank() == 1) config.set("size", this->config().size[0]);
    if (rank() == 1) return without(config, {"data_format", "interpolation"});
    return rank() == 3 ? without(config, {"interpolation"}) : config;
  }

 private:
  Shape output_shape(const Shape& input) const override {
    check_input(input);
    Shape output = input;
    for (int i = 0; i < rank(); ++i) {
      const int axis = spatial_axis(i);
      if (input[axis] == kNone) continue;
      output = output.with_dim(axis, input[axis] * config().size[static_cast<size_t>(i)]);
    }
    return output;
  }

  Array call(const Array& x, const CallContext&) override {
    if (config().interpolation != "nearest") {
      const Shape size = output_shape(x.shape());
      return image::resize(
          x, {size[spatial_axis(0)], size[spatial_axis(1)]},
          {.interpolation = config().interpolation, .data_format = config().data_format});
    }
    Array y = x;
    for (int i = 0; i < rank(); ++i) {
      y = repeat(y, config().size[static_cast<size_t>(i)], spatial_axis(i));
    }
    return y;
  }
};

}  // namespace

std::string Margins::to_string() const {
  if (!is_list()) return defined() ? parts_[0].to_string() : "None";
  std::string list;
  for (const Integers& part : parts_) list += (list.empty() ? "" : ", ") + part.to_string();
  return "(" + list + ")";
}

Json to_json(const Margins& x) {
  if (!x.is_list()) return x.defined() ? to_json(x.parts()[0]) : Json();
  Json json = Json::array();
  for (const Integers& part : x.parts()) json.push_back(to_json(part));
  return json;
}

void from_json(const Json& json, Margins& x) {
  if (json.is_null()) {
    x = Margins();
  } else if (json.is_int()) {
    x = json.as_int();
  } else {
    std::vector<Integers> parts(json.size());
    for (size_t i = 0; i < parts.size(); ++i) from_json(json[i], parts[i]);
    x = Margins(std::move(parts));
  }
}

Permute::Permute(PermuteConfig config) : Layer(std::make_shared<PermuteImpl>(std::move(config))) {}

RepeatVector::RepeatVector(RepeatVectorConfig config)
    : Layer(std::make_shared<RepeatVectorImpl>(std::move(config))) {}

template <int rank>
Cropping<rank>::Cropping(CroppingConfig config)
    : Layer(std::make_shared<CroppingImpl>(rank, std::move(config))) {}
template class Cropping<1>;
template class Cropping<2>;
template class Cropping<3>;

template <int rank>
ZeroPadding<rank>::ZeroPadding(ZeroPaddingConfig config)
    : Layer(std::make_shared<ZeroPaddingImpl>(rank, std::move(config))) {}
template class ZeroPadding<1>;
template class ZeroPadding<2>;
template class ZeroPadding<3>;

template <int rank>
UpSampling<rank>::UpSampling(UpSamplingConfig config)
    : Layer(std::make_shared<UpSamplingImpl>(rank, std::move(config))) {}
template class UpSampling<1>;
template class UpSampling<2>;
template class UpSampling<3>;

}  // namespace danlu
