// Synchronised batch norms as functions of autograd.
#pragma once

#include "core/batch_norm_sync.h"

namespace resnet_ft {

const SynchronisedNorms& synchronised_norms();

}  // namespace resnet_ft
