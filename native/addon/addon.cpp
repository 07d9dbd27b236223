// What the addon exports; lib/backend/types.ts is its mirror.
#include <napi.h>
#include <torch/torch.h>
#include <torch/version.h>

#include "addon/augmentation.h"
#include "addon/batch.h"
#include "addon/classes.h"
#include "addon/device.h"
#include "addon/errors.h"
#include "addon/exit.h"
#include "addon/gpu_probes.h"
#include "addon/image_store.h"
#include "addon/images.h"
#include "addon/kernel_probes.h"
#include "addon/model.h"
#include "addon/session.h"
#include "addon/team.h"
#include "core/cpu_memory.h"
#include "core/threads.h"

namespace resnet_ft {
namespace {

template <Napi::Value (*function)(const Napi::CallbackInfo&)>
void add(Napi::Object* exports, const char* name) {
  exports->Set(name, Napi::Function::New<guarded_function<function>>(exports->Env(), name));
}

Napi::Object init(Napi::Env env, Napi::Object exports) {
  initial_threads();
  prepare_cpu_memory_reuse();
  guard_exit();
  auto* classes = new Classes();
  classes->crop_store = Napi::Persistent(CropStoreWrap::define(env));
  classes->image_store = Napi::Persistent(ImageStoreWrap::define(env));
  classes->model = Napi::Persistent(ModelWrap::define(env));
  classes->session = Napi::Persistent(SessionWrap::define(env));
  classes->team = Napi::Persistent(TeamWrap::define(env));
  env.SetInstanceData(classes);
  exports.Set("torchVersion", TORCH_VERSION);
  add<device_info>(&exports, "deviceInfo");
  add<cuda_device>(&exports, "cudaDevice");
  add<resize_crop>(&exports, "resizeCrop");
  add<create_crop_store>(&exports, "createCropStore");
  add<open_crop_store>(&exports, "openCropStore");
  add<create_image_store>(&exports, "createImageStore");
  add<open_image_store>(&exports, "openImageStore");
  add<create_model>(&exports, "createModel");
  add<create_session>(&exports, "createSession");
  add<connect_team_of>(&exports, "connectTeam");
  add<end_passes>(&exports, "endPasses");
  add<augment_image>(&exports, "augmentImage");
  add<augment_batch>(&exports, "augmentBatch");
  add<draw_augmentation>(&exports, "drawAugmentation");
  add<make_batch>(&exports, "makeBatch");
  add<random_resized_crop_of>(&exports, "randomResizedCrop");
  add<batch_norm_of>(&exports, "batchNorm");
  add<kernel_batch>(&exports, "kernelBatch");
  add<cuda_kernels>(&exports, "cudaKernels");
  add<gpu_state>(&exports, "gpuState");
  add<gpu_settings_of>(&exports, "gpuSettings");
  add<read_back_of>(&exports, "readBack");
  add<cudnn_convolutions>(&exports, "cudnnConvolutions");
  add<fused_convolution>(&exports, "fusedConvolution");
  return exports;
}

}  // namespace
}  // namespace resnet_ft

static Napi::Object init_addon(Napi::Env env, Napi::Object exports) {
  return resnet_ft::guarded(env, [&] { return resnet_ft::init(env, exports); });
}

NODE_API_MODULE(resnet_ft_core, init_addon)
