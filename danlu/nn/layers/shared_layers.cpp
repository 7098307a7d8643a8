#include "danlu/nn/layers/shared_layers.h"

#include <utility>

#include "danlu/base/error.h"

namespace danlu {
namespace {

constexpr const char* kNumber = "shared_object_id";

/// Initializers and the like have numbers too, which say nothing about the layer.
Json without_numbers(const Json& value) {
  if (value.is_array()) {
    Json out = Json::array();
    for (const Json& item : value.items()) out.push_back(without_numbers(item));
    return out;
  }
  if (!value.is_object()) return value;
  Json::Object out;
  for (const auto& [key, member] : value.members()) {
    if (key != kNumber) out.emplace_back(key, without_numbers(member));
  }
  return Json::from_members(std::move(out));
}

std::string key_of(const Json& entry) {
  return entry.at("class_name").dump() + without_numbers(entry.at("config")).dump();
}

}  // namespace

thread_local SharedLayers* SharedLayers::current_ = nullptr;

SharedLayers::SharedLayers() : outer_(current_) { current_ = this; }
SharedLayers::SharedLayers(const LayerImpl& root) : SharedLayers() { count(root); }
SharedLayers::~SharedLayers() { current_ = outer_; }

void SharedLayers::count(const LayerImpl& layer) {
  for (const Layer& inner : layer.sublayers()) {
    if (++places_[inner.impl().get()] == 1) count(*inner.impl());
  }
}

const Layer* SharedLayers::find(const Json& entry) {
  const Json* number = entry.find(kNumber);
  if (number == nullptr || number->is_null()) return nullptr;
  const auto known = numbered_.find(number->dump());
  if (known != numbered_.end()) return &known->second;
  const auto same = made_.find(key_of(entry));
  if (same == made_.end()) return nullptr;
  if (same->second.size() > 1) {
    throw UnsupportedError({.where = same->second[0]->where(),
                            .what = "The config does not say which of several layers of this name "
                                    "and class stands in several places"});
  }
  return &numbered_.emplace(number->dump(), same->second[0]).first->second;
}

Layer SharedLayers::remember(const Json& entry, Layer layer) {
  made_[key_of(entry)].push_back(layer);
  if (const Json* number = entry.find(kNumber); number != nullptr && !number->is_null()) {
    numbered_.emplace(number->dump(), layer);
  }
  return layer;
}

void SharedLayers::mark(const Layer& layer, Json& entry) {
  if (current_ == nullptr) return;
  const auto places = current_->places_.find(layer.impl().get());
  if (places == current_->places_.end() || places->second < 2) return;
  const auto next = static_cast<int64_t>(current_->numbers_.size()) + 1;
  entry.set(kNumber, current_->numbers_.emplace(layer.impl().get(), next).first->second);
}

}  // namespace danlu
