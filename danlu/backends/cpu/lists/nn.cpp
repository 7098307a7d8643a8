#include "danlu/backends/cpu/kernel_list.h"
#include "danlu/backends/cpu/ref/attention.h"
#include "danlu/backends/cpu/ref/ctc.h"
#include "danlu/backends/cpu/ref/layer_norm.h"
#include "danlu/backends/cpu/ref/recurrent.h"
#include "danlu/backends/cpu/ref/softmax.h"
#include "danlu/backends/cpu/simd/amx_attention.h"
#include "danlu/backends/cpu/simd/attention.h"
#include "danlu/backends/cpu/simd/ctc.h"
#include "danlu/backends/cpu/simd/layer_norm.h"
#include "danlu/backends/cpu/simd/recurrent.h"
#include "danlu/backends/cpu/simd/softmax.h"
#include "danlu/backends/cpu/simd/widened.h"
#include "danlu/ops/registry.h"

namespace danlu::cpu {

std::vector<KernelList> nn_kernel_lists() {
  return {{softmax_op, {simd::softmax(), simd::widened(), ref::softmax()}},
          {log_softmax_op, {simd::log_softmax(), simd::widened(), ref::log_softmax()}},
          {layer_norm_op, {simd::layer_norm(), simd::widened(), ref::layer_norm()}},
          {layer_norm_backward_op,
           {simd::layer_norm_backward(), simd::widened(), ref::layer_norm_backward()}},
          {attention_op,
           {
#ifdef DANLU_AMX
               simd::amx_attention(),
#endif
               simd::attention(),
               simd::widened(),
               ref::attention(),
           }},
          {attention_backward_op,
           {
#ifdef DANLU_AMX
               simd::amx_attention_backward(),
#endif
               simd::attention_backward(),
               simd::widened(),
               ref::attention_backward(),
           }},
          {lstm_op, {simd::lstm(), simd::widened(), ref::lstm()}},
          {lstm_backward_op, {simd::lstm_backward(), simd::widened(), ref::lstm_backward()}},
          {gru_op, {simd::gru(), simd::widened(), ref::gru()}},
          {gru_backward_op, {simd::gru_backward(), simd::widened(), ref::gru_backward()}},
          {ctc_loss_op, {simd::ctc_loss(), ref::ctc_loss()}},
          {ctc_loss_gradient_op, {simd::ctc_loss_gradient(), ref::ctc_loss_gradient()}},
          {ctc_beam_search_op, {ref::ctc_beam_search()}}};
}

}  // namespace danlu::cpu
