#include "danlu/backends/cpu/lapack/linalg.h"
#include "danlu/backends/cpu/kernel_list.h"
#include "danlu/backends/cpu/ref/linalg.h"
#include "danlu/backends/cpu/ref/matmul.h"
#include "danlu/backends/cpu/simd/amx_bfloat16_matmul.h"
#include "danlu/backends/cpu/simd/amx_deep_matmul.h"
#include "danlu/backends/cpu/simd/blocked_matmul.h"
#include "danlu/backends/cpu/simd/matmul.h"
#include "danlu/backends/cpu/simd/widened.h"
#include "danlu/ops/registry.h"
#ifndef DANLU_NO_ONEDNN
#include "danlu/backends/cpu/onednn/matmul.h"
#endif

namespace danlu::cpu {

std::vector<KernelList> linalg_kernel_lists() {
  return {
      {matmul_op,
       {
           simd::matmul(),
#ifdef DANLU_AMX
           simd::amx_deep_matmul(),
#endif
           simd::amx_matmul(),
#ifdef DANLU_AMX
           simd::amx_bfloat16_matmul(),
#endif
           simd::blocked_matmul(),
#ifndef DANLU_NO_ONEDNN
           onednn::matmul(),
#endif
           simd::widened(),
           ref::matmul(),
       }},
      {cholesky_op, {lapack::cholesky(), ref::cholesky()}},
      {solve_op, {lapack::solve(), ref::solve()}},
      {solve_triangular_op, {lapack::solve_triangular(), ref::solve_triangular()}},
      {lu_factor_op, {lapack::lu_factor(), ref::lu_factor()}},
      {det_op, {lapack::det(), ref::det()}},
      {slogdet_op, {lapack::slogdet(), ref::slogdet()}},
      {qr_op, {lapack::qr(), ref::qr()}},
      {svd_op, {lapack::svd(), ref::svd()}},
      {svdvals_op, {lapack::svdvals(), ref::svdvals()}},
      {eigh_op, {lapack::eigh(), ref::eigh()}},
      {eig_op, {lapack::eig(), ref::eig()}},
  };
}

}  // namespace danlu::cpu
