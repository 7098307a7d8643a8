// Prints how many threads OpenMP says it has and how many a team really gets. For `./dev doctor`.
#include <omp.h>

#include <cstdio>
#include <cstdlib>
#include <initializer_list>

int main() {
  int granted = 0;
#pragma omp parallel
#pragma omp single
  granted = omp_get_num_threads();
  std::printf("  %-15s %d\n", "processors", omp_get_num_procs());
  std::printf("  %-15s %d asked, %d granted\n", "OpenMP team", omp_get_max_threads(), granted);
  for (const char* name :
       {"DANLU_NUM_THREADS", "OMP_NUM_THREADS", "OMP_THREAD_LIMIT", "OMP_PROC_BIND"}) {
    if (const char* value = std::getenv(name)) std::printf("  %-15s %s\n", name, value);
  }
}
