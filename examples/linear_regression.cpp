// A line through 100 noisy points: the course's first network, one neuron without activation.

#include <danlu/danlu.h>

#include <cstdio>

using namespace danlu;

int main() {
  set_random_seed(0);
  // y = 3 x + 2 + noise, the noise uniform on [0, 1): the best line meets x = 0 near 2.5.
  const DataSplit points = datasets::linear(100, 3, 2, 1);

  Sequential model({Dense({.units = 1, .input_shape = {1}})});
  model.compile({.optimizer = "sgd", .loss = "mean_squared_error"});
  const History history = model.fit(points, {.epochs = 1000, .verbose = 0});

  const auto weights = model.get_weights();
  std::printf("y = %.3f x + %.3f, loss %.4f\n", weights[0].item(), weights[1].item(),
              history.last("loss"));
}
