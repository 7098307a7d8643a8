#pragma once

#include <functional>
#include <thread>

namespace danlu {

/// A thread that prepares data and stays out of the pool. Signals such as Ctrl-C go to the threads
/// of the program, never to this one. Errors: std::system_error when there are no more threads.
std::thread start_data_thread(std::function<void()> body);

}  // namespace danlu
