#pragma once

#include <cstddef>
#include <mutex>
#include <string>

/// LAPACK, opened when it is first needed: any library with the interface of liblapack.so.3.
namespace danlu::cpu::lapack {

using Int = int;  ///< Fortran's integer, 32 bits as everywhere on Debian

/// The routines for one element type; matrices are column-major. A trailing length stands for each
/// character argument, as gfortran passes it.
template <class T>
struct Routines {
  using Size = size_t;
  void (*potrf)(const char* uplo, const Int* n, T* a, const Int* lda, Int* info, Size);
  void (*getrf)(const Int* m, const Int* n, T* a, const Int* lda, Int* pivots, Int* info);
  void (*getrs)(const char* trans, const Int* n, const Int* nrhs, const T* a, const Int* lda,
                const Int* pivots, T* b, const Int* ldb, Int* info, Size);
  void (*trsm)(const char* side, const char* uplo, const char* trans, const char* diag,
               const Int* m, const Int* n, const T* alpha, const T* a, const Int* lda, T* b,
               const Int* ldb, Size, Size, Size, Size);
  void (*geqrf)(const Int* m, const Int* n, T* a, const Int* lda, T* tau, T* work, const Int* lwork,
                Int* info);
  void (*orgqr)(const Int* m, const Int* n, const Int* k, T* a, const Int* lda, const T* tau,
                T* work, const Int* lwork, Int* info);
  void (*gesdd)(const char* jobz, const Int* m, const Int* n, T* a, const Int* lda, T* s, T* u,
                const Int* ldu, T* vt, const Int* ldvt, T* work, const Int* lwork, Int* iwork,
                Int* info, Size);
  void (*syevd)(const char* jobz, const char* uplo, const Int* n, T* a, const Int* lda, T* w,
                T* work, const Int* lwork, Int* iwork, const Int* liwork, Int* info, Size, Size);
  void (*geev)(const char* jobvl, const char* jobvr, const Int* n, T* a, const Int* lda, T* wr,
               T* wi, T* vl, const Int* ldvl, T* vr, const Int* ldvr, T* work, const Int* lwork,
               Int* info, Size, Size);
};

/// Why there is no LAPACK, with the name of Debian's package; "" when there is one.
const std::string& missing();
/// Call only where `missing()` is "".
template <class T>
const Routines<T>& routines();
template <>
const Routines<float>& routines<float>();
template <>
const Routines<double>& routines<double>();

/// LAPACK libraries with threads of their own are entered by one thread at a time.
std::mutex& entrance();

}  // namespace danlu::cpu::lapack
