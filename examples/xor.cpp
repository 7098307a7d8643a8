// Exclusive or: the smallest problem that needs a hidden layer.

#include <danlu/danlu.h>

#include <iostream>

using namespace danlu;

int main() {
  set_random_seed(0);
  const Array x({0.f, 0.f, 0.f, 1.f, 1.f, 0.f, 1.f, 1.f}), y({0.f, 1.f, 1.f, 0.f});
  const Array cases = reshape(x, {4, 2}), answers = reshape(y, {4, 1});

  Sequential model({
      Dense({.units = 8, .activation = "tanh", .input_shape = {2}}),
      Dense({.units = 1, .activation = "sigmoid"}),
  });
  model.compile({.optimizer = SGD({.learning_rate = 0.5}),
                 .loss = "binary_crossentropy",
                 .metrics = {"accuracy"}});
  const History history =
      model.fit(cases, answers, {.epochs = 1000, .batch_size = 4, .verbose = 0});

  std::cout << "accuracy " << history.last("accuracy") << "\n"
            << concatenate({cases, model.predict(cases)}, 1) << "\n";
}
